//! Every operation of the API, and what it needs. Router and document are made from this
//! table, and the tests walk it: what is not here does not exist.

mod of_operators;

use super::{
    certificates, figures,
    inputs::{IDENTIFIER, Input, Inputs, Kind, NAME, member, optional, path, query},
    issuing, notices, organisation, recovery,
    refusal::Refusal,
    terminals, token, trail,
};
use crate::{
    store::TenantKind,
    use_cases::{ApiCaller, ApiScope, Koshin, MOST_AT_A_TIME},
};
use axum::response::Response;
use http::Method;
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;
use std::{pin::Pin, sync::Arc};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, schema::Schema},
};

/// What an operation is performed with.
pub(super) struct Call {
    pub(super) koshin: Arc<Koshin>,
    pub(super) caller: ApiCaller,
    pub(super) inputs: Inputs,
    pub(super) now: Timestamp,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Refusal>> + Send>>;

/// A schema and those that it names.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;

/// What a success looks like.
pub(super) struct Success {
    pub(super) status: u16,
    /// None without a body.
    pub(super) body: Option<SuccessBody>,
}

/// The body of a success.
pub(super) enum SuccessBody {
    /// JSON: the schema's name, and the schema with those that it names.
    Json { name: fn() -> String, schemas: fn(&mut Schemas) },
    /// A zip file.
    Zip,
}

/// One row of the table.
pub struct Operation {
    /// The method; GET answers HEAD, too, but where a file is handed out.
    pub method: Method,
    /// The path after [`super::PREFIX`].
    pub path: &'static str,
    /// Its name in the document, and so in generated clients.
    pub id: &'static str,
    /// What the token must be for; `None` for any good token.
    pub scope: Option<ApiScope>,
    pub(super) summary: &'static str,
    pub(super) inputs: &'static [Input],
    pub(super) success: Success,
    /// Refusals that not every operation has.
    pub(super) refusals: &'static [ProblemCode],
    pub(super) action: fn(Call) -> Answering,
}

impl Operation {
    /// Whether administrators of such an organisation can have a token for it.
    pub fn open_to(&self, kind: TenantKind) -> bool {
        self.scope.is_none_or(|scope| ApiScope::open_to(kind).contains(&scope))
    }

    /// Whether its success is a file, of which it is noted that it was handed out.
    pub(super) fn hands_out_a_file(&self) -> bool {
        matches!(self.success.body, Some(SuccessBody::Zip))
    }
}

/// Every row of the table.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    [TOKEN, TERMINALS, CERTIFICATES, ISSUING, RECOVERY, ORGANISATION, of_operators::ALL].into_iter().flatten()
}

const TERMINAL: Input = path("terminalId", IDENTIFIER, "The terminal's `id`.");
const TENANT: Input =
    query("tenant", Kind::Text { most: 64 }, "Of one organisation only. What you may not see is not found.");

const PAGE: Input = query("page", Kind::Number { least: 1, most: 1_000_000 }, "Which page, from 1.");

static TOKEN: &[Operation] = &[Operation {
    method: Method::GET,
    path: "/token",
    id: "getToken",
    scope: None,
    summary: "The token of this request: whose it is, what it is for and until when it is good.",
    inputs: &[],
    success: json::<token::Token>(200),
    refusals: &[],
    action: |call| Box::pin(token::show(call)),
}];

static TERMINALS: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/terminals",
        id: "listTerminals",
        scope: Some(ApiScope::TerminalsRead),
        summary: "The terminals, searched, filtered, sorted and in pages.",
        inputs: &[
            TENANT,
            query(
                "search",
                Kind::Text { most: 100 },
                "Words that all occur in name, place, common name or organisation, or begin the serial with four digits or more; \
                 case and width do not matter.",
            ),
            query(
                "filter",
                Kind::Word(terminals::filters),
                "Some only: those in a state, those that end within 60 days (`expiring`), those that somebody should look at (`attention`).",
            ),
            query("sort", Kind::Word(terminals::sorts), "In which order; `expiry` unless told."),
            query("order", Kind::Word(terminals::orders), "`ascending` unless told."),
            PAGE,
            query("perPage", Kind::Number { least: 1, most: 500 }, "Terminals a page; 50 unless told."),
        ],
        success: json::<terminals::TerminalList>(200),
        refusals: &[ProblemCode::NotFound],
        action: |call| Box::pin(terminals::list(call)),
    },
    Operation {
        method: Method::GET,
        path: "/terminals/{terminalId}",
        id: "getTerminal",
        scope: Some(ApiScope::TerminalsRead),
        summary: "One terminal.",
        inputs: &[TERMINAL],
        success: json::<terminals::Terminal>(200),
        refusals: &[],
        action: |call| Box::pin(terminals::show(call)),
    },
    Operation {
        method: Method::PUT,
        path: "/terminals/{terminalId}/name",
        id: "renameTerminal",
        scope: Some(ApiScope::TerminalsWrite),
        summary: "Gives a terminal its name (端末名) and its place (設置場所).",
        inputs: &[
            TERMINAL,
            member("label", NAME, "端末名"),
            optional("place", NAME, "設置場所; none when left out or empty."),
        ],
        success: EMPTY,
        refusals: &[],
        action: |call| Box::pin(terminals::rename(call)),
    },
    Operation {
        method: Method::POST,
        path: "/terminals/{terminalId}/stop",
        id: "stopTerminal",
        scope: Some(ApiScope::TerminalsWrite),
        summary: "Stops a terminal (使用停止): its certificates open nothing from now on. It can be undone for 24 hours; then they are revoked.",
        inputs: &[TERMINAL],
        success: json::<terminals::Stopped>(200),
        refusals: &[ProblemCode::TerminalStopped],
        action: |call| Box::pin(terminals::stop(call)),
    },
    Operation {
        method: Method::DELETE,
        path: "/terminals/{terminalId}/stop",
        id: "undoStop",
        scope: Some(ApiScope::TerminalsWrite),
        summary: "Lets a stopped terminal in again, within 24 hours.",
        inputs: &[TERMINAL],
        success: EMPTY,
        refusals: &[ProblemCode::TerminalNotStopped],
        action: |call| Box::pin(terminals::undo_stop(call)),
    },
];

static CERTIFICATES: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/certificates/{serial}",
        id: "getCertificate",
        scope: Some(ApiScope::TerminalsRead),
        summary: "One certificate with its terminal, the terminal's other certificates, and what happened.",
        inputs: &[path("serial", Kind::Hex { most: 40 }, "Hex serial, lower case, as in lists.")],
        success: json::<certificates::CertificateDetail>(200),
        refusals: &[],
        action: |call| Box::pin(certificates::show(call)),
    },
    Operation {
        method: Method::GET,
        path: "/figures",
        id: "getFigures",
        scope: Some(ApiScope::TerminalsRead),
        summary: "The numbers behind the site's charts, over everything that you may see.",
        inputs: &[
            query("weeks", Kind::Number { least: 1, most: 53 }, "Weeks ahead; 13 unless told."),
            query("days", Kind::Number { least: 1, most: 400 }, "Days to look back; 30 unless told."),
        ],
        success: json::<figures::Figures>(200),
        refusals: &[],
        action: |call| Box::pin(figures::show(call)),
    },
];

static ISSUING: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/downloads/{download}",
        id: "download",
        scope: Some(ApiScope::CertificatesIssue),
        summary: "The zip file of a prepared certificate: PKCS#12, certificate, encrypted key, CA and a short guide. May be repeated until the certificate is used or its time is over.",
        inputs: &[path("download", Kind::Hex { most: 64 }, "The last part of `downloadPath`.")],
        success: Success { status: 200, body: Some(SuccessBody::Zip) },
        refusals: &[],
        action: |call| Box::pin(issuing::download(call)),
    },
    Operation {
        method: Method::POST,
        path: "/terminals",
        id: "addTerminal",
        scope: Some(ApiScope::CertificatesIssue),
        summary: "新規発行: makes a terminal known and prepares its first certificate. Repeated with the same common name it is refused: renew the terminal instead.",
        inputs: &[
            optional("tenant", Kind::Text { most: 64 }, "The organisation's id; your own unless told."),
            member(
                "commonName",
                Kind::CommonName,
                "CN, of a kind that the service knows: `client…` and the like.",
            ),
            member("label", NAME, "端末名"),
            optional("place", NAME, "設置場所"),
        ],
        success: json::<issuing::PreparedCertificate>(201),
        refusals: &[
            ProblemCode::NotFound,
            ProblemCode::CommonNameTaken,
            ProblemCode::RenewalQuota,
            ProblemCode::IssuerUnavailable,
        ],
        action: |call| Box::pin(issuing::first(call)),
    },
    Operation {
        method: Method::POST,
        path: "/terminals/{terminalId}/renewals",
        id: "renewTerminal",
        scope: Some(ApiScope::CertificatesIssue),
        summary: "証明書更新: a new key and certificate, also for a terminal whose certificate has expired. Repeated, the later takes the place of the earlier, with its password; the old certificate is good until the new one is used.",
        inputs: &[TERMINAL],
        success: json::<issuing::PreparedCertificate>(201),
        refusals: &[
            ProblemCode::RenewalInProgress,
            ProblemCode::RenewalQuota,
            ProblemCode::IssuerUnavailable,
        ],
        action: |call| Box::pin(issuing::renew(call)),
    },
    Operation {
        method: Method::POST,
        path: "/renewals",
        id: "renewTerminals",
        scope: Some(ApiScope::CertificatesIssue),
        summary: "一括更新: the same for several terminals, downloaded as one file. Those that cannot be renewed are left out, and named.",
        inputs: &[member("terminals", RENEWED, "The terminals' `id`s, 50 at most.")],
        success: json::<issuing::PreparedCertificates>(200),
        refusals: &[ProblemCode::NotFound],
        action: |call| Box::pin(issuing::renew_many(call)),
    },
];

const RENEWED: Kind = Kind::List { least: 1, most: MOST_AT_A_TIME, of: &IDENTIFIER };

static RECOVERY: &[Operation] = &[
    Operation {
        method: Method::POST,
        path: "/terminals/{terminalId}/recovery-code",
        id: "issueRecoveryCode",
        scope: Some(ApiScope::RecoveryIssue),
        summary: "復旧コード: with it a terminal gets a certificate although its own has expired. Good once, for 72 hours. Repeated, the later takes the place of the earlier.",
        inputs: &[TERMINAL],
        success: json::<recovery::IssuedRecoveryCode>(201),
        refusals: &[ProblemCode::TerminalStopped],
        action: |call| Box::pin(recovery::issue(call)),
    },
    Operation {
        method: Method::DELETE,
        path: "/terminals/{terminalId}/recovery-code",
        id: "cancelRecoveryCode",
        scope: Some(ApiScope::RecoveryIssue),
        summary: "Takes a recovery code back. None is no error.",
        inputs: &[TERMINAL],
        success: EMPTY,
        refusals: &[],
        action: |call| Box::pin(recovery::cancel(call)),
    },
];

static ORGANISATION: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/administrators",
        id: "listAdministrators",
        scope: Some(ApiScope::OrganisationRead),
        summary: "The administrators of your own organisation, or of another for operators.",
        inputs: &[TENANT],
        success: json::<organisation::AdministratorList>(200),
        refusals: &[ProblemCode::NotFound],
        action: |call| Box::pin(organisation::administrators(call)),
    },
    Operation {
        method: Method::GET,
        path: "/consents",
        id: "listConsents",
        scope: Some(ApiScope::OrganisationRead),
        summary: "The consents that your organisation gave or was given; an operator's all.",
        inputs: &[
            PAGE,
            query("perPage", Kind::Number { least: 1, most: 500 }, "Consents a page; 50 unless told."),
        ],
        success: json::<organisation::ConsentList>(200),
        refusals: &[],
        action: |call| Box::pin(organisation::consents(call)),
    },
    Operation {
        method: Method::GET,
        path: "/events",
        id: "listEvents",
        scope: Some(ApiScope::TrailRead),
        summary: "操作履歴, newest first: of your organisation; of one or of all for operators.",
        inputs: &[
            TENANT,
            query("before", IDENTIFIER, "Events older than this `id` only: `nextBefore` of the page before."),
            query("limit", Kind::Number { least: 1, most: 1000 }, "Events a page; 100 unless told."),
        ],
        success: json::<trail::EventList>(200),
        refusals: &[ProblemCode::NotFound],
        action: |call| Box::pin(trail::list(call)),
    },
    Operation {
        method: Method::GET,
        path: "/notices",
        id: "getNotices",
        scope: Some(ApiScope::NoticesRead),
        summary: "通知設定: how your own organisation is told, or another for operators.",
        inputs: &[TENANT],
        success: json::<notices::NoticeSettings>(200),
        refusals: &[ProblemCode::NotFound],
        action: |call| Box::pin(notices::show(call)),
    },
    Operation {
        method: Method::PUT,
        path: "/notices",
        id: "setNotices",
        scope: Some(ApiScope::NoticesWrite),
        summary: "Sets who gets an organisation's mail. Webhook and calendar stay as they are: they are set on the site.",
        inputs: &[
            TENANT,
            member("mail", Kind::Flag, "Whether anything is mailed."),
            member("administrators", Kind::Flag, "Whether the organisation's administrators get it."),
            member(
                "language",
                notices::LANGUAGE,
                "The language of the administrators' mails and of the calendar.",
            ),
            member("unattended", Kind::Flag, "The terminals renew by themselves: tell of failures only."),
            member("recipients", RECIPIENTS, "Who else gets mail: all of them, at most 20."),
        ],
        success: EMPTY,
        refusals: &[ProblemCode::NotFound],
        action: |call| Box::pin(notices::set(call)),
    },
    Operation {
        method: Method::GET,
        path: "/notices/deliveries",
        id: "listDeliveries",
        scope: Some(ApiScope::NoticesRead),
        summary: "What was sent or is to be sent to those whom an organisation has told, the newest first: the last 30.",
        inputs: &[TENANT],
        success: json::<notices::DeliveryList>(200),
        refusals: &[ProblemCode::NotFound],
        action: |call| Box::pin(notices::deliveries(call)),
    },
];

/// Characters of a mail address (RFC 5321, 4.5.3.1.3).
const ADDRESS: Kind = Kind::Text { most: 254 };
const RECIPIENT: Kind = Kind::Object(&[
    member("address", ADDRESS, "A mail address, ASCII."),
    member("language", notices::LANGUAGE, "The language of the mails."),
]);
const RECIPIENTS: Kind = Kind::List { least: 0, most: 20, of: &RECIPIENT };

const EMPTY: Success = Success { status: 204, body: None };

const fn json<T: ToSchema + 'static>(status: u16) -> Success {
    Success { status, body: Some(SuccessBody::Json { name: name::<T>, schemas: schemas::<T> }) }
}

fn name<T: ToSchema>() -> String {
    T::name().into_owned()
}

fn schemas<T: ToSchema>(known: &mut Schemas) {
    T::schemas(known);
    known.push((name::<T>(), <T as PartialSchema>::schema()));
}

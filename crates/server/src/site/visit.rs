//! Who visits: which certificate, which session, in which language.

use super::{
    Site, cookies,
    form::{self, Fields},
    page::{Page, SignedIn},
    texts::Texts,
};
use crate::{
    api::Language,
    clock, entropy,
    listener::Peer,
    use_cases::{Session, SessionEnd, SiteError, SiteVisitor, UseCaseError},
};
use http::{HeaderMap, HeaderValue, request::Parts};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_protocol::problem::ProblemCode;
use secrecy::{ExposeSecret, SecretString};

/// What the certificate is worth.
pub(super) enum Standing {
    /// A terminal of ours.
    Good(SiteVisitor),
    /// Not good, and why.
    Trouble(Trouble),
}

/// Why a certificate does not open the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    Foreign,
    Expired,
    NotYet,
    Revoked,
    Superseded,
    Suspended,
}

impl Trouble {
    /// Its word in the keys of the texts.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
            Self::NotYet => "not-yet",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
            Self::Suspended => "suspended",
        }
    }

    fn of(code: ProblemCode) -> Option<Self> {
        match code {
            ProblemCode::CertificateRequired => Some(Self::None),
            ProblemCode::CertificateUnknown => Some(Self::Foreign),
            ProblemCode::CertificateExpired => Some(Self::Expired),
            ProblemCode::CertificateNotYetValid => Some(Self::NotYet),
            ProblemCode::CertificateRevoked => Some(Self::Revoked),
            ProblemCode::CertificateSuperseded => Some(Self::Superseded),
            ProblemCode::TenantSuspended => Some(Self::Suspended),
            _ => None,
        }
    }
}

/// One visit to one page.
pub(super) struct Visit {
    pub(super) now: Timestamp,
    /// The host that the browser asked for, with its port.
    pub(super) host: String,
    pub(super) page: Page,
    pub(super) standing: Standing,
    /// What its certificate says, good or not.
    pub(super) certificate: Option<CertificateFacts>,
    /// The session, password only or whole.
    pub(super) session: Option<Session>,
    /// The session's token.
    pub(super) token: Option<SecretString>,
    /// Why the session that the browser still believes in has ended.
    pub(super) ended: Option<SessionEnd>,
    /// A new proof for forms, of which the browser must be told.
    new_form_token: Option<HeaderValue>,
}

/// The frame of a page for somebody of whom nothing is known but the language.
pub(super) fn bare_page(headers: &HeaderMap, path: &str) -> Page {
    Page {
        t: Texts::of(language(headers)),
        title: String::new(),
        path: path.to_owned(),
        signed_in: None,
        form_token: String::new(),
    }
}

fn language(headers: &HeaderMap) -> Language {
    match cookies::read(headers, cookies::LANGUAGE) {
        Some("ja") => Language::Japanese,
        Some("en") => Language::English,
        _ => Language::of(headers),
    }
}

impl Visit {
    /// Finds out who visits.
    ///
    /// # Errors
    /// When the records are out of reach.
    pub(super) async fn begin(site: &Site, parts: &Parts) -> Result<Self, SiteError> {
        let now = clock::now();
        let peer = parts.extensions.get::<Peer>();
        let certificate = peer.and_then(Peer::certificate).cloned();
        let standing = match &certificate {
            Some(facts) => standing(site.koshin.site_visitor(facts, now).await)?,
            None if peer.is_some_and(Peer::presented) => Standing::Trouble(Trouble::Foreign),
            None => Standing::Trouble(Trouble::None),
        };
        let host = form::host(&parts.headers, &parts.uri).unwrap_or_default().to_ascii_lowercase();
        let mut visit = Self {
            now,
            host,
            page: bare_page(&parts.headers, parts.uri.path()),
            standing,
            certificate,
            session: None,
            token: cookies::read(&parts.headers, cookies::SESSION).map(SecretString::from),
            ended: None,
            new_form_token: None,
        };
        visit.find_session(site).await?;
        visit.find_form_token(&parts.headers);
        Ok(visit)
    }

    async fn find_session(&mut self, site: &Site) -> Result<(), SiteError> {
        let (Standing::Good(visitor), Some(token)) = (&self.standing, &self.token) else { return Ok(()) };
        match site.koshin.site_session(visitor, token, self.now).await {
            Ok(session) => {
                if session.second_factor_done {
                    self.page.signed_in = Some(SignedIn {
                        name: session.name.clone(),
                        organisation: session.tenant_name.clone(),
                        role: session.kind.as_str(),
                    });
                }
                self.session = Some(session);
                Ok(())
            }
            Err(SiteError::SessionEnded(why)) => {
                self.ended = Some(why);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A session has its own; before it, a cookie and the form must say the same.
    fn find_form_token(&mut self, headers: &HeaderMap) {
        if let Some(session) = &self.session {
            self.page.form_token.clone_from(&session.csrf);
            return;
        }
        let known = cookies::read(headers, cookies::FORM).filter(|token| is_token(token));
        self.page.form_token = known.map_or_else(
            || {
                let fresh = entropy::token().expose_secret().to_owned();
                self.new_form_token = Some(cookies::set(cookies::FORM, &fresh));
                fresh
            },
            str::to_owned,
        );
    }

    /// Whether the form was made for this visitor.
    pub(super) fn made(&self, fields: &Fields) -> bool {
        self.new_form_token.is_none() && form::same(&self.page.form_token, fields.text(form::TOKEN_FIELD))
    }

    /// What the browser must be told, once.
    pub(super) fn form_cookie(&self) -> Option<HeaderValue> {
        self.new_form_token.clone()
    }
}

/// 64 hex digits, as we make them.
fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn standing(found: Result<SiteVisitor, UseCaseError>) -> Result<Standing, SiteError> {
    match found {
        Ok(visitor) => Ok(Standing::Good(visitor)),
        Err(error) => match Trouble::of(error.code()) {
            Some(trouble) => Ok(Standing::Trouble(trouble)),
            None => Err(SiteError::UseCase(error)),
        },
    }
}

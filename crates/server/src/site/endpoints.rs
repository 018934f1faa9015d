//! Every endpoint of the site, and who may use it. The router is made from this table, and
//! the tests walk it: what is not here does not exist.

use super::{
    failure::Failure,
    form::Fields,
    pages::tokens,
    pages::{
        account, administrators, certificate, certificates, consents, entrance, feed, first, history,
        notice_changes, notices,
        operators::{authority, revocation, revocations, search, services, tenant, tenants},
        other, overview, recovery, renewal, selection, setup, sign_in, terminal,
    },
    visit::Visit,
};
use crate::{
    store::TenantKind::{self, Clinic, Operator, Vendor},
    use_cases::Koshin,
};
use axum::response::Response;
use http::Method;
use std::{pin::Pin, sync::Arc};

/// Who may use an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody, without a certificate, too.
    Anyone,
    /// Whoever has a good certificate. The page tells others what to do.
    Terminal,
    /// Whoever has entered the right password.
    HalfSignedIn,
    /// Administrators of these kinds of organisation, signed in with both factors.
    SignedIn(&'static [TenantKind]),
}

/// Nobody else lets a vendor in.
const CLINICS: Who = Who::SignedIn(&[Clinic]);
/// A vendor does not end what a clinic has allowed: the clinic does, or an operator.
const GIVERS: Who = Who::SignedIn(&[Clinic, Operator]);
const EVERY_ROLE: Who = Who::SignedIn(&[Clinic, Vendor, Operator]);
const OPERATOR: Who = Who::SignedIn(&[Operator]);

/// What a page is made from.
pub(super) struct Call {
    pub(super) koshin: Arc<Koshin>,
    pub(super) visit: Visit,
    /// GET, HEAD or POST.
    pub(super) method: Method,
    /// The variable part of the path, decoded.
    pub(super) parameter: String,
    /// The query string, as fields.
    pub(super) query: Fields,
    /// The form, whose origin has been checked.
    pub(super) form: Fields,
    /// Host and port as the browser named them, which are ours.
    pub(super) host: String,
    /// Which version the asker has already (RFC 9110, 13.1.2).
    pub(super) if_none_match: Option<String>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

/// One row of the table.
pub struct Endpoint {
    /// The method; GET answers HEAD, too, but where being fetched is noted.
    pub method: Method,
    /// The path, at most one part of it variable.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    pub(super) action: fn(Call) -> Answering,
}

/// The table, an area a part.
pub static ENDPOINTS: &[&[Endpoint]] =
    &[FRAME, CERTIFICATES, ISSUING, ACCOUNTS, RECOVERY, OPERATORS, NOTICES, API_TOKENS];

/// Every row of the table.
pub fn all() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().flat_map(|part| part.iter())
}

static FRAME: &[Endpoint] = &[
    get("/", Who::Terminal, |call| Box::pin(entrance::show(call))),
    get("/assets/{name}", Who::Anyone, |call| Box::pin(other::asset(call))),
    get("/language/{tag}", Who::Anyone, |call| Box::pin(other::language(call))),
    post("/login", Who::Terminal, |call| Box::pin(sign_in::password(call))),
    get("/login/code", Who::HalfSignedIn, |call| Box::pin(sign_in::ask_code(call))),
    post("/login/code", Who::HalfSignedIn, |call| Box::pin(sign_in::code(call))),
    post("/logout", Who::Terminal, |call| Box::pin(sign_in::sign_out(call))),
    get("/setup/{token}", Who::Terminal, |call| Box::pin(setup::show(call))),
    post("/setup/{token}", Who::Terminal, |call| Box::pin(setup::begin(call))),
    post("/setup/{token}/code", Who::Terminal, |call| Box::pin(setup::finish(call))),
];

static CERTIFICATES: &[Endpoint] = &[
    get("/overview", EVERY_ROLE, |call| Box::pin(overview::show(call))),
    get("/certificates", EVERY_ROLE, |call| Box::pin(certificates::show(call))),
    get("/certificates.csv", EVERY_ROLE, |call| Box::pin(certificates::download(call))),
    get("/certificates/{serial}", EVERY_ROLE, |call| Box::pin(certificate::show(call))),
];

/// 証明書更新, 新規発行, 端末名, 使用停止.
static ISSUING: &[Endpoint] = &[
    get("/terminals/new", EVERY_ROLE, |call| Box::pin(first::ask(call))),
    post("/terminals/new", EVERY_ROLE, |call| Box::pin(first::issue(call))),
    get("/terminals/renew", EVERY_ROLE, |call| Box::pin(selection::ask(call))),
    post("/terminals/renew", EVERY_ROLE, |call| Box::pin(selection::renew(call))),
    get("/terminals/bundle", EVERY_ROLE, |call| Box::pin(selection::bundle(call))),
    get("/terminals/{id}/renew", EVERY_ROLE, |call| Box::pin(renewal::ask(call))),
    post("/terminals/{id}/renew", EVERY_ROLE, |call| Box::pin(renewal::renew(call))),
    get("/terminals/{id}/bundle", EVERY_ROLE, |call| Box::pin(renewal::bundle(call))),
    get("/terminals/{id}/name", EVERY_ROLE, |call| Box::pin(terminal::ask_name(call))),
    post("/terminals/{id}/name", EVERY_ROLE, |call| Box::pin(terminal::rename(call))),
    get("/terminals/{id}/stop", EVERY_ROLE, |call| Box::pin(terminal::ask_stop(call))),
    post("/terminals/{id}/stop", EVERY_ROLE, |call| Box::pin(terminal::stop(call))),
    post("/terminals/{id}/undo", EVERY_ROLE, |call| Box::pin(terminal::undo(call))),
];

/// Passkeys, passwords, 管理者, 保守会社への許可, 操作履歴.
static ACCOUNTS: &[Endpoint] = &[
    get("/login/passkey", Who::HalfSignedIn, |call| Box::pin(account::ask_passkey(call))),
    post("/login/passkey", Who::HalfSignedIn, |call| Box::pin(account::check_passkey(call))),
    get("/account", EVERY_ROLE, |call| Box::pin(account::show(call))),
    post("/account/password", EVERY_ROLE, |call| Box::pin(account::password(call))),
    post("/account/authenticator", EVERY_ROLE, |call| Box::pin(account::new_app(call))),
    post("/account/authenticator/code", EVERY_ROLE, |call| Box::pin(account::confirm_app(call))),
    post("/account/passkeys/new", EVERY_ROLE, |call| Box::pin(account::new_passkey(call))),
    post("/account/passkeys", EVERY_ROLE, |call| Box::pin(account::add_passkey(call))),
    post("/account/passkeys/{passkey}/name", EVERY_ROLE, |call| Box::pin(account::rename_passkey(call))),
    get("/account/passkeys/{passkey}/remove", EVERY_ROLE, |call| Box::pin(account::ask_remove_passkey(call))),
    post("/account/passkeys/{passkey}/remove", EVERY_ROLE, |call| Box::pin(account::remove_passkey(call))),
    get("/administrators", EVERY_ROLE, |call| Box::pin(administrators::show(call))),
    post("/administrators/invitations", EVERY_ROLE, |call| Box::pin(administrators::invite(call))),
    post("/administrators/invitations/{hash}/withdraw", EVERY_ROLE, |call| {
        Box::pin(administrators::withdraw(call))
    }),
    get("/administrators/{account}/disable", EVERY_ROLE, |call| Box::pin(administrators::ask_disable(call))),
    post("/administrators/{account}/disable", EVERY_ROLE, |call| Box::pin(administrators::disable(call))),
    post("/administrators/{account}/enable", EVERY_ROLE, |call| Box::pin(administrators::enable(call))),
    get("/administrators/{account}/reset", EVERY_ROLE, |call| Box::pin(administrators::ask_reset(call))),
    post("/administrators/{account}/reset", EVERY_ROLE, |call| Box::pin(administrators::reset(call))),
    get("/consents", EVERY_ROLE, |call| Box::pin(consents::show(call))),
    post("/consents", CLINICS, |call| Box::pin(consents::grant(call))),
    get("/consents/new", CLINICS, |call| Box::pin(consents::ask_grant(call))),
    get("/consents/withdraw", GIVERS, |call| Box::pin(consents::ask_withdraw(call))),
    post("/consents/withdraw", GIVERS, |call| Box::pin(consents::withdraw(call))),
    get("/history", EVERY_ROLE, |call| Box::pin(history::show(call))),
    get("/history.csv", EVERY_ROLE, |call| Box::pin(history::download(call))),
];

/// 復旧コード.
static RECOVERY: &[Endpoint] = &[
    get("/terminals/{id}/recovery", EVERY_ROLE, |call| Box::pin(recovery::show(call))),
    post("/terminals/{id}/recovery", EVERY_ROLE, |call| Box::pin(recovery::issue(call))),
    post("/terminals/{id}/recovery/cancel", EVERY_ROLE, |call| Box::pin(recovery::cancel(call))),
];

/// What only operators see.
static OPERATORS: &[Endpoint] = &[
    get("/tenants", OPERATOR, |call| Box::pin(tenants::list(call))),
    get("/new-tenant", OPERATOR, |call| Box::pin(tenants::ask(call))),
    post("/new-tenant", OPERATOR, |call| Box::pin(tenants::add(call))),
    get("/tenants/{tenant}", OPERATOR, |call| Box::pin(tenant::show(call))),
    post("/tenants/{tenant}", OPERATOR, |call| Box::pin(tenant::edit(call))),
    post("/tenants/{tenant}/invite", OPERATOR, |call| Box::pin(tenant::invite(call))),
    get("/tenants/{tenant}/suspend", OPERATOR, |call| Box::pin(tenant::ask_suspend(call))),
    post("/tenants/{tenant}/suspend", OPERATOR, |call| Box::pin(tenant::suspend(call))),
    get("/tenants/{tenant}/resume", OPERATOR, |call| Box::pin(tenant::ask_resume(call))),
    post("/tenants/{tenant}/resume", OPERATOR, |call| Box::pin(tenant::resume(call))),
    get("/services", OPERATOR, |call| Box::pin(services::list(call))),
    get("/services/{service}", OPERATOR, |call| Box::pin(services::show(call))),
    post("/services/{service}", OPERATOR, |call| Box::pin(services::edit(call))),
    post("/services/{service}/reset", OPERATOR, |call| Box::pin(services::reset(call))),
    get("/authority", OPERATOR, |call| Box::pin(authority::show(call))),
    get("/search", OPERATOR, |call| Box::pin(search::show(call))),
    get("/revocations", OPERATOR, |call| Box::pin(revocations::list(call))),
    post("/revocations", OPERATOR, |call| Box::pin(revocations::choose(call))),
    get("/revocations/new", OPERATOR, |call| Box::pin(revocations::ask(call))),
    get("/revocations/{revocation}", OPERATOR, |call| Box::pin(revocation::show(call))),
    post("/revocations/{revocation}/propose", OPERATOR, |call| Box::pin(revocation::propose(call))),
    post("/revocations/{revocation}/approve", OPERATOR, |call| Box::pin(revocation::approve(call))),
    post("/revocations/{revocation}/refuse", OPERATOR, |call| Box::pin(revocation::refuse(call))),
    post("/revocations/{revocation}/cancel", OPERATOR, |call| Box::pin(revocation::cancel(call))),
];

/// 通知設定.
static NOTICES: &[Endpoint] = &[
    get("/notices", EVERY_ROLE, |call| Box::pin(notices::show(call))),
    post("/notices/mail", EVERY_ROLE, |call| Box::pin(notice_changes::mail(call))),
    post("/notices/address", EVERY_ROLE, |call| Box::pin(notice_changes::address(call))),
    post("/notices/test", EVERY_ROLE, |call| Box::pin(notice_changes::test(call))),
    get("/notices/confirm/{name}", EVERY_ROLE, |call| Box::pin(notice_changes::confirm(call))),
    post("/notices/webhook", EVERY_ROLE, |call| Box::pin(notice_changes::webhook(call))),
    post("/notices/webhook/secret", EVERY_ROLE, |call| Box::pin(notice_changes::webhook_secret(call))),
    post("/notices/webhook/remove", EVERY_ROLE, |call| Box::pin(notice_changes::webhook_remove(call))),
    post("/notices/feed", EVERY_ROLE, |call| Box::pin(notice_changes::feed_open(call))),
    post("/notices/feed/close", EVERY_ROLE, |call| Box::pin(notice_changes::feed_close(call))),
    // Calendar programs present no certificate: the address is the secret.
    get("/feed/{name}", Who::Anyone, |call| Box::pin(feed::show(call))),
];

/// APIトークン. The API itself is [`crate::admin_api`].
static API_TOKENS: &[Endpoint] = &[
    get("/tokens", EVERY_ROLE, |call| Box::pin(tokens::show(call))),
    post("/tokens", EVERY_ROLE, |call| Box::pin(tokens::make(call))),
    get("/tokens/{api_token}/revoke", EVERY_ROLE, |call| Box::pin(tokens::ask(call))),
    post("/tokens/{api_token}/revoke", EVERY_ROLE, |call| Box::pin(tokens::revoke(call))),
];

const fn get(path: &'static str, who: Who, action: fn(Call) -> Answering) -> Endpoint {
    Endpoint { method: Method::GET, path, who, action }
}

const fn post(path: &'static str, who: Who, action: fn(Call) -> Answering) -> Endpoint {
    Endpoint { method: Method::POST, path, who, action }
}

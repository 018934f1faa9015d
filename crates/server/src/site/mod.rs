//! システム管理サイト: the third door, for administrators' browsers.
//!
//! A listener of its own asks for a client certificate and takes none, too: what is wrong
//! with it is said on a page. A good one opens the entrance; password and second factor open
//! the rest. [`endpoints`] is the table of all pages; this module holds every request against
//! it before a page sees it. Pages call the use cases and never the store, need no script
//! (but for passkeys, beside which there is always a code), and load nothing from elsewhere.

mod account_views;
mod assets;
mod charts;
mod cookies;
mod csv;
mod dates;
pub mod endpoints;
mod failure;
mod form;
mod headers;
mod issuing_views;
mod notice_views;
mod page;
mod pages;
mod qr;
mod texts;
mod token_views;
mod told;
mod views;
mod visit;

pub(crate) use form::Fields;

use crate::{
    admin_api,
    api::Language,
    use_cases::{Koshin, SiteError},
};
use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    middleware::map_response,
    response::Response,
    routing::{MethodFilter, on},
};
use endpoints::{Call, Endpoint, Who};
use failure::Failure;
use http::{
    Method, Uri,
    header::{CONTENT_TYPE, IF_NONE_MATCH, SET_COOKIE},
    request::Parts,
};
use std::sync::Arc;
use visit::{Standing, Visit, bare_page};

/// What every request needs.
#[derive(Clone)]
struct Site {
    koshin: Arc<Koshin>,
    hostname: Arc<str>,
}

/// The site under `hostname`, made from the table of its endpoints.
pub fn router(koshin: Arc<Koshin>, hostname: &str) -> Router {
    let hostname: Arc<str> = hostname.to_ascii_lowercase().into();
    let secured = Arc::clone(&hostname);
    let api = admin_api::router(Arc::clone(&koshin), Arc::clone(&hostname));
    let mut router = Router::new();
    for endpoint in endpoints::all() {
        let filter = if endpoint.method == Method::POST { MethodFilter::POST } else { MethodFilter::GET };
        let enter = move |site: State<Site>, parameters: Parameters, request: Request| {
            enter(endpoint, site, parameters, request)
        };
        router = router.route(endpoint.path, on(filter, enter));
    }
    router
        .nest(admin_api::PREFIX, api)
        .method_not_allowed_fallback(|request: Request| refuse(request, Failure::Method))
        .fallback(|request: Request| refuse(request, Failure::NotFound))
        .layer(map_response(move |mut response: Response| {
            headers::secure(response.headers_mut(), &secured);
            std::future::ready(response)
        }))
        .with_state(Site { koshin, hostname })
}

/// The answer to a request that took this server longer than the limits allow.
pub fn took_too_long(uri: &Uri, language: Language) -> Response {
    if uri.path().starts_with(admin_api::PREFIX) {
        return admin_api::took_too_long(language);
    }
    let mut page = bare_page(&http::HeaderMap::new(), "/");
    page.t = texts::Texts::of(language);
    let mut response = Failure::Busy.answer(page);
    // What was told before about TLS still holds.
    headers::secure(response.headers_mut(), "localhost");
    response
}

async fn refuse(request: Request, failure: Failure) -> Response {
    failure.answer(bare_page(request.headers(), request.uri().path()))
}

/// The variable parts of a path; what is no UTF-8 is none.
type Parameters = Result<RawPathParams, RawPathParamsRejection>;

/// Holds a request against its row of the table, and answers it.
async fn enter(
    endpoint: &'static Endpoint,
    State(site): State<Site>,
    parameters: Parameters,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if !names_host(&parts, &site.hostname) {
        return Failure::Host.answer(bare_page(&parts.headers, "/"));
    }
    let Some(parameter) = named_in_path(&parameters) else {
        return Failure::NotFound.answer(bare_page(&parts.headers, "/"));
    };
    let told = told::is_due(&parts.headers, &parts.uri);
    let visit = match Visit::begin(&site, &parts).await {
        Ok(visit) => visit,
        Err(error) => return Failure::from(error).answer(bare_page(&parts.headers, parts.uri.path())),
    };
    let (page, cookie) = (visit.page.clone(), visit.form_cookie());
    let outcome = admit(endpoint, &site, visit, Asked { parameter, told }, &parts, body).await;
    let mut response = outcome.unwrap_or_else(|failure| failure.answer(page));
    if let Some(promised) = told::promise(&response) {
        response.headers_mut().append(SET_COOKIE, promised);
    } else if told {
        response.headers_mut().append(SET_COOKIE, cookies::forget(cookies::TOLD));
    }
    // Only pages have forms; calendars and style sheets have no use for the proof.
    if let Some(cookie) = cookie.filter(|_| is_page(&response)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// What the variable part of the path names; empty for a path without one. None for what has
/// no name: no UTF-8, or U+0000, which PostgreSQL does not take as text.
fn named_in_path(parameters: &Parameters) -> Option<String> {
    let parameter = parameters.as_ref().ok()?.iter().next().map(|(_, value)| value.to_owned());
    Some(parameter.unwrap_or_default()).filter(|parameter| !parameter.contains('\0'))
}

/// What the address says.
struct Asked {
    /// The variable part of the path.
    parameter: String,
    /// Whether an answer of ours led to it just now.
    told: bool,
}

async fn admit(
    endpoint: &Endpoint,
    site: &Site,
    visit: Visit,
    asked: Asked,
    parts: &Parts,
    body: Body,
) -> Result<Response, Failure> {
    if let Some(elsewhere) = turned_away(endpoint.who, &visit)? {
        return Ok(elsewhere);
    }
    let form = if endpoint.method == Method::POST {
        if !form::comes_from_here(&parts.headers, &parts.uri) {
            return Err(Failure::ForeignForm);
        }
        let form = Fields::read(&parts.headers, body, &site.koshin.config().limits).await?;
        if !visit.made(&form) {
            // The form of a session that is over is none of a stranger's.
            return visit.ended.map_or(Err(Failure::ForeignForm), |_| Ok(page::see_other("/")));
        }
        form
    } else {
        Fields::default()
    };
    let query = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let query = if asked.told { query } else { query.without(&told::WORDS) };
    let host = form::host(&parts.headers, &parts.uri).unwrap_or_default().to_owned();
    let if_none_match = parts.headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let if_none_match = if_none_match.map(str::to_owned);
    let (koshin, method) = (Arc::clone(&site.koshin), parts.method.clone());
    (endpoint.action)(Call {
        koshin,
        visit,
        method,
        parameter: asked.parameter,
        query,
        form,
        host,
        if_none_match,
    })
    .await
}

/// The page for those who may not, if this visitor may not.
fn turned_away(who: Who, visit: &Visit) -> Result<Option<Response>, Failure> {
    if who == Who::Anyone {
        return Ok(None);
    }
    if let Standing::Trouble(trouble) = &visit.standing {
        return Ok(Some(pages::trouble::show(visit, *trouble)));
    }
    // Which says why a session has ended.
    let to_the_entrance = || Ok(Some(page::see_other("/")));
    match (who, &visit.session) {
        (Who::Anyone | Who::Terminal, _) => Ok(None),
        (_, None) => to_the_entrance(),
        (Who::HalfSignedIn, Some(session)) if session.second_factor_done => to_the_entrance(),
        (Who::HalfSignedIn, Some(_)) => Ok(None),
        (Who::SignedIn(_), Some(session)) if !session.second_factor_done => to_the_entrance(),
        (Who::SignedIn(kinds), Some(session)) if !kinds.contains(&session.kind) => Err(Failure::Forbidden),
        (Who::SignedIn(_), Some(_)) => Ok(None),
    }
}

fn is_page(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"))
}

/// Whether the request is for this site. Under another name, cookies and certificates
/// would be somebody else's.
pub(crate) fn names_host(parts: &Parts, hostname: &str) -> bool {
    let Some(host) = form::host(&parts.headers, &parts.uri) else { return false };
    let (name, port) = host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    name.eq_ignore_ascii_case(hostname) && port.is_none_or(is_port)
}

impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Self {
        match error {
            SiteError::NotFound => Self::NotFound,
            SiteError::Forbidden | SiteError::SecondFactorMissing => Self::Forbidden,
            error => Self::Site(error),
        }
    }
}

//! `/tokens`: what programs use in place of their makers.

use super::{
    super::{
        dates,
        endpoints::Call,
        failure::Failure,
        form::Fields,
        page::{Page, html, html_with_script, see_other},
        texts::Texts,
        token_views::{MadeTokenPage, RevokeTokenPage, TokenRow, TokensPage},
        views::Choice,
    },
    overview::actor,
};
use crate::{
    store::{ApiTokenRow, TenantKind},
    use_cases::{ApiScope, FieldRefusal, LONGEST_LIFE_DAYS, MadeToken, SiteError, TokenState, TokenWish},
};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret;

/// Days to choose from, and the usual choice.
const LIVES: [u32; 4] = [30, 90, 180, LONGEST_LIFE_DAYS];
const USUAL_LIFE: u32 = 90;

/// What was entered, to be shown again.
struct Entered {
    name: String,
    scopes: Vec<ApiScope>,
    days: u32,
}

impl Entered {
    fn read(form: &Fields) -> Self {
        let scopes = form.pairs().filter(|(name, _)| *name == "scope");
        Self {
            name: form.text("name").to_owned(),
            scopes: scopes.filter_map(|(_, word)| ApiScope::from_word(word)).collect(),
            days: form.text("days").parse().unwrap_or(0),
        }
    }
}

/// `GET /tokens`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let nothing = Entered { name: String::new(), scopes: Vec::new(), days: USUAL_LIFE };
    list(call, &nothing, None).await
}

/// `POST /tokens`: the answer shows the token, this once.
pub(in super::super) async fn make(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let entered = Entered::read(&call.form);
    let wish = TokenWish { name: entered.name.clone(), scopes: entered.scopes.clone(), days: entered.days };
    match call.koshin.make_api_token(&actor, wish, call.visit.now).await {
        Ok(made) => Ok(made_page(call.visit.page, &entered.name, &made)),
        Err(SiteError::Field(field)) => {
            let wrong = match field {
                FieldRefusal::Scopes => "token-scopes-wrong",
                FieldRefusal::Life => "token-life-wrong",
                _ => "token-name-wrong",
            };
            list(call, &entered, Some(wrong)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /tokens/{api_token}/revoke`
pub(in super::super) async fn ask(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let token = call.koshin.api_token(&actor, id(&call)?).await?;
    let page = call.visit.page.titled("token-revoke-title");
    let (name, beginning) = (token.name.as_str(), token.beginning.as_str());
    let lead = page.t.with_two("token-revoke-lead", ("name", name.into()), ("beginning", beginning.into()));
    Ok(html(&page, StatusCode::OK, &RevokeTokenPage { page: &page, lead, id: token.id }))
}

/// `POST /tokens/{api_token}/revoke`
pub(in super::super) async fn revoke(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    call.koshin.revoke_api_token(&actor, id(&call)?, call.visit.now).await?;
    Ok(see_other("/tokens?revoked=1"))
}

fn id(call: &Call) -> Result<i64, Failure> {
    call.parameter.parse().map_err(|_| Failure::NotFound)
}

async fn list(call: Call, entered: &Entered, wrong: Option<&'static str>) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let tokens = call.koshin.api_tokens(&actor).await?;
    let (revoked, now) = (call.query.text("revoked") == "1", call.visit.now);
    let page = call.visit.page.titled("tokens-title");
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = TokensPage {
        page: &page,
        revoked,
        wrong,
        rows: tokens.iter().map(|token| row(page.t, token, now)).collect(),
        name: &entered.name,
        scopes: choices(page.t, actor.kind(), &entered.scopes),
        lives: &LIVES,
        life: if entered.days == 0 { USUAL_LIFE } else { entered.days },
    };
    Ok(html(&page, status, &view))
}

fn made_page(page: Page, name: &str, made: &MadeToken) -> Response {
    let page = page.titled("token-made-title");
    let until = dates::minute(made.expires_at);
    let label = page.t.with_two("token-made-label", ("name", name.into()), ("until", until.into()));
    let view = MadeTokenPage { page: &page, label, secret: made.token.expose_secret() };
    html_with_script(&page, StatusCode::OK, &view)
}

fn row(t: &Texts, token: &ApiTokenRow, now: Timestamp) -> TokenRow {
    let state = TokenState::of(token, now);
    let icon = match state {
        TokenState::Good => "valid",
        TokenState::Expired => "expired",
        TokenState::Revoked | TokenState::MakerDisabled => "stopped",
    };
    let scopes = token.scopes.split(' ').filter_map(ApiScope::from_word);
    TokenRow {
        id: token.id,
        name: token.name.clone(),
        beginning: token.beginning.clone(),
        state: icon,
        state_text: t.say(&format!("token-state-{}", state.as_str())),
        live: state == TokenState::Good,
        scopes: scopes.map(|scope| scope_text(t, scope)).collect(),
        until: dates::minute(token.expires_at),
        used: token.last_used_at.map_or_else(|| t.say("never"), dates::minute),
        maker: token.made_by.clone(),
    }
}

fn choices(t: &Texts, kind: TenantKind, chosen: &[ApiScope]) -> Vec<Choice> {
    let choice = |scope: ApiScope| Choice {
        word: scope.as_str(),
        label: scope_text(t, scope),
        chosen: chosen.contains(&scope),
    };
    ApiScope::open_to(kind).into_iter().map(choice).collect()
}

fn scope_text(t: &Texts, scope: ApiScope) -> String {
    t.say(&format!("scope-{}", scope.as_str().replace(':', "-")))
}

//! Tokens with which programs use the administration API in place of their makers.

use super::{
    ApiScope, FieldRefusal, Koshin, SessionEnd, SiteError, SiteVisitor,
    api_scopes::Limit,
    site_authority::{Action, Actor},
    site_invitation::{secret_hash, text},
};
use crate::{
    entropy,
    store::{ApiTokenRow, AuditKind, NewApiToken, StoreError, TenantKind, TokenCredentials},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

/// Every token begins so, for programs that look for lost secrets.
pub const TOKEN_PREFIX: &str = "koshin_";
/// Days that a token is good at most.
pub const LONGEST_LIFE_DAYS: u32 = 365;
/// Letters that lists show.
const SHOWN: usize = TOKEN_PREFIX.len() + 8;
/// Requests are noted no more often.
const NOTED: SignedDuration = SignedDuration::from_mins(1);

/// What an administrator asks for.
#[derive(Debug, Clone)]
pub struct TokenWish {
    /// 1 to 64 characters.
    pub name: String,
    /// At least one.
    pub scopes: Vec<ApiScope>,
    /// 1 to [`LONGEST_LIFE_DAYS`].
    pub days: u32,
}

/// A token that was made just now.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// To be shown once. Kept nowhere.
    pub token: SecretString,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// How a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It opens what it is for.
    Good,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
    /// Its maker's account is disabled.
    MakerDisabled,
}

impl TokenState {
    /// A word for texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::MakerDisabled => "maker-disabled",
        }
    }

    /// How this one stands.
    pub fn of(token: &ApiTokenRow, now: Timestamp) -> Self {
        if token.revoked_at.is_some() {
            Self::Revoked
        } else if !token.maker_active {
            Self::MakerDisabled
        } else if token.expires_at <= now {
            Self::Expired
        } else {
            Self::Good
        }
    }
}

/// A program that presented a good token. Only [`Koshin::api_caller`] makes one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiCaller {
    /// For the use cases.
    pub actor: Actor,
    /// The token, as in lists.
    pub token: ApiTokenRow,
    /// What it is for.
    pub scopes: Vec<ApiScope>,
    /// The organisation's name.
    pub tenant_name: String,
    /// What the organisation is to the service.
    pub kind: TenantKind,
}

impl Koshin {
    /// Makes a token for the actor's own organisation. It never does more than the actor
    /// may, and ends with the actor's account.
    ///
    /// # Errors
    /// What the table refuses; a name that is empty or too long; no scope, or one that
    /// opens nothing to this kind of organisation; a life that is too long.
    pub async fn make_api_token(
        &self,
        actor: &Actor,
        wish: TokenWish,
        now: Timestamp,
    ) -> Result<MadeToken, SiteError> {
        self.permit_site(actor, Action::ManageApiTokens, &actor.tenant_id).await?;
        // Nobody makes a token but in their own name.
        let administrator_id = actor.administrator_id.ok_or(SiteError::Forbidden)?;
        let name = text(&wish.name, FieldRefusal::Name)?;
        let scopes = scopes_of(&wish, actor.kind)?;
        let expires_at = end_of(wish.days, now)?;
        let token = SecretString::from(format!("{TOKEN_PREFIX}{}", entropy::token().expose_secret()));
        let beginning = token.expose_secret()[..SHOWN].to_owned();
        let detail = format!("{name} ({beginning}…): {scopes} until {expires_at}");
        let event = actor.event(AuditKind::ApiTokenMade, &actor.tenant_id, detail, now);
        let new = NewApiToken {
            tenant_id: actor.tenant_id.clone(),
            administrator_id,
            token_hash: secret_hash(&token),
            beginning,
            name,
            scopes,
            expires_at,
        };
        self.store.add_api_token(new, event).await.map_err(|error| match error {
            StoreError::Conflict(_) => SiteError::SessionEnded(SessionEnd::AccountDisabled),
            other => other.into(),
        })?;
        Ok(MadeToken { token, expires_at })
    }

    /// The tokens of the actor's own organisation, the latest first.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn api_tokens(&self, actor: &Actor) -> Result<Vec<ApiTokenRow>, SiteError> {
        self.permit_site(actor, Action::ManageApiTokens, &actor.tenant_id).await?;
        Ok(self.store.api_tokens(&actor.tenant_id).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`SiteError::NotFound`] also for another organisation's.
    pub async fn api_token(&self, actor: &Actor, id: i64) -> Result<ApiTokenRow, SiteError> {
        let token = self.store.api_token(id).await?.ok_or(SiteError::NotFound)?;
        self.permit_site(actor, Action::ManageApiTokens, &token.tenant_id).await?;
        Ok(token)
    }

    /// Ends a token at once. One that has ended stays so.
    ///
    /// # Errors
    /// As [`Self::api_token`].
    pub async fn revoke_api_token(&self, actor: &Actor, id: i64, now: Timestamp) -> Result<(), SiteError> {
        let token = self.api_token(actor, id).await?;
        let detail = format!("{} ({}…)", token.name, token.beginning);
        let event = actor.event(AuditKind::ApiTokenRevoked, &token.tenant_id, detail, now);
        self.store.revoke_api_token(id, event).await?;
        Ok(())
    }

    /// The program that presents `token` over a connection of `visitor`: both must be of
    /// one organisation, so that neither a lost token nor a lost certificate is enough.
    ///
    /// # Errors
    /// [`SiteError::TokenRefused`], for whatever reason.
    pub async fn api_caller(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<ApiCaller, SiteError> {
        let found = self.store.token_credentials(&secret_hash(token)).await?;
        let found = found.ok_or(SiteError::TokenRefused)?;
        let row = &found.token;
        if row.tenant_id != visitor.tenant_id || TokenState::of(row, now) != TokenState::Good {
            return Err(SiteError::TokenRefused);
        }
        if row.last_used_at.is_none_or(|used| now.duration_since(used) >= NOTED) {
            self.store.touch_api_token(row.id, now).await?;
        }
        Ok(caller(found))
    }
}

fn caller(found: TokenCredentials) -> ApiCaller {
    let TokenCredentials { token, administrator_id, kind, tenant_name } = found;
    let scopes: Vec<ApiScope> = token.scopes.split(' ').filter_map(ApiScope::from_word).collect();
    let actor = Actor {
        administrator_id: Some(administrator_id),
        login: format!("token {} of {}", token.name, token.made_by),
        tenant_id: token.tenant_id.clone(),
        kind,
        limit: Limit::Scopes(scopes.clone()),
    };
    ApiCaller { actor, token, scopes, tenant_name, kind }
}

/// The words, each once and in one order.
fn scopes_of(wish: &TokenWish, kind: TenantKind) -> Result<String, SiteError> {
    let open = ApiScope::open_to(kind);
    if wish.scopes.is_empty() || wish.scopes.iter().any(|scope| !open.contains(scope)) {
        return Err(SiteError::Field(FieldRefusal::Scopes));
    }
    let chosen = open.into_iter().filter(|scope| wish.scopes.contains(scope));
    Ok(chosen.map(ApiScope::as_str).collect::<Vec<_>>().join(" "))
}

fn end_of(days: u32, now: Timestamp) -> Result<Timestamp, SiteError> {
    if !(1..=LONGEST_LIFE_DAYS).contains(&days) {
        return Err(SiteError::Field(FieldRefusal::Life));
    }
    let life = SignedDuration::from_hours(24 * i64::from(days));
    now.checked_add(life).map_err(|_| SiteError::Field(FieldRefusal::Life))
}

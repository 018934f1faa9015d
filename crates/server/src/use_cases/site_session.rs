//! Sessions: looked up for each request, and ended by time, by the account and by the
//! certificate they lean on.

use super::{
    Koshin, SiteError, SiteVisitor, api_scopes::Limit, site_authority::Actor, site_invitation::secret_hash,
    site_sign_in::KNOWN_FOR,
};
use crate::{
    entropy,
    store::{AuditEvent, AuditKind, NewSiteSession, SessionEnd, SessionRow, TenantKind},
};
use jiff::{SignedDuration, Timestamp};
use koshin_policy::recovery::counting_span;
use secrecy::{ExposeSecret, SecretString};

/// Nothing done for so long ends a session.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// No session lasts longer.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// So long the second factor may take.
pub(super) const HALF_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// So long it is known why a session has ended.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// Requests are noted no more often: a page is not a write.
const NOTED: SignedDuration = SignedDuration::from_mins(1);

/// A session that was opened just now.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// For the cookie. Kept nowhere.
    pub token: SecretString,
    /// What forms must send back.
    pub csrf: String,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// A session that goes on. Only [`Koshin::site_session`] makes one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Session {
    /// The account.
    pub administrator_id: i64,
    /// Login name.
    pub login: String,
    /// Name of the person.
    pub name: String,
    /// E-mail.
    pub mail: String,
    /// Organisation.
    pub tenant_id: String,
    /// The organisation's name.
    pub tenant_name: String,
    /// What it is to the service.
    pub kind: TenantKind,
    /// What forms must send back.
    pub csrf: String,
    /// Whether the second factor was proved: without it nothing may be seen.
    pub second_factor_done: bool,
    /// When it ends if nothing is done from now on.
    pub expires_at: Timestamp,
}

impl Session {
    /// The administrator, for the use cases.
    ///
    /// # Errors
    /// [`SiteError::SecondFactorMissing`] in the first half of a sign-in.
    pub fn actor(&self) -> Result<Actor, SiteError> {
        if !self.second_factor_done {
            return Err(SiteError::SecondFactorMissing);
        }
        Ok(Actor {
            administrator_id: Some(self.administrator_id),
            login: self.login.clone(),
            tenant_id: self.tenant_id.clone(),
            kind: self.kind,
            limit: Limit::None,
        })
    }

    /// The name in the audit trail.
    pub(super) fn words(&self) -> String {
        format!("{}@{} (administrator {})", self.login, self.tenant_id, self.administrator_id)
    }
}

impl Koshin {
    /// The session under `token`, for the certificate it was opened with.
    ///
    /// # Errors
    /// [`SiteError::SessionEnded`] says why there is none.
    pub async fn site_session(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<Session, SiteError> {
        let hash = secret_hash(token);
        let Some(row) = self.store.site_session(&hash).await? else {
            return Err(SiteError::SessionEnded(self.store.session_end(&hash).await?));
        };
        let expires_at = expiry(&row);
        if let Some(end) = end_of(&row, visitor, now) {
            // Another browser's certificate ends nothing: it only gets nothing.
            if end != SessionEnd::OtherCertificate {
                self.store.end_session(&hash, end, now, None).await?;
            }
            return Err(SiteError::SessionEnded(end));
        }
        if now.duration_since(row.last_seen_at) >= NOTED {
            self.store.touch_session(&hash, now).await?;
        }
        Ok(Session {
            administrator_id: row.administrator_id,
            login: row.login,
            name: row.name,
            mail: row.mail,
            tenant_id: row.tenant_id,
            tenant_name: row.tenant_name,
            kind: row.kind,
            csrf: row.csrf,
            second_factor_done: row.second_factor_done,
            expires_at,
        })
    }

    /// Ends the session under `token`; no session is no error.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn sign_out(&self, token: &SecretString, now: Timestamp) -> Result<(), SiteError> {
        let hash = secret_hash(token);
        let Some(row) = self.store.site_session(&hash).await? else { return Ok(()) };
        let event = AuditEvent {
            tenant_id: Some(row.tenant_id.clone()),
            serial: Some(row.certificate_serial.clone()),
            actor: Some(format!("{}@{} (administrator {})", row.login, row.tenant_id, row.administrator_id)),
            ..AuditEvent::of(AuditKind::SignedOut, now)
        };
        self.store.end_session(&hash, SessionEnd::SignedOut, now, Some(event)).await?;
        Ok(())
    }

    /// Whether a form came from a page of this session, told in one time.
    pub fn csrf_matches(session: &Session, sent: &SecretString) -> bool {
        super::second_factor::same_secret(sent, &session.csrf)
    }

    /// Forgets what nobody can use any more: ended sessions and links, terminals that are
    /// known no more, old failures and attempts.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget_outlived(&self, now: Timestamp) -> Result<(), SiteError> {
        let ago = |span: SignedDuration| now.checked_sub(span).unwrap_or(Timestamp::MIN);
        self.store.forget_sessions(ago(LIFETIME), ago(IDLE), ago(REMEMBERED), now).await?;
        self.store.forget_links_and_terminals(now, ago(KNOWN_FOR)).await?;
        self.store.forget_failures(ago(SignedDuration::from_hours(24))).await?;
        self.store.forget_attempts(ago(SignedDuration::from_hours(24 * 400))).await?;
        self.store.forget_recovery_attempts(counting_span(ago(SignedDuration::from_hours(24))).0).await?;
        Ok(())
    }
}

fn lifetime(row: &SessionRow) -> SignedDuration {
    if row.second_factor_done { LIFETIME } else { HALF_LIFETIME }
}

fn expiry(row: &SessionRow) -> Timestamp {
    let after = |instant: Timestamp, span| instant.checked_add(span).unwrap_or(Timestamp::MAX);
    after(row.created_at, lifetime(row)).min(after(row.last_seen_at, IDLE))
}

fn end_of(row: &SessionRow, visitor: &SiteVisitor, now: Timestamp) -> Option<SessionEnd> {
    if !row.certificate_good || row.certificate_not_after < now {
        // Also for who comes with its successor.
        Some(SessionEnd::CertificateEnded)
    } else if row.certificate_serial != visitor.serial {
        Some(SessionEnd::OtherCertificate)
    } else if !row.active || row.tenant_suspended {
        Some(SessionEnd::AccountDisabled)
    } else if now.duration_since(row.created_at) >= lifetime(row) {
        Some(if row.second_factor_done { SessionEnd::TooOld } else { SessionEnd::Unfinished })
    } else {
        (now.duration_since(row.last_seen_at) >= IDLE).then_some(SessionEnd::Idle)
    }
}

/// A fresh session for the visitor's certificate, and how it is recorded.
pub(super) fn new_session(
    administrator_id: i64,
    visitor: &SiteVisitor,
    lifetime: SignedDuration,
    now: Timestamp,
) -> (NewSession, NewSiteSession) {
    let (token, csrf) = (entropy::token(), entropy::token().expose_secret().to_owned());
    let row = NewSiteSession {
        id_hash: secret_hash(&token),
        administrator_id,
        certificate_serial: visitor.serial.clone(),
        csrf: csrf.clone(),
        created_at: now,
    };
    let expires_at = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
    (NewSession { token, csrf, expires_at }, row)
}

//! What administrators change about their own account. Each change asks for the present
//! password and ends the account's other sessions.

use super::{
    Enrolment, Koshin, Session, SessionEnd, SiteError, SiteVisitor,
    second_factor::TotpSecret,
    site_invitation::{owner, secret_hash},
    site_password::{self, Surroundings},
};
use crate::store::{AdministratorRow, AuditEvent, AuditKind, StoreError};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

/// So long a new authenticator app may wait for its first code.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// Purpose of what is remembered meanwhile.
const NEW_AUTHENTICATOR: &str = "authenticator";

/// Somebody at work on their own account: the certificate, the session and its token.
#[derive(Clone, Copy)]
pub struct Oneself<'a> {
    /// Who presents which certificate.
    pub visitor: &'a SiteVisitor,
    /// The whole session.
    pub session: &'a Session,
    /// Its token.
    pub token: &'a SecretString,
}

impl Oneself<'_> {
    /// The hash under which the session is kept.
    pub(super) fn session_hash(&self) -> String {
        secret_hash(self.token)
    }

    pub(super) fn event(&self, kind: AuditKind, detail: String, now: Timestamp) -> AuditEvent {
        AuditEvent {
            tenant_id: Some(self.session.tenant_id.clone()),
            common_name: Some(self.visitor.common_name.clone()),
            serial: Some(self.visitor.serial.clone()),
            detail,
            actor: Some(self.session.words()),
            ..AuditEvent::of(kind, now)
        }
    }
}

impl Koshin {
    /// One's own account.
    ///
    /// # Errors
    /// [`SiteError::SecondFactorMissing`]; when the store is out of reach.
    pub async fn own_account(&self, oneself: Oneself<'_>) -> Result<AdministratorRow, SiteError> {
        oneself.session.actor()?;
        self.store.administrator(oneself.session.administrator_id).await?.ok_or(SiteError::NotFound)
    }

    /// Changes one's own password.
    ///
    /// # Errors
    /// [`SiteError::SignIn`] when `present` is wrong, [`SiteError::Password`] when `new` is
    /// not accepted.
    pub async fn change_password(
        &self,
        oneself: Oneself<'_>,
        present: SecretString,
        new: SecretString,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let session = oneself.session;
        session.actor()?;
        self.confirm_password(oneself.visitor, session, present, now).await?;
        let around = Surroundings {
            person: [&session.login, &session.name],
            organisation: [&session.tenant_id, &session.tenant_name],
        };
        site_password::judge(&new, &around).map_err(SiteError::Password)?;
        let hash = self.hash_password(new).await?;
        let event = oneself.event(AuditKind::PasswordChanged, String::new(), now);
        let keep = oneself.session_hash();
        self.store.change_password(session.administrator_id, hash, &keep, event).await.map_err(session_over)
    }

    /// Makes the secret of another authenticator app. The present one stays good until
    /// [`Self::finish_authenticator`].
    ///
    /// # Errors
    /// [`SiteError::SignIn`] when the password is wrong.
    pub async fn begin_authenticator(
        &self,
        oneself: Oneself<'_>,
        present: SecretString,
        now: Timestamp,
    ) -> Result<Enrolment, SiteError> {
        let session = oneself.session;
        session.actor()?;
        self.confirm_password(oneself.visitor, session, present, now).await?;
        let secret = TotpSecret::fresh();
        let owner = owner(&session.tenant_id, &session.login);
        let sealed = self.second_factor_key()?.seal(&secret, &owner)?;
        let end = now.checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        let keep = oneself.session_hash();
        self.store.begin_ceremony(&keep, NEW_AUTHENTICATOR, sealed, end).await.map_err(session_over)?;
        Ok(Enrolment { otpauth_uri: secret.uri(&session.login), secret_base32: secret.base32() })
    }

    /// Puts the other authenticator app in place of the present one, once a code proves it.
    ///
    /// # Errors
    /// [`SiteError::WrongCode`]; [`SiteError::NotFound`] when nothing was begun, or too long ago.
    pub async fn finish_authenticator(
        &self,
        oneself: Oneself<'_>,
        code: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let session = oneself.session;
        session.actor()?;
        let keep = oneself.session_hash();
        let sealed = self.store.ceremony(&keep, NEW_AUTHENTICATOR, now).await?.ok_or(SiteError::NotFound)?;
        let owner = owner(&session.tenant_id, &session.login);
        let secret = self.second_factor_key()?.open(&sealed, &owner)?;
        let step = secret.step_of(code, now).ok_or(SiteError::WrongCode)?;
        let event = oneself.event(AuditKind::AuthenticatorChanged, String::new(), now);
        // Whoever takes it first has changed it; a second form finds nothing.
        if self.store.end_ceremony(&keep, NEW_AUTHENTICATOR, now).await?.as_ref() != Some(&sealed) {
            return Err(SiteError::NotFound);
        }
        let id = session.administrator_id;
        self.store.change_authenticator(id, sealed, step, &keep, event).await.map_err(session_over)
    }
}

/// The store changes an account for a session that goes on, and for no other. Why it ended is
/// said at the entrance.
pub(super) fn session_over(error: StoreError) -> SiteError {
    match error {
        StoreError::Conflict(_) => SiteError::SessionEnded(SessionEnd::Unknown),
        other => other.into(),
    }
}

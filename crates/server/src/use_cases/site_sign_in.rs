//! Signing in: password, then second factor; failures are counted and lock for longer and
//! longer, alike for accounts that exist and accounts that do not.

use super::{
    Koshin, SessionEnd, SignInRefusal, SiteError, SiteVisitor, UseCaseError,
    blocking::Admission,
    site_invitation::{owner, secret_hash},
    site_password,
    site_session::{HALF_LIFETIME, LIFETIME, NewSession, Session, new_session},
};
use crate::store::{Attempt, AuditEvent, AuditKind, Credentials, Lock, SecondProof, fold};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// Failures of an account that lock nothing yet.
const FREE_OF_ACCOUNT: u32 = 4;
/// Failures with a certificate, over all accounts, that lock nothing yet.
const FREE_OF_CERTIFICATE: u32 = 19;
/// The first lock, and the longest.
const FIRST_LOCK: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_LOCK: SignedDuration = SignedDuration::from_hours(1);
/// So long a terminal is known after a sign-in.
pub(super) const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What is written down in place of a login that no account has.
const UNKNOWN: &str = "(unknown)";

impl Koshin {
    /// The first half of a sign-in: login and password, for accounts of the certificate's
    /// organisation. Takes the same time and gives the same answer whether the login, the
    /// password or nothing of both is right.
    ///
    /// # Errors
    /// [`SiteError::SignIn`].
    pub async fn check_password(
        &self,
        visitor: &SiteVisitor,
        login: &str,
        password: SecretString,
        now: Timestamp,
    ) -> Result<NewSession, SiteError> {
        let login = fold(login);
        let place = self.blocking.admit().map_err(UseCaseError::from)?;
        let subjects = self.subjects(visitor, &login, now).await?;
        self.count(visitor, &subjects, now).await?;
        let judged = self.judge_password(place, &visitor.tenant_id, &login, password).await;
        let (found, right) = self.judged(&subjects, judged).await?;
        // What is no login may be a password in the wrong field: it is not written down.
        let whose = if found.is_some() { login } else { UNKNOWN.to_owned() };
        let Some(account) = found.filter(|account| right && account.active) else {
            return Err(self.refuse(visitor, &whose, "password", now).await?);
        };
        self.store.forgive(subjects.both()).await?;
        let (session, row) = new_session(account.administrator_id, visitor, HALF_LIFETIME, now);
        self.store.open_half_session(row).await?;
        Ok(session)
    }

    /// The second half: a code of the authenticator, good once. The session under `token`
    /// gives way to a new one with another token.
    ///
    /// # Errors
    /// [`SiteError::SignIn`]; [`SiteError::SessionEnded`] when the first half is over.
    pub async fn check_totp(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        code: &str,
        now: Timestamp,
    ) -> Result<NewSession, SiteError> {
        let half = self.half_session(visitor, token, now).await?;
        let subjects = self.subjects(visitor, &half.login, now).await?;
        self.count(visitor, &subjects, now).await?;
        let judged = self.judge_code(&half, code, now).await;
        let Some(step) = self.judged(&subjects, judged).await? else {
            return Err(self.refuse(visitor, &half.login, "code", now).await?);
        };
        let completed = self.complete(visitor, token, &half, SecondProof::Code(step), now).await;
        match self.judged(&subjects, completed).await? {
            Some(session) => Ok(session),
            None => Err(self.refuse(visitor, &half.login, "code used before", now).await?),
        }
    }

    /// The session under `token`, if it is the first half of a sign-in.
    pub(super) async fn half_session(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<Session, SiteError> {
        let half = self.site_session(visitor, token, now).await?;
        if half.second_factor_done {
            return Err(SiteError::SessionEnded(SessionEnd::Unknown));
        }
        Ok(half)
    }

    /// Opens the whole session, once `proof` was found right. None when it was used before.
    pub(super) async fn complete(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        half: &Session,
        proof: SecondProof,
        now: Timestamp,
    ) -> Result<Option<NewSession>, SiteError> {
        let (session, row) = new_session(half.administrator_id, visitor, LIFETIME, now);
        let event = AuditEvent {
            tenant_id: Some(half.tenant_id.clone()),
            common_name: Some(visitor.common_name.clone()),
            serial: Some(visitor.serial.clone()),
            actor: Some(half.words()),
            ..AuditEvent::of(AuditKind::SignedIn, now)
        };
        // Both counts: what failed elsewhere is over, too.
        let mut subjects = self.subjects(visitor, &half.login, now).await?.both();
        subjects.push(Subjects::of(visitor, &half.login, Place::Anywhere).account);
        let opened = self.store.open_session(&secret_hash(token), row, proof, subjects, event).await?;
        Ok(opened.then_some(session))
    }

    /// Whoever changes how an account is entered proves once more that they know its
    /// password: a screen left open is not enough. Failures count as at the sign-in.
    ///
    /// # Errors
    /// [`SiteError::SignIn`].
    pub(super) async fn confirm_password(
        &self,
        visitor: &SiteVisitor,
        session: &Session,
        password: SecretString,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let place = self.blocking.admit().map_err(UseCaseError::from)?;
        let subjects = self.subjects(visitor, &session.login, now).await?;
        self.count(visitor, &subjects, now).await?;
        let judged = self.judge_password(place, &session.tenant_id, &session.login, password).await;
        let (found, right) = self.judged(&subjects, judged).await?;
        if !found.is_some_and(|account| right && account.active) {
            return Err(self.refuse(visitor, &session.login, "present password", now).await?);
        }
        self.store.forgive(subjects.both()).await?;
        Ok(())
    }

    /// The step of a right code that was not used before.
    async fn judge_code(&self, half: &Session, code: &str, now: Timestamp) -> Result<Option<i64>, SiteError> {
        let found = self.store.credentials(&half.tenant_id, &half.login).await?;
        let account = found.ok_or(SiteError::SessionEnded(SessionEnd::AccountDisabled))?;
        let owner = owner(&half.tenant_id, &half.login);
        let secret = self.second_factor_key()?.open(&account.totp_sealed, &owner)?;
        Ok(secret.step_of(code, now).filter(|step| *step > account.totp_last_step))
    }

    /// Under which names a failure of this login at this terminal is counted. Where the
    /// administrator signs in as a rule, failures at other terminals do not lock the
    /// account: nobody can lock everybody out by guessing from one terminal.
    pub(super) async fn subjects(
        &self,
        visitor: &SiteVisitor,
        login: &str,
        now: Timestamp,
    ) -> Result<Subjects, SiteError> {
        let since = now.checked_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN);
        let (tenant, terminal) = (&visitor.tenant_id, &visitor.common_name);
        let known = self.store.knows_terminal(tenant, login, terminal, since).await?;
        Ok(Subjects::of(visitor, login, if known { Place::Known } else { Place::Anywhere }))
    }

    pub(super) async fn count(
        &self,
        visitor: &SiteVisitor,
        subjects: &Subjects,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let counted = vec![
            (subjects.account.clone(), account_lock as Lock),
            (subjects.certificate.clone(), certificate_lock),
        ];
        match self.store.count_attempt(counted, now).await? {
            Attempt::Counted => Ok(()),
            Attempt::Locked(until) => {
                tracing::info!(tenant = visitor.tenant_id, serial = visitor.serial, "sign-in while locked");
                Err(SiteError::SignIn(SignInRefusal { locked_until: Some(until) }))
            }
        }
    }

    /// What came of an attempt that was counted. One that ended without a judgement, by a
    /// failure of this server, was nobody's guess: it does not count.
    pub(super) async fn judged<T>(
        &self,
        subjects: &Subjects,
        outcome: Result<T, SiteError>,
    ) -> Result<T, SiteError> {
        if outcome.is_err()
            && let Err(error) = self.store.forgive(subjects.both()).await
        {
            tracing::warn!(%error, "an attempt to sign in counts that was not judged");
        }
        outcome
    }

    /// The lock bounds how often this is recorded: no more than once a counted attempt.
    pub(super) async fn refuse(
        &self,
        visitor: &SiteVisitor,
        login: &str,
        what: &str,
        now: Timestamp,
    ) -> Result<SiteError, SiteError> {
        let event = AuditEvent {
            tenant_id: Some(visitor.tenant_id.clone()),
            common_name: Some(visitor.common_name.clone()),
            serial: Some(visitor.serial.clone()),
            detail: format!("{what}: login {:?}", login.chars().take(64).collect::<String>()),
            ..AuditEvent::of(AuditKind::SignInRefused, now)
        };
        self.store.audit(event).await?;
        Ok(SiteError::SignIn(SignInRefusal { locked_until: None }))
    }

    /// The account of this login, and whether the password is its password. `_place` was
    /// taken before the attempt was counted: who is sent away by overload has not tried.
    async fn judge_password(
        &self,
        _place: Admission,
        tenant_id: &str,
        login: &str,
        password: SecretString,
    ) -> Result<(Option<Credentials>, bool), SiteError> {
        let found = self.store.credentials(tenant_id, login).await?;
        let known = found.as_ref().map(|credentials| credentials.password_hash.clone());
        let verify = move || site_password::verify(&password, known.as_deref());
        let right = self.blocking.run(verify).await?;
        Ok((found, right))
    }
}

/// Under which names failures are counted: hashes, for the login may be a password typed
/// into the wrong field.
pub(super) struct Subjects {
    account: String,
    certificate: String,
}

/// Where somebody signs in.
#[derive(Clone, Copy)]
enum Place {
    /// At a terminal where this administrator has signed in before.
    Known,
    /// At any other.
    Anywhere,
}

impl Subjects {
    fn of(visitor: &SiteVisitor, login: &str, place: Place) -> Self {
        let hash = |words: [&str; 4]| hex::encode(Sha256::digest(words.join("\n").as_bytes()));
        let terminal = match place {
            Place::Known => visitor.common_name.as_str(),
            Place::Anywhere => "",
        };
        Self {
            account: hash(["account", &visitor.tenant_id, login, terminal]),
            certificate: hash(["certificate", &visitor.serial, "", ""]),
        }
    }

    pub(super) fn both(&self) -> Vec<String> {
        vec![self.account.clone(), self.certificate.clone()]
    }
}

fn account_lock(failures: u32) -> Option<SignedDuration> {
    lock(failures, FREE_OF_ACCOUNT)
}

fn certificate_lock(failures: u32) -> Option<SignedDuration> {
    lock(failures, FREE_OF_CERTIFICATE)
}

/// One minute after the first failure too many, twice as long after each further one, an
/// hour at most.
fn lock(failures: u32, free: u32) -> Option<SignedDuration> {
    let over = failures.checked_sub(free + 1)?;
    let factor = 2_i32.checked_pow(over).unwrap_or(i32::MAX);
    Some(FIRST_LOCK.checked_mul(factor).unwrap_or(LONGEST_LOCK).min(LONGEST_LOCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_grows_to_an_hour_and_no_further() {
        let minutes = |failures| account_lock(failures).map(|lock| lock.as_secs() / 60);
        let table = [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1000, u32::MAX].map(minutes);
        let hour = Some(60);
        assert_eq!(
            table,
            [
                None,
                None,
                None,
                Some(1),
                Some(2),
                Some(4),
                Some(8),
                Some(16),
                Some(32),
                hour,
                hour,
                hour,
                hour
            ]
        );
        assert_eq!((certificate_lock(19), certificate_lock(20)), (None, Some(FIRST_LOCK)));
    }
}

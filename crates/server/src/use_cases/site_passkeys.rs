//! Passkeys (WebAuthn, level 2): added by their owners, and proved at the sign-in in place
//! of the authenticator app's code. Challenges and answers pass through as JSON; between the
//! two halves of an exchange the server keeps its state sealed, for one use.

use super::{
    FieldRefusal, Koshin, NewSession, Oneself, Session, SignInRefusal, SiteError, SiteVisitor, UseCaseError,
    site_invitation::{secret_hash, text},
    site_own_account::session_over,
};
use crate::store::{AuditEvent, AuditKind, NewPasskey, PasskeyRow, SecondProof, StoreError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, PasskeyRegistration, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

/// So long an authenticator may take.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);
/// Purposes of what is remembered meanwhile.
const NEW: &str = "passkey";
const SIGN_IN: &str = "passkey sign-in";
/// More would be somebody filling the records.
const MOST: usize = 20;

/// The site as browsers see it: passkeys are bound to it.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    /// The site's hostname.
    pub id: String,
    /// `https://`, hostname, and the port if it is not 443.
    pub origin: String,
}

impl RelyingParty {
    fn webauthn(&self) -> Result<Webauthn, SiteError> {
        let origin = Url::parse(&self.origin).map_err(|error| defect(&error))?;
        let builder = WebauthnBuilder::new(&self.id, &origin).map_err(|error| defect(&error))?;
        builder.rp_name("Koshin").build().map_err(|error| defect(&error))
    }
}

impl Koshin {
    /// One's own passkeys, the oldest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn own_passkeys(&self, oneself: Oneself<'_>) -> Result<Vec<PasskeyRow>, SiteError> {
        oneself.session.actor()?;
        Ok(self.store.passkeys(oneself.session.administrator_id).await?)
    }

    /// Asks for a new passkey. Returns what `navigator.credentials.create` takes, as JSON.
    ///
    /// # Errors
    /// [`SiteError::SignIn`] when the password is wrong; [`SiteError::TooManyPasskeys`].
    pub async fn begin_passkey(
        &self,
        oneself: Oneself<'_>,
        party: &RelyingParty,
        present: SecretString,
        now: Timestamp,
    ) -> Result<String, SiteError> {
        let session = oneself.session;
        session.actor()?;
        self.confirm_password(oneself.visitor, session, present, now).await?;
        let known = self.store.passkeys(session.administrator_id).await?;
        if known.len() >= MOST {
            return Err(SiteError::TooManyPasskeys);
        }
        let known = known.iter().map(|row| credential(row).map(|passkey| passkey.cred_id().clone()));
        let known = known.collect::<Result<Vec<_>, _>>()?;
        let (challenge, state) = party
            .webauthn()?
            .start_passkey_registration(user_handle(session), &session.login, &session.name, Some(known))
            .map_err(|error| defect(&error))?;
        self.remember(&oneself.session_hash(), NEW, &state, now).await?;
        serde_json::to_string(&challenge).map_err(|error| defect(&error))
    }

    /// Adds the passkey that `answer` proves: what `create` returned, as JSON.
    ///
    /// # Errors
    /// [`SiteError::PasskeyRefused`] when it does not prove one, comes too late or a second
    /// time; [`SiteError::Field`] for a name that cannot be.
    pub async fn finish_passkey(
        &self,
        oneself: Oneself<'_>,
        party: &RelyingParty,
        name: &str,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        oneself.session.actor()?;
        let name = text(name, FieldRefusal::Label)?;
        let keep = oneself.session_hash();
        let state: PasskeyRegistration = self.recall(&keep, NEW, now).await?;
        let answer = serde_json::from_str(answer).map_err(|_| SiteError::PasskeyRefused)?;
        let passkey = party.webauthn()?.finish_passkey_registration(&answer, &state).map_err(refused)?;
        let new = NewPasskey {
            administrator_id: oneself.session.administrator_id,
            credential_id: credential_id(&passkey),
            name: name.clone(),
            credential: serde_json::to_string(&passkey).map_err(|error| defect(&error))?,
        };
        let event = oneself.event(AuditKind::PasskeyAdded, name, now);
        match self.store.add_passkey(new, &keep, event).await {
            Err(StoreError::Exists(_)) => Err(SiteError::PasskeyRefused),
            other => other.map_err(session_over),
        }
    }

    /// Gives one of one's own passkeys another name.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::Field`].
    pub async fn rename_passkey(
        &self,
        oneself: Oneself<'_>,
        id: i64,
        name: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        oneself.session.actor()?;
        let owner = oneself.session.administrator_id;
        let known = self.store.passkeys(owner).await?;
        let before = known.into_iter().find(|row| row.id == id).ok_or(SiteError::NotFound)?.name;
        let name = text(name, FieldRefusal::Label)?;
        if name == before {
            return Ok(());
        }
        let event = oneself.event(AuditKind::PasskeyRenamed, format!("{before:?} becomes {name:?}"), now);
        match self.store.rename_passkey(owner, id, name, event).await? {
            true => Ok(()),
            false => Err(SiteError::NotFound),
        }
    }

    /// Removes one of one's own passkeys.
    ///
    /// # Errors
    /// [`SiteError::SignIn`] when the password is wrong; [`SiteError::NotFound`].
    pub async fn remove_passkey(
        &self,
        oneself: Oneself<'_>,
        id: i64,
        present: SecretString,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        oneself.session.actor()?;
        self.confirm_password(oneself.visitor, oneself.session, present, now).await?;
        let owner = oneself.session.administrator_id;
        let known = self.store.passkeys(owner).await?;
        let name = known.into_iter().find(|row| row.id == id).ok_or(SiteError::NotFound)?.name;
        let event = oneself.event(AuditKind::PasskeyRemoved, name, now);
        let removed = self.store.remove_passkey(owner, id, &oneself.session_hash(), event).await;
        match removed.map_err(session_over)? {
            true => Ok(()),
            false => Err(SiteError::NotFound),
        }
    }

    /// Whether whoever has entered the right password could go on with a passkey.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn has_passkey(&self, half: &Session) -> Result<bool, SiteError> {
        Ok(!self.store.passkeys(half.administrator_id).await?.is_empty())
    }

    /// Asks for one of the account's passkeys, after the password. Returns what
    /// `navigator.credentials.get` takes, as JSON; none when the account has none.
    ///
    /// # Errors
    /// [`SiteError::SessionEnded`] when the first half is over.
    pub async fn begin_passkey_sign_in(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        party: &RelyingParty,
        now: Timestamp,
    ) -> Result<Option<String>, SiteError> {
        let half = self.half_session(visitor, token, now).await?;
        let known = self.store.passkeys(half.administrator_id).await?;
        if known.is_empty() {
            return Ok(None);
        }
        let passkeys = known.iter().map(credential).collect::<Result<Vec<_>, _>>()?;
        let (challenge, state) =
            party.webauthn()?.start_passkey_authentication(&passkeys).map_err(|error| defect(&error))?;
        self.remember(&secret_hash(token), SIGN_IN, &state, now).await?;
        serde_json::to_string(&challenge).map(Some).map_err(|error| defect(&error))
    }

    /// The second half of a sign-in by a passkey: what `get` returned, as JSON.
    ///
    /// # Errors
    /// [`SiteError::SignIn`] when it proves nothing, comes too late or a second time;
    /// [`SiteError::SessionEnded`] when the first half is over.
    pub async fn check_passkey(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        party: &RelyingParty,
        answer: &str,
        now: Timestamp,
    ) -> Result<NewSession, SiteError> {
        let half = self.half_session(visitor, token, now).await?;
        let hash = secret_hash(token);
        let asked = self.store.ceremony(&hash, SIGN_IN, now).await?.is_some();
        if answer.is_empty() || !asked {
            // A browser without passkeys, or a challenge that is too old: nobody has guessed.
            return Err(SiteError::SignIn(SignInRefusal { locked_until: None }));
        }
        let subjects = self.subjects(visitor, &half.login, now).await?;
        self.count(visitor, &subjects, now).await?;
        let judged = match self.proof(visitor, &half, &hash, party, answer, now).await {
            Err(SiteError::PasskeyRefused) => Ok(None),
            Ok(proof) => self.complete(visitor, token, &half, proof, now).await,
            Err(error) => Err(error),
        };
        match self.judged(&subjects, judged).await? {
            Some(session) => Ok(session),
            None => Err(self.refuse(visitor, &half.login, "passkey", now).await?),
        }
    }

    async fn proof(
        &self,
        visitor: &SiteVisitor,
        half: &Session,
        id_hash: &str,
        party: &RelyingParty,
        answer: &str,
        now: Timestamp,
    ) -> Result<SecondProof, SiteError> {
        let state: PasskeyAuthentication = self.recall(id_hash, SIGN_IN, now).await?;
        let answer = serde_json::from_str(answer).map_err(|_| SiteError::PasskeyRefused)?;
        let result = match party.webauthn()?.finish_passkey_authentication(&answer, &state) {
            Ok(result) => result,
            Err(WebauthnError::CredentialPossibleCompromise) => {
                self.store.audit(cloned(visitor, half, now)).await?;
                return Err(SiteError::PasskeyRefused);
            }
            Err(error) => return Err(refused(error)),
        };
        let known = self.store.passkeys(half.administrator_id).await?;
        let used = URL_SAFE_NO_PAD.encode(result.cred_id());
        let row = known.into_iter().find(|row| row.credential_id == used);
        let row = row.ok_or(SiteError::PasskeyRefused)?;
        let mut passkey = credential(&row)?;
        passkey.update_credential(&result);
        let credential = serde_json::to_string(&passkey).map_err(|error| defect(&error))?;
        Ok(SecondProof::Passkey { id: row.id, credential })
    }

    async fn remember(
        &self,
        id_hash: &str,
        purpose: &'static str,
        state: &impl Serialize,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let state = serde_json::to_vec(state).map_err(|error| defect(&error))?;
        let sealed = self.second_factor_key()?.seal_bytes(&state, &ceremony_owner(id_hash, purpose))?;
        let end = now.checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        self.store.begin_ceremony(id_hash, purpose, sealed, end).await.map_err(session_over)
    }

    /// What was remembered, once.
    async fn recall<T: DeserializeOwned>(
        &self,
        id_hash: &str,
        purpose: &'static str,
        now: Timestamp,
    ) -> Result<T, SiteError> {
        let sealed = self.store.end_ceremony(id_hash, purpose, now).await?;
        let sealed = sealed.ok_or(SiteError::PasskeyRefused)?;
        let state = self.second_factor_key()?.open_bytes(&sealed, &ceremony_owner(id_hash, purpose))?;
        serde_json::from_slice(&state).map_err(|error| defect(&error))
    }
}

/// For which session and purpose a state is sealed: it is good for no other.
fn ceremony_owner(id_hash: &str, purpose: &str) -> String {
    format!("{id_hash}\n{purpose}")
}

fn credential(row: &PasskeyRow) -> Result<Passkey, SiteError> {
    serde_json::from_str(&row.credential)
        .map_err(|error| StoreError::Corrupt(format!("passkey {}: {error}", row.id)).into())
}

fn credential_id(passkey: &Passkey) -> String {
    URL_SAFE_NO_PAD.encode(passkey.cred_id())
}

/// A name for the account that says nothing about the person (WebAuthn, 14.6.1).
fn user_handle(session: &Session) -> Uuid {
    let words = format!("koshin administrator {}", session.administrator_id);
    let digest: [u8; 32] = Sha256::digest(words).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}

fn cloned(visitor: &SiteVisitor, half: &Session, now: Timestamp) -> AuditEvent {
    AuditEvent {
        tenant_id: Some(half.tenant_id.clone()),
        common_name: Some(visitor.common_name.clone()),
        serial: Some(visitor.serial.clone()),
        detail: format!("login {}", half.login),
        ..AuditEvent::of(AuditKind::PasskeyCloned, now)
    }
}

fn refused(error: WebauthnError) -> SiteError {
    tracing::info!(%error, "a passkey was refused");
    SiteError::PasskeyRefused
}

fn defect(error: &dyn std::fmt::Display) -> SiteError {
    SiteError::UseCase(UseCaseError::Defect(format!("passkeys: {error}")))
}

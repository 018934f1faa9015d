//! 復旧コード: issued and taken back by an administrator.

use super::{
    Koshin, SessionEnd, SiteError, UseCaseError,
    recovery::CODE,
    site_authority::{Action, Actor},
    site_error::RecoveryRefusal,
    site_terminals::of_terminal,
};
use crate::{
    authority::load_certificates,
    entropy,
    store::{AuditKind, NewRecoveryCode, RecoveryCodeRow, StoreError, TerminalRow},
};
use jiff::Timestamp;
use koshin_policy::{Kind, RecoveryCode, recovery};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What there is to know before a code is issued.
#[derive(Debug, Clone)]
pub struct RecoveryStanding {
    /// The terminal, as in the list.
    pub terminal: TerminalRow,
    /// The code that is good now. Another one would take its place.
    pub open: Option<RecoveryCodeRow>,
    /// Why no code can be issued.
    pub refusal: Option<RecoveryRefusal>,
}

/// A new code. It is shown once; the records keep nothing that it could be read from.
#[derive(Debug, Clone)]
pub struct IssuedCode {
    /// The code.
    pub code: RecoveryCode,
    /// Last instant at which it is good.
    pub expires_at: Timestamp,
    /// The terminal, as in the list.
    pub terminal: TerminalRow,
    /// Where a terminal without a certificate gets its first one.
    pub door: EnrolmentDoor,
}

/// Where terminals reach this server, and how one that knows nothing yet knows it to be the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentDoor {
    /// The address, https.
    pub url: String,
    /// SHA-256 of the root's certificate, hex, where the server's own certificate is of this CA; none where it is of
    /// another one, that PCs know.
    pub ca_fingerprint: Option<String>,
}

impl Koshin {
    /// The terminal and its open code.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn recovery_standing(
        &self,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<RecoveryStanding, SiteError> {
        let terminal = self.own_terminal(actor, Action::IssueRecoveryCode, terminal_id, now).await?;
        let open = self.store.open_recovery_code(terminal_id, now).await?;
        let refusal = self.recovery_refusal(&terminal).await?;
        Ok(RecoveryStanding { terminal, open, refusal })
    }

    /// Issues a code for the terminal. One that was open is good no more.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotRecoverable`].
    pub async fn issue_recovery_code(
        &self,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<IssuedCode, SiteError> {
        let terminal = self.own_terminal(actor, Action::IssueRecoveryCode, terminal_id, now).await?;
        if let Some(refusal) = self.recovery_refusal(&terminal).await? {
            return Err(SiteError::NotRecoverable(refusal));
        }
        let key = self.second_factor_key()?;
        // Before the code is recorded: whatever fails must not keep it from being shown.
        let door = self.enrolment_door().await?;
        let code = RecoveryCode::from_random(&Zeroizing::new(entropy::bytes()));
        let expires_at = recovery::expires_at(now);
        let new = NewRecoveryCode {
            terminal_id,
            code_hash: key.hidden(CODE, &code.written()),
            created_by: actor.words(),
            by: actor.on_behalf(&terminal.tenant_id),
            expires_at,
        };
        let detail = format!("good until {expires_at}");
        let event = of_terminal(actor, &terminal, AuditKind::RecoveryCodeIssued, detail, now);
        match self.store.issue_recovery_code(new, event).await {
            Ok(()) => Ok(IssuedCode { code, expires_at, terminal, door }),
            Err(StoreError::Conflict(_)) => Err(self.ended_meanwhile(actor, terminal_id, now).await?),
            Err(error) => Err(error.into()),
        }
    }

    async fn enrolment_door(&self) -> Result<EnrolmentDoor, SiteError> {
        let url = self.public_url.clone();
        let Some(home) = self.home.clone() else { return Ok(EnrolmentDoor { url, ca_fingerprint: None }) };
        let authority = self.authority();
        // A file: not for an async thread.
        let read = tokio::task::spawn_blocking(move || load_certificates(&home.server_certificate()));
        let chain = read.await.map_err(|error| UseCaseError::Defect(error.to_string()))?;
        let own = chain.map_err(|error| UseCaseError::Defect(error.to_string()))?;
        let of_this_ca = own.first().is_some_and(|leaf| authority.issued(leaf));
        let root = authority.chain().pop().filter(|_| of_this_ca);
        Ok(EnrolmentDoor { url, ca_fingerprint: root.map(|der| hex::encode(Sha256::digest(der))) })
    }

    /// What has ended between the first look and the change: the consent, the terminal, or
    /// else the account.
    async fn ended_meanwhile(
        &self,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<SiteError, SiteError> {
        let terminal = self.own_terminal(actor, Action::IssueRecoveryCode, terminal_id, now).await?;
        Ok(match terminal.stopped_at {
            Some(_) => SiteError::NotRecoverable(RecoveryRefusal::Stopped),
            None => SiteError::SessionEnded(SessionEnd::AccountDisabled),
        })
    }

    /// Takes the terminal's open code back. That there is none is as good.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn cancel_recovery_code(
        &self,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let terminal = self.own_terminal(actor, Action::IssueRecoveryCode, terminal_id, now).await?;
        let event = of_terminal(actor, &terminal, AuditKind::RecoveryCodeCancelled, String::new(), now);
        self.store.cancel_recovery_code(terminal_id, event).await?;
        Ok(())
    }

    /// A code that nothing could be got for is not issued.
    async fn recovery_refusal(&self, terminal: &TerminalRow) -> Result<Option<RecoveryRefusal>, SiteError> {
        let tenant = self.store.tenant(&terminal.tenant_id).await?.ok_or(SiteError::NotFound)?;
        let kind = self.service(&tenant.service)?.renewal.kinds.kind_of(&terminal.common_name);
        Ok(if tenant.suspended {
            Some(RecoveryRefusal::Suspended)
        } else if terminal.stopped_at.is_some() {
            Some(RecoveryRefusal::Stopped)
        } else {
            (kind != Kind::Renewable).then_some(RecoveryRefusal::Kind)
        })
    }
}

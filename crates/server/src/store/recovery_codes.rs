//! Recovery codes: one open one a terminal, good for one certificate.

use super::{
    AnyConnection, AuditEvent, AuditKind, Intent, OnBehalf, Store, StoreError, audit,
    certificates::state_from,
    connection::lock_terminal,
    instant,
    intents::{RecordedIntent, Signed, insert_intent, insert_result},
    left_open::{self, LeftOpen},
    outbox::{Occasion, Subject, announce},
    schema::{certificate, recovery_code, tenant, terminal},
    terminals,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// A code to be issued.
#[derive(Debug, Clone)]
pub struct NewRecoveryCode {
    /// For which terminal.
    pub terminal_id: i64,
    /// The code under the server's key, hex.
    pub code_hash: String,
    /// Who issued it, in words.
    pub created_by: String,
    /// On whose word.
    pub by: OnBehalf,
    /// Last instant at which it is good.
    pub expires_at: Timestamp,
}

/// A code, as a page shows it: without the code, which nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCodeRow {
    /// Row identifier.
    pub id: i64,
    /// Its terminal.
    pub terminal_id: i64,
    /// Who issued it.
    pub created_by: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Last instant at which it is good.
    pub expires_at: Timestamp,
    /// When it was taken back, or gave way to another.
    pub cancelled_at: Option<Timestamp>,
}

/// What a code was exchanged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedCode {
    /// Hex serial of the certificate.
    pub serial: String,
    /// SHA-256 of its public key, hex.
    pub key_fingerprint: String,
    /// The certificate's state.
    pub state: CertificateState,
    /// The certificate, DER.
    pub der: Vec<u8>,
}

/// A known code and all that decides about it.
#[derive(Debug, Clone)]
pub struct FoundCode {
    /// The code.
    pub code: RecoveryCodeRow,
    /// What it was used for.
    pub used: Option<UsedCode>,
    /// Common name of its terminal.
    pub common_name: String,
    /// 端末名
    pub label: Option<String>,
    /// The certificate that the terminal is known by, if it has had one.
    pub current_serial: Option<String>,
    /// Tenant of its terminal.
    pub tenant_id: String,
    /// The tenant's service.
    pub service: String,
    /// Whether the tenant is suspended.
    pub tenant_suspended: bool,
    /// Whether the terminal was stopped (使用停止).
    pub stopped: bool,
}

type CodeColumns = (i64, i64, String, i64, i64, Option<i64>);

/// The columns of [`CodeColumns`], in its order.
macro_rules! code_columns {
    () => {
        (
            recovery_code::id,
            recovery_code::terminal_id,
            recovery_code::created_by,
            recovery_code::created_at,
            recovery_code::expires_at,
            recovery_code::cancelled_at,
        )
    };
}

impl Store {
    /// Issues a code. One that was open before is good no more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the terminal has been stopped, the account of whoever
    /// issues it disabled, their organisation suspended, or the consent withdrawn.
    pub async fn issue_recovery_code(
        &self,
        new: NewRecoveryCode,
        occasion: impl Into<Occasion>,
    ) -> Result<(), StoreError> {
        let occasion = occasion.into();
        self.write(move |connection| {
            let event = &occasion.event;
            left_open::hold(connection, &new.by)?;
            lock_terminal(connection, new.terminal_id)?;
            terminals::not_stopped(connection, new.terminal_id)?;
            cancel_open(connection, new.terminal_id, event.at)?;
            diesel::insert_into(recovery_code::table)
                .values((
                    recovery_code::terminal_id.eq(new.terminal_id),
                    recovery_code::code_hash.eq(&new.code_hash),
                    recovery_code::created_by.eq(&new.created_by),
                    recovery_code::issued_by.eq(new.by.administrator_id),
                    recovery_code::created_at.eq(event.at.as_second()),
                    recovery_code::expires_at.eq(new.expires_at.as_second()),
                ))
                .execute(connection)?;
            let id: i64 = recovery_code::table
                .filter(recovery_code::code_hash.eq(&new.code_hash))
                .select(recovery_code::id)
                .get_result(connection)?;
            occasion.record(connection, &Subject::RecoveryCode(id)).map(drop)
        })
        .await
    }

    /// Takes the terminal's open code back. `false` when there is none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn cancel_recovery_code(
        &self,
        terminal_id: i64,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            lock_terminal(connection, terminal_id)?;
            let cancelled = cancel_open(connection, terminal_id, event.at)?;
            audit::record_if(connection, cancelled, &event)
        })
        .await
    }

    /// The terminal's code that is good at `now`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn open_recovery_code(
        &self,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<Option<RecoveryCodeRow>, StoreError> {
        self.read(move |connection| {
            let columns: Option<CodeColumns> = recovery_code::table
                .filter(recovery_code::terminal_id.eq(terminal_id))
                .filter(recovery_code::used_at.is_null())
                .filter(recovery_code::cancelled_at.is_null())
                .filter(recovery_code::expires_at.ge(now.as_second()))
                .select(code_columns!())
                .get_result(connection)
                .optional()?;
            columns.map(into_row).transpose()
        })
        .await
    }

    /// The code of this hash, whatever became of it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn recovery_code(&self, code_hash: &str) -> Result<Option<FoundCode>, StoreError> {
        let code_hash = code_hash.to_owned();
        self.read(move |connection| find(connection, &code_hash)).await
    }

    /// Records what is about to be signed for a code, which must still be open.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the code is open no more, or its tenant or terminal was
    /// stopped; else as [`Store::record_intent`].
    pub async fn record_recovery_intent(
        &self,
        code_id: i64,
        intent: Intent,
        now: Timestamp,
    ) -> Result<RecordedIntent, StoreError> {
        self.write(move |connection| {
            lock_terminal(connection, intent.terminal_id)?;
            let good: Option<bool> = recovery_code::table
                .inner_join(terminal::table.inner_join(tenant::table))
                .filter(recovery_code::id.eq(code_id))
                .filter(recovery_code::used_at.is_null())
                .filter(recovery_code::cancelled_at.is_null())
                .select(tenant::suspended)
                .get_result(connection)
                .optional()?;
            if good != Some(false) {
                return Err(StoreError::Conflict("the recovery code is open no more"));
            }
            insert_intent(connection, &intent, now)
        })
        .await
    }

    /// Records the signed certificate, that the code is used, and what is told of it: all or
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the code is open no more, or a later intent took the
    /// certificate's place.
    pub async fn record_recovered(
        &self,
        code_id: i64,
        intent: RecordedIntent,
        der: Vec<u8>,
        occasion: impl Into<Occasion>,
    ) -> Result<(), StoreError> {
        let Occasion { event, told } = occasion.into();
        self.write(move |connection| {
            insert_result(connection, &Signed { intent: &intent, der: &der, bundle: None }, &event)?;
            let open = recovery_code::table
                .filter(recovery_code::id.eq(code_id))
                .filter(recovery_code::used_at.is_null())
                .filter(recovery_code::cancelled_at.is_null());
            let changed = diesel::update(open)
                .set((
                    recovery_code::used_at.eq(Some(event.at.as_second())),
                    recovery_code::used_serial.eq(Some(intent.serial())),
                ))
                .execute(connection)?;
            if changed != 1 {
                return Err(StoreError::Conflict("the recovery code is open no more"));
            }
            if let Some(told) = &told {
                announce(connection, &Subject::RecoveryCode(code_id), told, event.at)?;
            }
            Ok(())
        })
        .await
    }

    /// Whether a certificate for this key is being made for the terminal at this moment.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn is_being_certified(
        &self,
        terminal_id: i64,
        key_fingerprint: &str,
    ) -> Result<bool, StoreError> {
        let key_fingerprint = key_fingerprint.to_owned();
        self.read(move |connection| {
            let pending = certificate::table
                .filter(certificate::terminal_id.eq(terminal_id))
                .filter(certificate::key_fingerprint.eq(&key_fingerprint))
                .filter(certificate::state.eq(CertificateState::Pending.as_str()));
            let count: i64 = pending.count().get_result(connection)?;
            Ok(count > 0)
        })
        .await
    }
}

/// Lets the terminal's open code be good no more. Returns how many there were: one at most.
fn cancel_open(
    connection: &mut AnyConnection,
    terminal_id: i64,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let open = recovery_code::table
        .filter(recovery_code::terminal_id.eq(terminal_id))
        .filter(recovery_code::used_at.is_null())
        .filter(recovery_code::cancelled_at.is_null());
    Ok(diesel::update(open).set(recovery_code::cancelled_at.eq(Some(now.as_second()))).execute(connection)?)
}

/// The codes that are open at `at` and that these accounts have issued, for one tenant or all.
pub(super) fn left_open(
    connection: &mut AnyConnection,
    accounts: &[i64],
    tenant: Option<&str>,
    at: Timestamp,
) -> Result<Vec<LeftOpen<i64>>, StoreError> {
    let open: Vec<(i64, i64, String, String)> = recovery_code::table
        .inner_join(terminal::table)
        .filter(recovery_code::used_at.is_null())
        .filter(recovery_code::cancelled_at.is_null())
        .filter(recovery_code::expires_at.ge(at.as_second()))
        .filter(recovery_code::issued_by.eq_any(accounts.iter().copied().map(Some)))
        .order(recovery_code::id)
        .select((recovery_code::id, terminal::id, terminal::tenant_id, terminal::common_name))
        .load(connection)?;
    Ok(open
        .into_iter()
        .map(|(key, terminal_id, tenant_id, common_name)| LeftOpen {
            key,
            terminal_id,
            tenant_id,
            common_name,
        })
        .filter(|code| tenant.is_none_or(|tenant| code.tenant_id == tenant))
        .collect())
}

/// Lets a code be good no more whose terminal is locked, if it is still open.
pub(super) fn cancel(
    connection: &mut AnyConnection,
    code: &LeftOpen<i64>,
    because: &AuditEvent,
) -> Result<(), StoreError> {
    let open = recovery_code::table
        .filter(recovery_code::id.eq(code.key))
        .filter(recovery_code::used_at.is_null())
        .filter(recovery_code::cancelled_at.is_null());
    let cancelled = diesel::update(open)
        .set(recovery_code::cancelled_at.eq(Some(because.at.as_second())))
        .execute(connection)?;
    let event = AuditEvent { kind: AuditKind::RecoveryCodeCancelled, ..code.event(because) };
    audit::record_if(connection, cancelled, &event)?;
    Ok(())
}

type FoundColumns = (
    CodeColumns,
    Option<String>,
    (String, Option<String>, Option<String>, Option<i64>),
    (String, String, bool),
);

fn find(connection: &mut AnyConnection, code_hash: &str) -> Result<Option<FoundCode>, StoreError> {
    let columns: Option<FoundColumns> = recovery_code::table
        .inner_join(terminal::table.inner_join(tenant::table))
        .filter(recovery_code::code_hash.eq(code_hash))
        .select((
            code_columns!(),
            recovery_code::used_serial,
            (terminal::common_name, terminal::label, terminal::current_serial, terminal::stopped_at),
            (tenant::id, tenant::service, tenant::suspended),
        ))
        .get_result(connection)
        .optional()?;
    let Some((code, serial, terminal, tenant)) = columns else { return Ok(None) };
    let (common_name, label, current_serial, stopped_at) = terminal;
    let (tenant_id, service, tenant_suspended) = tenant;
    let used = serial.map(|serial| find_used(connection, serial)).transpose()?;
    Ok(Some(FoundCode {
        code: into_row(code)?,
        used,
        common_name,
        label,
        current_serial,
        tenant_id,
        service,
        tenant_suspended,
        stopped: stopped_at.is_some(),
    }))
}

fn find_used(connection: &mut AnyConnection, serial: String) -> Result<UsedCode, StoreError> {
    let (key_fingerprint, state, der): (String, String, Option<Vec<u8>>) = certificate::table
        .filter(certificate::serial.eq(&serial))
        .select((certificate::key_fingerprint, certificate::state, certificate::der))
        .get_result(connection)?;
    let der = der.ok_or_else(|| StoreError::Corrupt(format!("certificate {serial} without its bytes")))?;
    Ok(UsedCode { serial, key_fingerprint, state: state_from(&state)?, der })
}

fn into_row(
    (id, terminal_id, created_by, created_at, expires_at, cancelled_at): CodeColumns,
) -> Result<RecoveryCodeRow, StoreError> {
    Ok(RecoveryCodeRow {
        id,
        terminal_id,
        created_by,
        created_at: instant(created_at)?,
        expires_at: instant(expires_at)?,
        cancelled_at: cancelled_at.map(instant).transpose()?,
    })
}

//! Bundles that administrators download: one, or several under one token.

use super::{
    AnyConnection, AuditEvent, AuditKind, Store, StoreError,
    attempts::{self, progress},
    audit, bundles,
    connection::lock_terminal,
    endings, instant,
    left_open::LeftOpen,
    schema::{bundle, certificate, site_session, terminal},
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;
use std::collections::BTreeSet;

/// Of a second.
const MICROSECONDS: i64 = 1_000_000;

/// A bundle as an administrator downloads it. Key and PKCS#12 are encrypted.
#[derive(Clone)]
pub struct CarriedBundle {
    /// Hex serial of the certificate in it.
    pub serial: String,
    /// The terminal it is for.
    pub terminal_id: i64,
    /// The terminal's tenant.
    pub tenant_id: String,
    /// Common name.
    pub common_name: String,
    /// 端末名
    pub label: Option<String>,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its last second of validity.
    pub not_after: Timestamp,
    /// The encrypted PKCS#12.
    pub pkcs12: Vec<u8>,
    /// The encrypted PKCS#8, PEM.
    pub private_key: String,
    /// The CA certificates, PEM.
    pub ca_chain: String,
}

/// A bundle that waits for an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingBundle {
    /// Hex serial of the certificate in it.
    pub serial: String,
    /// When it is erased.
    pub expires_at: Timestamp,
    /// Whether it was downloaded.
    pub fetched: bool,
}

impl Store {
    /// Whose terminals the bundles under this token are for. Nothing is noted.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn tenants_of_carried(
        &self,
        set_hash: &str,
        now: Timestamp,
    ) -> Result<BTreeSet<String>, StoreError> {
        let set_hash = set_hash.to_owned();
        self.read(move |connection| {
            let tenants: Vec<String> = bundle::table
                .inner_join(certificate::table.inner_join(terminal::table))
                .filter(bundle::set_hash.eq(&set_hash))
                .filter(bundle::expires_at.gt(now.as_second()))
                .select(terminal::tenant_id)
                .load(connection)?;
            Ok(tenants.into_iter().collect())
        })
        .await
    }

    /// The bundles under this token that still wait, in the order of their common names,
    /// noting in the same transaction that they were fetched: nothing is handed out that
    /// has just ended. `event` is written for each, with its tenant, name and serial.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn fetch_carried(
        &self,
        set_hash: &str,
        event: AuditEvent,
    ) -> Result<Vec<CarriedBundle>, StoreError> {
        let set_hash = set_hash.to_owned();
        self.write(move |connection| {
            let terminals: Vec<i64> = bundle::table
                .filter(bundle::set_hash.eq(&set_hash))
                .order(bundle::terminal_id)
                .select(bundle::terminal_id)
                .load(connection)?;
            for terminal_id in terminals {
                lock_terminal(connection, terminal_id)?;
            }
            let waiting = waiting(connection, &set_hash, event.at)?;
            for bundle in &waiting {
                note_fetched(connection, &bundle.serial, event.at)?;
                attempts::received(connection, bundle.terminal_id, progress::HANDED_OVER, event.at)?;
                let event = AuditEvent {
                    tenant_id: Some(bundle.tenant_id.clone()),
                    common_name: Some(bundle.common_name.clone()),
                    serial: Some(bundle.serial.clone()),
                    ..event.clone()
                };
                audit::record(connection, &event)?;
            }
            Ok(waiting)
        })
        .await
    }

    /// The terminal's unused certificate, if people use it all the same: an administrator is
    /// signed in with it; or it is the only one that works, and somebody was here with it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn unused_at_hand(&self, terminal_id: i64) -> Result<Option<String>, StoreError> {
        self.read(move |connection| {
            let row: Option<(String, i64, i64)> = certificate::table
                .inner_join(terminal::table)
                .filter(certificate::terminal_id.eq(terminal_id))
                .filter(certificate::state.eq(CertificateState::Issued.as_str()))
                .select((certificate::serial, certificate::created_at, terminal::last_seen_at))
                .get_result(connection)
                .optional()?;
            let Some((serial, created_at, last_seen_at)) = row else { return Ok(None) };
            let sessions: i64 = site_session::table
                .filter(site_session::certificate_serial.eq(&serial))
                .filter(site_session::second_factor_at.is_not_null())
                .count()
                .get_result(connection)?;
            let alone = endings::certificate_in_use(connection, terminal_id)?.is_none();
            let seen = last_seen_at >= created_at.div_euclid(MICROSECONDS);
            Ok((sessions > 0 || (alone && seen)).then_some(serial))
        })
        .await
    }

    /// The bundle that waits for an administrator to carry it to this terminal.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn waiting_bundle(
        &self,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<Option<WaitingBundle>, StoreError> {
        self.read(move |connection| {
            let row: Option<(String, i64, Option<i64>)> = bundle::table
                .filter(bundle::terminal_id.eq(terminal_id))
                .filter(bundle::set_hash.is_not_null())
                .filter(bundle::expires_at.gt(now.as_second()))
                .select((bundle::serial, bundle::expires_at, bundle::fetched_at))
                .get_result(connection)
                .optional()?;
            let into = |(serial, expires_at, fetched_at): (String, i64, Option<i64>)| {
                let expires_at = instant(expires_at)?;
                Ok(WaitingBundle { serial, expires_at, fetched: fetched_at.is_some() })
            };
            row.map(into).transpose()
        })
        .await
    }
}

type Columns = (
    (String, i64, Vec<u8>, Option<String>, Option<String>),
    (Option<Vec<u8>>, i64),
    (String, String, Option<String>),
);

fn waiting(
    connection: &mut AnyConnection,
    set_hash: &str,
    now: Timestamp,
) -> Result<Vec<CarriedBundle>, StoreError> {
    let rows: Vec<Columns> = bundle::table
        .inner_join(certificate::table.inner_join(terminal::table))
        .filter(bundle::set_hash.eq(set_hash))
        .filter(bundle::expires_at.gt(now.as_second()))
        .order((terminal::common_name, terminal::id))
        .select((
            (bundle::serial, bundle::terminal_id, bundle::pkcs12, bundle::private_key, bundle::ca_chain),
            (certificate::der, certificate::not_after),
            (terminal::tenant_id, terminal::common_name, terminal::label),
        ))
        .load(connection)?;
    rows.into_iter().map(into_bundle).collect()
}

fn into_bundle((bundle, certificate, terminal): Columns) -> Result<CarriedBundle, StoreError> {
    let (serial, terminal_id, pkcs12, private_key, ca_chain) = bundle;
    let ((Some(certificate), not_after), (tenant_id, common_name, label)) = (certificate, terminal) else {
        return Err(StoreError::Corrupt(format!("bundle of {serial}, which was never signed")));
    };
    let (Some(private_key), Some(ca_chain)) = (private_key, ca_chain) else {
        return Err(StoreError::Corrupt(format!("bundle of {serial}, which lacks its key or CA")));
    };
    let not_after = instant(not_after)?;
    Ok(CarriedBundle {
        serial,
        terminal_id,
        tenant_id,
        common_name,
        label,
        certificate,
        not_after,
        pkcs12,
        private_key,
        ca_chain,
    })
}

fn note_fetched(connection: &mut AnyConnection, serial: &str, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(bundle::table.filter(bundle::serial.eq(serial)))
        .set(bundle::fetched_at.eq(now.as_second()))
        .execute(connection)?;
    bundles::note_first_fetch(connection, serial, now)
}

/// A bundle, by the serial of its certificate.
type Waiting = LeftOpen<String>;

/// What these accounts have prepared and nobody has used, for one tenant or all.
pub(super) fn left_open(
    connection: &mut AnyConnection,
    accounts: &[i64],
    tenant: Option<&str>,
) -> Result<Vec<Waiting>, StoreError> {
    let waiting: Vec<(String, (i64, String, String))> = bundle::table
        .inner_join(certificate::table.inner_join(terminal::table))
        .filter(bundle::issued_by.eq_any(accounts.iter().copied().map(Some)))
        .order(bundle::serial)
        .select((bundle::serial, (terminal::id, terminal::tenant_id, terminal::common_name)))
        .load(connection)?;
    Ok(waiting
        .into_iter()
        .map(|(key, (terminal_id, tenant_id, common_name))| LeftOpen {
            key,
            terminal_id,
            tenant_id,
            common_name,
        })
        .filter(|bundle| tenant.is_none_or(|tenant| bundle.tenant_id == tenant))
        .collect())
}

/// Erases a bundle whose terminal is locked. A certificate that nobody has downloaded ends
/// with it; one that was downloaded may be installed by now.
pub(super) fn withdraw(
    connection: &mut AnyConnection,
    waiting: &Waiting,
    because: &AuditEvent,
) -> Result<(), StoreError> {
    let serial = &waiting.key;
    let Some(downloaded) = bundles::take_away(connection, serial)? else { return Ok(()) };
    if !downloaded {
        endings::never_delivered(connection, serial, because.at)?;
    }
    let event = AuditEvent {
        kind: AuditKind::BundleErased,
        serial: Some(serial.clone()),
        detail: "whoever prepared it may no more".to_owned(),
        ..waiting.event(because)
    };
    audit::record(connection, &event)
}

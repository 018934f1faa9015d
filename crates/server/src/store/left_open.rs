//! What somebody has left open who may no more: recovery codes, and certificates that wait to
//! be carried to their terminals. It ends in the transaction that ends what allowed it.

use super::{
    AnyConnection, AuditEvent, StoreError, account_care, carried,
    connection::lock_terminal,
    consents, recovery_codes,
    schema::{administrator, tenant},
};
use diesel::prelude::*;
use std::collections::BTreeSet;

/// Who has left it open.
pub(super) enum Issuer<'a> {
    /// An account that was disabled.
    Account(i64),
    /// The people of an organisation that was suspended.
    Organisation(&'a str),
    /// The people of a vendor that the clinic lets in no more.
    Vendor {
        /// The clinic's id.
        clinic: &'a str,
        /// The vendor's id.
        vendor: &'a str,
    },
}

impl Issuer<'_> {
    /// The accounts whose things end, and the only tenant where they do, if not in all.
    fn accounts(&self, connection: &mut AnyConnection) -> Result<(Vec<i64>, Option<&str>), StoreError> {
        let people = |organisation: &str, connection: &mut AnyConnection| {
            administrator::table
                .filter(administrator::tenant_id.eq(organisation))
                .select(administrator::id)
                .load(connection)
        };
        Ok(match self {
            Self::Account(id) => (vec![*id], None),
            Self::Organisation(id) => (people(id, connection)?, None),
            Self::Vendor { clinic, vendor } => (people(vendor, connection)?, Some(clinic)),
        })
    }
}

/// What is left open, of one terminal.
pub(super) struct LeftOpen<T> {
    /// What names it in its table.
    pub(super) key: T,
    pub(super) terminal_id: i64,
    pub(super) tenant_id: String,
    pub(super) common_name: String,
}

impl<T> LeftOpen<T> {
    /// The event of its end, which is part of `because`.
    pub(super) fn event(&self, because: &AuditEvent) -> AuditEvent {
        AuditEvent {
            tenant_id: Some(self.tenant_id.clone()),
            common_name: Some(self.common_name.clone()),
            serial: None,
            ..because.clone()
        }
    }
}

/// Ends what the issuer has left open, in the transaction that `because` is of.
pub(super) fn end(
    connection: &mut AnyConnection,
    issuer: &Issuer<'_>,
    because: &AuditEvent,
) -> Result<(), StoreError> {
    let (accounts, tenant) = issuer.accounts(connection)?;
    let codes = recovery_codes::left_open(connection, &accounts, tenant, because.at)?;
    let bundles = carried::left_open(connection, &accounts, tenant)?;
    // All terminals first, in one order, and the chain of events after them.
    let terminals: BTreeSet<i64> = codes
        .iter()
        .map(|code| code.terminal_id)
        .chain(bundles.iter().map(|bundle| bundle.terminal_id))
        .collect();
    for terminal_id in terminals {
        lock_terminal(connection, terminal_id)?;
    }
    for code in &codes {
        recovery_codes::cancel(connection, code, because)?;
    }
    for bundle in &bundles {
        carried::withdraw(connection, bundle, because)?;
    }
    Ok(())
}

/// On whose word something is left open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnBehalf {
    /// The account; none at the command line.
    pub administrator_id: Option<i64>,
    /// The clinic and the vendor between whom a consent allows it, where it needs one.
    pub consent: Option<(String, String)>,
}

/// Holds what allows something to be left open until it is recorded: whoever ends that
/// afterwards finds it. Locked before terminals.
///
/// # Errors
/// [`StoreError::Conflict`] when the consent was withdrawn, the account disabled, or its
/// organisation suspended.
pub(super) fn hold(connection: &mut AnyConnection, by: &OnBehalf) -> Result<(), StoreError> {
    let consented = match &by.consent {
        Some((clinic, vendor)) => consents::hold(connection, clinic, vendor)?,
        None => true,
    };
    let allowed = match by.administrator_id {
        Some(id) => account_care::hold_active(connection, id)? && is_let_in(connection, id)?,
        None => true,
    };
    if consented && allowed { Ok(()) } else { Err(StoreError::Conflict("whoever does this may no more")) }
}

/// Whether the organisation of the account, which the caller holds, is not suspended.
fn is_let_in(connection: &mut AnyConnection, administrator_id: i64) -> Result<bool, StoreError> {
    let suspended: bool = administrator::table
        .inner_join(tenant::table)
        .filter(administrator::id.eq(administrator_id))
        .select(tenant::suspended)
        .get_result(connection)?;
    Ok(!suspended)
}

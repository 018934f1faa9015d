//! Addresses that mail came back from.
//!
//! An address is one organisation's: what another organisation finds out about it is not
//! told to this one.

use super::{
    AnyConnection, AuditEvent, AuditKind, Channel, DeliveryState, Scope, Store, StoreError, audit, instant,
    schema::{notice_bounce, outbox, tenant},
};
use diesel::prelude::*;
use jiff::Timestamp;

/// An address to which nothing is written at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BouncedAddress {
    /// Whose settings named it.
    pub tenant_id: String,
    /// The address.
    pub address: String,
    /// What the mail server said.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// An organisation that mail does not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// The organisation.
    pub tenant_id: String,
    /// Its name.
    pub tenant_name: String,
    /// How many of its addresses mail came back from.
    pub addresses: u64,
}

/// A delivery that came back, as the returned mail names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedDelivery {
    /// Row identifier.
    pub id: i64,
    /// Its mark: who does not know it made the mail up.
    pub mark: String,
    /// What the mail server said.
    pub reason: String,
}

impl Store {
    /// The addresses that mail came back from: of one organisation, or of all.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn bounced_addresses(
        &self,
        tenant_id: Option<&str>,
    ) -> Result<Vec<BouncedAddress>, StoreError> {
        let tenant_id = tenant_id.map(str::to_owned);
        self.read(move |connection| {
            let ordered = notice_bounce::table.order((notice_bounce::tenant_id, notice_bounce::address));
            let columns =
                (notice_bounce::tenant_id, notice_bounce::address, notice_bounce::reason, notice_bounce::at);
            let rows: Vec<(String, String, String, i64)> = match &tenant_id {
                Some(id) => {
                    ordered.filter(notice_bounce::tenant_id.eq(id)).select(columns).load(connection)?
                }
                None => ordered.select(columns).load(connection)?,
            };
            let row = |(tenant_id, address, reason, at)| {
                Ok(BouncedAddress { tenant_id, address, reason, at: instant(at)? })
            };
            rows.into_iter().map(row).collect()
        })
        .await
    }

    /// The organisations in `scope` with such addresses.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn unreached(&self, scope: Scope) -> Result<Vec<Unreached>, StoreError> {
        self.read(move |connection| {
            let grouped = notice_bounce::table
                .inner_join(tenant::table)
                .group_by((tenant::id, tenant::name))
                .order(tenant::id)
                .select((tenant::id, tenant::name, diesel::dsl::count(notice_bounce::address)));
            let rows: Vec<(String, String, i64)> = match &scope {
                Scope::Everything => grouped.load(connection)?,
                Scope::Tenants(tenants) => {
                    grouped.filter(tenant::id.eq_any(tenants.clone())).load(connection)?
                }
            };
            let row = |(tenant_id, tenant_name, count)| Unreached {
                tenant_id,
                tenant_name,
                addresses: u64::try_from(count).unwrap_or(0),
            };
            Ok(rows.into_iter().map(row).collect())
        })
        .await
    }

    /// Records that a mail that the mail server had taken came back. Answers the address, or
    /// `None` when no such mail was sent, or its return is recorded already.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn return_delivery(
        &self,
        returned: ReturnedDelivery,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        self.write(move |connection| {
            let taken = outbox::table
                .filter(outbox::id.eq(returned.id))
                .filter(
                    outbox::mark
                        .eq(&returned.mark)
                        .or(outbox::mark.is_null().and(outbox::serial.eq(&returned.mark)).assume_not_null()),
                )
                .filter(outbox::channel.eq(Channel::Mail.as_str()))
                // Waiting: the mail server took it, and the record of that was lost.
                .filter(
                    outbox::state.eq_any([DeliveryState::Sent.as_str(), DeliveryState::Waiting.as_str()]),
                );
            let changed = diesel::update(taken)
                .set((
                    outbox::state.eq(DeliveryState::Bounced.as_str()),
                    outbox::last_error.eq(Some(returned.reason.as_str())),
                    outbox::ended_at.eq(Some(now.as_second())),
                    outbox::lease.eq(None::<String>),
                    outbox::leased_until.eq(None::<i64>),
                    outbox::sealed.eq(None::<Vec<u8>>),
                ))
                .execute(connection)?;
            if changed == 0 {
                return Ok(None);
            }
            remember(connection, returned.id, &returned.reason, now).map(Some)
        })
        .await
    }

    /// Lets an address get mail again. `false` when none came back from it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn restore_address(
        &self,
        tenant_id: &str,
        address: &str,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let (tenant_id, address) = (tenant_id.to_owned(), address.to_owned());
        self.write(move |connection| {
            let known = notice_bounce::table
                .filter(notice_bounce::tenant_id.eq(&tenant_id))
                .filter(notice_bounce::address.eq(&address));
            if diesel::delete(known).execute(connection)? == 0 {
                return Ok(false);
            }
            audit::record(connection, &event)?;
            Ok(true)
        })
        .await
    }
}

/// Writes nothing more to the address of this delivery, and records why. Answers the address.
pub(super) fn remember(
    connection: &mut AnyConnection,
    delivery: i64,
    reason: &str,
    now: Timestamp,
) -> Result<String, StoreError> {
    let (tenant_id, address, serial): (String, String, Option<String>) = outbox::table
        .filter(outbox::id.eq(delivery))
        .select((outbox::tenant_id, outbox::recipient, outbox::serial))
        .get_result(connection)?;
    let known: i64 = notice_bounce::table
        .filter(notice_bounce::tenant_id.eq(&tenant_id))
        .filter(notice_bounce::address.eq(&address))
        .count()
        .get_result(connection)?;
    if known == 0 {
        diesel::insert_into(notice_bounce::table)
            .values((
                notice_bounce::tenant_id.eq(&tenant_id),
                notice_bounce::address.eq(&address),
                notice_bounce::reason.eq(reason),
                notice_bounce::at.eq(now.as_second()),
            ))
            .execute(connection)?;
    }
    let event = AuditEvent {
        tenant_id: Some(tenant_id),
        serial,
        detail: format!("{address}: {reason}"),
        ..AuditEvent::of(AuditKind::AddressBounced, now)
    };
    audit::record(connection, &event)?;
    Ok(address)
}

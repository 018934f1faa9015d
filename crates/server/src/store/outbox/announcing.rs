//! What happens and is to be told goes into the outbox in the transaction in which it
//! happens: either both are there after a crash, or neither.

use super::{
    super::{
        AnyConnection, AuditEvent, StoreError, audit, notice_settings,
        schema::{administrator, notice_bounce, tenant},
    },
    Channel, DeliveryKey, Subject, Topic, insert,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::event::Event;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A terminal, as a notice names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedTerminal {
    /// Common name.
    pub common_name: String,
    /// 端末名
    pub label: Option<String>,
}

/// What has happened, as it is kept until it has been told. Never holds a secret: no code,
/// no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Occurrence {
    /// A recovery code was issued.
    RecoveryCodeIssued {
        /// For which terminal.
        terminal: NamedTerminal,
        /// By whom.
        by: String,
        /// Last instant at which it is good.
        good_until: Timestamp,
    },
    /// A recovery code was exchanged for a certificate.
    RecoveryCodeUsed {
        /// For which terminal.
        terminal: NamedTerminal,
        /// From which address.
        from: String,
        /// Serial of the certificate, hex.
        serial: String,
    },
    /// No recovery code is judged until the hour is over.
    RecoveryClosed {
        /// When the next hour begins.
        until: Timestamp,
    },
    /// A mass revocation waits for a second operator.
    #[serde(rename = "mass-revocation-proposed")]
    RevocationProposed {
        /// Its number.
        number: i64,
        /// How many certificates it would end.
        certificates: u64,
        /// Why (RFC 5280, 5.3.1).
        reason: String,
        /// By whom.
        by: String,
        /// Until when it waits.
        waits_until: Timestamp,
    },
    /// A mass revocation has ended certificates of the organisation.
    #[serde(rename = "mass-revocation-done")]
    RevocationDone {
        /// Its number.
        number: i64,
        /// How many of the organisation's certificates it has ended.
        certificates: u64,
        /// Why (RFC 5280, 5.3.1).
        reason: String,
        /// The first of their terminals.
        terminals: Vec<NamedTerminal>,
    },
    /// Somebody has become an administrator.
    AdministratorAdded {
        /// Login name.
        login: String,
        /// Name of the person.
        name: String,
    },
    /// A link was made with which an account is set up anew.
    ResetLinkIssued {
        /// The account's login name.
        login: String,
        /// Name of the person.
        name: String,
        /// By whom.
        by: String,
    },
    /// Somebody is invited.
    Invitation {
        /// By whom.
        by: String,
        /// Until when the link is good.
        good_until: Timestamp,
    },
}

impl Occurrence {
    /// Which event it is.
    pub fn event(&self) -> Event {
        match self {
            Self::RecoveryCodeIssued { .. } => Event::RecoveryCodeIssued,
            Self::RecoveryCodeUsed { .. } => Event::RecoveryCodeUsed,
            Self::RecoveryClosed { .. } => Event::RecoveryClosed,
            Self::RevocationProposed { .. } => Event::RevocationProposed,
            Self::RevocationDone { .. } => Event::RevocationDone,
            Self::AdministratorAdded { .. } => Event::AdministratorAdded,
            Self::ResetLinkIssued { .. } => Event::ResetLinkIssued,
            Self::Invitation { .. } => Event::Invitation,
        }
    }

    /// The one terminal that it is about.
    pub fn terminal(&self) -> Option<&NamedTerminal> {
        match self {
            Self::RecoveryCodeIssued { terminal, .. } | Self::RecoveryCodeUsed { terminal, .. } => {
                Some(terminal)
            }
            _ => None,
        }
    }

    pub(super) fn from_record(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text)
            .map_err(|error| StoreError::Corrupt(format!("what a notice tells: {error}")))
    }

    fn record(&self) -> Result<String, StoreError> {
        serde_json::to_string(self)
            .map_err(|error| StoreError::Corrupt(format!("what a notice tells: {error}")))
    }
}

/// Who is told of an event.
#[derive(Debug, Clone)]
pub enum Audience {
    /// An organisation, by its id: all of its administrators whatever its settings, and
    /// whom and what it has added.
    Organisation(String),
    /// The operators, but for the account that brought it about.
    OperatorsBut(Option<i64>),
    /// One person, by mail alone.
    Person {
        /// The organisation that the mail is written for.
        tenant_id: String,
        /// The address.
        address: String,
        /// A token that nobody else may read, sealed.
        sealed: Vec<u8>,
    },
}

/// An event that is to be told.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// What has happened.
    pub occurrence: Occurrence,
    /// Who is told.
    pub to: Audience,
    /// Whether this server can mail: no mail is planned that nobody would send.
    pub mails: bool,
}

/// An event of the trail, with what is told of it.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// The event.
    pub event: AuditEvent,
    /// What is told, if anything is.
    pub told: Option<Announcement>,
}

/// An event of which nobody is told.
impl From<AuditEvent> for Occasion {
    fn from(event: AuditEvent) -> Self {
        Self { event, told: None }
    }
}

impl Occasion {
    /// Records the event and plans what is told of it, in the caller's transaction. Returns
    /// how many deliveries were planned.
    pub(in super::super) fn record(
        &self,
        connection: &mut AnyConnection,
        subject: &Subject,
    ) -> Result<usize, StoreError> {
        // First, for whoever records an event makes all others wait.
        let planned = match &self.told {
            Some(told) => announce(connection, subject, told, self.event.at)?,
            None => 0,
        };
        audit::record(connection, &self.event)?;
        Ok(planned)
    }
}

/// Plans the deliveries of an event, in the caller's transaction. Returns how many.
pub(in super::super) fn announce(
    connection: &mut AnyConnection,
    subject: &Subject,
    told: &Announcement,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let facts = told.occurrence.record()?;
    let notice = Topic::Event(told.occurrence.event());
    let recipients = recipients(connection, told)?;
    let sealed = match &told.to {
        Audience::Person { sealed, .. } => Some(sealed.as_slice()),
        Audience::Organisation(_) | Audience::OperatorsBut(_) => None,
    };
    for (tenant_id, channel, recipient) in &recipients {
        let key = DeliveryKey {
            tenant_id: tenant_id.clone(),
            subject: subject.clone(),
            notice,
            channel: *channel,
            recipient: recipient.clone(),
        };
        insert(connection, &key, Some(&facts), sealed, now)?;
    }
    Ok(recipients.len())
}

/// Organisation, channel and recipient of each delivery, each recipient once.
fn recipients(
    connection: &mut AnyConnection,
    told: &Announcement,
) -> Result<Vec<(String, Channel, String)>, StoreError> {
    let (tenants, except) = match &told.to {
        Audience::Person { tenant_id, address, .. } => {
            let reached = told.mails && !came_back(connection, tenant_id)?.contains(address);
            let one = (tenant_id.clone(), Channel::Mail, address.clone());
            return Ok(reached.then_some(one).into_iter().collect());
        }
        Audience::Organisation(tenant_id) => (vec![tenant_id.clone()], None),
        Audience::OperatorsBut(account) => (operators(connection)?, address_of(connection, *account)?),
    };
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for tenant_id in tenants {
        let (addresses, url) = notice_settings::told_of_events(connection, &tenant_id)?;
        let unreached = came_back(connection, &tenant_id)?;
        let mails = addresses
            .into_iter()
            .map(|recipient| recipient.address)
            .filter(|address| told.mails && !unreached.contains(address) && except.as_ref() != Some(address));
        let mails = mails.map(|address| (Channel::Mail, address));
        // Of two organisations with one address one mail goes there; each signs its own webhook.
        let new = mails.filter(|(_, address)| seen.insert(address.clone()));
        let all_ways: Vec<_> = new.chain(url.map(|url| (Channel::Webhook, url))).collect();
        all.extend(all_ways.into_iter().map(|(channel, to)| (tenant_id.clone(), channel, to)));
    }
    Ok(all)
}

fn operators(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let active = tenant::table.filter(tenant::kind.eq("operator")).filter(tenant::suspended.eq(false));
    Ok(active.order(tenant::id).select(tenant::id).load(connection)?)
}

fn address_of(connection: &mut AnyConnection, account: Option<i64>) -> Result<Option<String>, StoreError> {
    let Some(id) = account else { return Ok(None) };
    let own = administrator::table.filter(administrator::id.eq(id)).select(administrator::mail);
    Ok(own.get_result(connection).optional()?)
}

/// The organisation's addresses that mail came back from.
fn came_back(connection: &mut AnyConnection, tenant_id: &str) -> Result<BTreeSet<String>, StoreError> {
    let addresses: Vec<String> = notice_bounce::table
        .filter(notice_bounce::tenant_id.eq(tenant_id))
        .select(notice_bounce::address)
        .load(connection)?;
    Ok(addresses.into_iter().collect())
}

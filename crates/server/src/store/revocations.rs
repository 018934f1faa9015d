//! 一括失効: which certificates one operator chose, what another one said, how far it is.
//!
//! The certificates are fixed when they are chosen, so that who approves sees exactly what
//! will end. Each step names the state that it expects: of two nodes or two clicks one wins.

mod carrying_out;
mod choosing;

pub use choosing::{Chosen, NewRevocation, RevocationChoice};

use super::{
    AnyConnection, AuditEvent, AuditKind, Store, StoreError,
    accounts::ACTIVE,
    audit, instant,
    outbox::{Occasion, Subject},
    schema::{
        account_reset, administrator, certificate, invitation, mass_revocation, mass_revocation_item, tenant,
        terminal,
    },
};
use diesel::{dsl::count_star, prelude::*};
use jiff::Timestamp;

/// How far a mass revocation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RevocationState {
    /// Its certificates are fixed; it has not been proposed.
    Chosen,
    /// It waits for a second operator.
    Proposed,
    /// It waits to be carried out.
    Approved,
    /// It is being carried out.
    Running,
    /// Every certificate of it has ended.
    Done,
    /// The second operator refused.
    Refused,
    /// Who proposed it took it back.
    Cancelled,
    /// Nobody approved it in its time.
    Outlived,
}

impl RevocationState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Chosen,
        Self::Proposed,
        Self::Approved,
        Self::Running,
        Self::Done,
        Self::Refused,
        Self::Cancelled,
        Self::Outlived,
    ];

    /// The word in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Running => "running",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Outlived => "outlived",
        }
    }

    fn from_record(word: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| StoreError::Corrupt(format!("state of a mass revocation {word:?}")))
    }
}

/// An operator, as a mass revocation remembers one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationHand {
    /// The account.
    pub administrator_id: i64,
    /// Its name in the trail.
    pub name: String,
}

/// A mass revocation with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationRow {
    /// Row identifier.
    pub id: i64,
    /// How far it is.
    pub state: RevocationState,
    /// What was chosen, for people.
    pub choice: String,
    /// RFC 5280, 5.3.1
    pub reason: String,
    /// Who chose, and proposed.
    pub chosen_by: RevocationHand,
    /// When the certificates were fixed.
    pub chosen_at: Timestamp,
    /// Since when it waits for a second operator.
    pub proposed_at: Option<Timestamp>,
    /// Who approved, refused or took it back.
    pub decided_by: Option<RevocationHand>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// When it was carried out, or came to nothing.
    pub ended_at: Option<Timestamp>,
    /// How many certificates it has.
    pub total: u64,
    /// How many of them it has revoked.
    pub revoked: u64,
    /// How many had been revoked before their turn came.
    pub already: u64,
}

/// Whom a mass revocation hits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationHits {
    /// Id, name and number of certificates of each tenant, most first.
    pub tenants: Vec<(String, String, u64)>,
    /// The first certificates, by tenant and common name.
    pub certificates: Vec<HitCertificate>,
}

/// One certificate of a mass revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HitCertificate {
    /// Hex serial.
    pub serial: String,
    /// Its tenant's name.
    pub tenant_name: String,
    /// Common name.
    pub common_name: String,
    /// 端末名
    pub label: Option<String>,
    /// Its end.
    pub not_after: Timestamp,
}

type Columns = (
    (i64, String, String, String),
    (i64, String, i64, Option<i64>),
    (Option<i64>, Option<String>, Option<i64>, Option<i64>),
);

/// The columns of [`Columns`], in its order.
macro_rules! columns {
    () => {
        (
            (mass_revocation::id, mass_revocation::state, mass_revocation::choice, mass_revocation::reason),
            (
                mass_revocation::chosen_by,
                mass_revocation::chosen_by_name,
                mass_revocation::chosen_at,
                mass_revocation::proposed_at,
            ),
            (
                mass_revocation::decided_by,
                mass_revocation::decided_by_name,
                mass_revocation::decided_at,
                mass_revocation::ended_at,
            ),
        )
    };
}

impl Store {
    /// The latest mass revocations, newest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn revocations(&self, limit: u32) -> Result<Vec<RevocationRow>, StoreError> {
        self.read(move |connection| {
            let rows: Vec<Columns> = mass_revocation::table
                .order(mass_revocation::id.desc())
                .limit(i64::from(limit))
                .select(columns!())
                .load(connection)?;
            rows.into_iter().map(|columns| into_row(connection, columns)).collect()
        })
        .await
    }

    /// One mass revocation.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn revocation(&self, id: i64) -> Result<Option<RevocationRow>, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// Whom it hits: all tenants, and the first `limit` certificates.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn revocation_hits(&self, id: i64, limit: u32) -> Result<RevocationHits, StoreError> {
        self.read(move |connection| {
            let items = || {
                mass_revocation_item::table
                    .inner_join(certificate::table.inner_join(terminal::table.inner_join(tenant::table)))
                    .filter(mass_revocation_item::revocation_id.eq(id))
            };
            let mut tenants: Vec<(String, String, i64)> = items()
                .group_by((tenant::id, tenant::name))
                .select((tenant::id, tenant::name, count_star()))
                .load(connection)?;
            tenants.sort_by(|one, other| other.2.cmp(&one.2).then_with(|| one.1.cmp(&other.1)));
            let first: Vec<(String, String, String, Option<String>, i64)> = items()
                .order((
                    tenant::name,
                    tenant::id,
                    terminal::common_name,
                    certificate::not_after,
                    certificate::serial,
                ))
                .limit(i64::from(limit))
                .select((
                    certificate::serial,
                    tenant::name,
                    terminal::common_name,
                    terminal::label,
                    certificate::not_after,
                ))
                .load(connection)?;
            let certificate = |(serial, tenant_name, common_name, label, not_after)| {
                let not_after = instant(not_after)?;
                Ok(HitCertificate { serial, tenant_name, common_name, label, not_after })
            };
            Ok(RevocationHits {
                tenants: tenants.into_iter().map(|(id, name, count)| (id, name, number(count))).collect(),
                certificates: first.into_iter().map(certificate).collect::<Result<_, StoreError>>()?,
            })
        })
        .await
    }

    /// Whether an account was made, or set up anew by somebody else's link, at or after
    /// `since`; also when there is no such account, or it is closed.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn is_younger_than(&self, administrator_id: i64, since: Timestamp) -> Result<bool, StoreError> {
        self.read(move |connection| {
            let made = administrator::table
                .filter(administrator::id.eq(administrator_id))
                .filter(administrator::state.eq(ACTIVE))
                .filter(administrator::created_at.lt(since.as_second()));
            let resets = account_reset::table
                .inner_join(invitation::table)
                .filter(account_reset::administrator_id.eq(administrator_id))
                .filter(invitation::used_at.ge(since.as_second()));
            let made: i64 = made.count().get_result(connection)?;
            let resets: i64 = resets.count().get_result(connection)?;
            Ok(made == 0 || resets > 0)
        })
        .await
    }

    /// How many mass revocations an account has proposed since `since` that nobody else had to
    /// approve.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn revoked_alone_since(&self, by: i64, since: Timestamp) -> Result<u64, StoreError> {
        let carried = [RevocationState::Approved, RevocationState::Running, RevocationState::Done];
        self.read(move |connection| {
            let alone: i64 = mass_revocation::table
                .filter(mass_revocation::chosen_by.eq(by))
                .filter(mass_revocation::state.eq_any(carried.map(RevocationState::as_str)))
                .filter(mass_revocation::decided_by.is_null())
                .filter(mass_revocation::proposed_at.ge(since.as_second()))
                .count()
                .get_result(connection)?;
            Ok(number(alone))
        })
        .await
    }

    /// What was chosen becomes a proposal, or, when it needs no second operator, is to be
    /// carried out. `false` when it is not there to be proposed, or somebody else's.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn propose_revocation(
        &self,
        id: i64,
        by: i64,
        to: RevocationState,
        occasion: impl Into<Occasion>,
    ) -> Result<bool, StoreError> {
        let occasion = occasion.into();
        self.write(move |connection| {
            let chosen = mass_revocation::table
                .filter(mass_revocation::id.eq(id))
                .filter(mass_revocation::chosen_by.eq(by))
                .filter(mass_revocation::state.eq(RevocationState::Chosen.as_str()));
            let changed = diesel::update(chosen)
                .set((
                    mass_revocation::state.eq(to.as_str()),
                    mass_revocation::proposed_at.eq(Some(occasion.event.at.as_second())),
                ))
                .execute(connection)?;
            if changed == 1 {
                occasion.record(connection, &Subject::MassRevocation(id))?;
            }
            Ok(changed == 1)
        })
        .await
    }

    /// Ends the waiting of a proposal made at or after `since`: approved, refused or
    /// cancelled. `false` when it waits no more.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn decide_revocation(
        &self,
        id: i64,
        to: RevocationState,
        by: RevocationHand,
        since: Timestamp,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let at = event.at.as_second();
            let proposed = mass_revocation::table
                .filter(mass_revocation::id.eq(id))
                .filter(mass_revocation::state.eq(RevocationState::Proposed.as_str()))
                .filter(mass_revocation::proposed_at.gt(since.as_second()));
            let changed = diesel::update(proposed)
                .set((
                    mass_revocation::state.eq(to.as_str()),
                    mass_revocation::decided_by.eq(Some(by.administrator_id)),
                    mass_revocation::decided_by_name.eq(Some(&by.name)),
                    mass_revocation::decided_at.eq(Some(at)),
                    mass_revocation::ended_at.eq((to != RevocationState::Approved).then_some(at)),
                ))
                .execute(connection)?;
            if changed == 1 {
                audit::record(connection, &event)?;
            }
            Ok(changed == 1)
        })
        .await
    }

    /// Ends proposals made before `proposed_before`, and forgets what was chosen before
    /// `chosen_before` and never proposed. Returns how many proposals ended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn outlive_revocations(
        &self,
        proposed_before: Timestamp,
        chosen_before: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let state = |state: RevocationState| mass_revocation::state.eq(state.as_str());
        self.write(move |connection| {
            let left = mass_revocation::table
                .filter(state(RevocationState::Chosen))
                .filter(mass_revocation::chosen_at.lt(chosen_before.as_second()));
            diesel::delete(left).execute(connection)?;
            let late: Vec<i64> = mass_revocation::table
                .filter(state(RevocationState::Proposed))
                .filter(mass_revocation::proposed_at.le(proposed_before.as_second()))
                .select(mass_revocation::id)
                .load(connection)?;
            let mut ended = 0;
            for id in late {
                let waiting = mass_revocation::table
                    .filter(mass_revocation::id.eq(id))
                    .filter(state(RevocationState::Proposed));
                let changed = diesel::update(waiting)
                    .set((
                        state(RevocationState::Outlived),
                        mass_revocation::ended_at.eq(Some(now.as_second())),
                    ))
                    .execute(connection)?;
                if changed == 1 {
                    let detail = format!("mass revocation {id}");
                    let kind = AuditKind::RevocationOutlived;
                    audit::record(connection, &AuditEvent { detail, ..AuditEvent::of(kind, now) })?;
                    ended += 1;
                }
            }
            Ok(ended)
        })
        .await
    }
}

fn find(connection: &mut AnyConnection, id: i64) -> Result<Option<RevocationRow>, StoreError> {
    let row: Option<Columns> = mass_revocation::table
        .filter(mass_revocation::id.eq(id))
        .select(columns!())
        .get_result(connection)
        .optional()?;
    row.map(|columns| into_row(connection, columns)).transpose()
}

fn into_row(connection: &mut AnyConnection, columns: Columns) -> Result<RevocationRow, StoreError> {
    let ((id, state, choice, reason), chosen, decided) = columns;
    let (chosen_by, chosen_by_name, chosen_at, proposed_at) = chosen;
    let (decided_by, decided_by_name, decided_at, ended_at) = decided;
    let outcomes: Vec<(Option<String>, i64)> = mass_revocation_item::table
        .filter(mass_revocation_item::revocation_id.eq(id))
        .group_by(mass_revocation_item::outcome)
        .select((mass_revocation_item::outcome, count_star()))
        .load(connection)?;
    let of = |wanted: &str| {
        let found = outcomes.iter().find(|(outcome, _)| outcome.as_deref() == Some(wanted));
        number(found.map_or(0, |(_, count)| *count))
    };
    let hand = |(administrator_id, name)| RevocationHand { administrator_id, name };
    Ok(RevocationRow {
        id,
        state: RevocationState::from_record(&state)?,
        choice,
        reason,
        chosen_by: hand((chosen_by, chosen_by_name)),
        chosen_at: instant(chosen_at)?,
        proposed_at: proposed_at.map(instant).transpose()?,
        decided_by: decided_by.zip(decided_by_name).map(hand),
        decided_at: decided_at.map(instant).transpose()?,
        ended_at: ended_at.map(instant).transpose()?,
        total: number(outcomes.iter().map(|(_, count)| count).sum()),
        revoked: of(REVOKED),
        already: of(ALREADY),
    })
}

/// The outcomes in the records.
const REVOKED: &str = "revoked";
const ALREADY: &str = "already";

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

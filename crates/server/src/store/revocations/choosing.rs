//! Which certificates a mass revocation is about, fixed in one transaction.

use super::{
    super::{
        AnyConnection, Store, StoreError, endings, in_state,
        schema::{certificate, mass_revocation, mass_revocation_item, terminal},
    },
    RevocationHand, RevocationState,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;
use std::collections::HashSet;

/// Rows an insertion; SQLite takes 32,766 values at most.
const PART: usize = 1000;

/// How certificates are chosen. All but serials mean those that terminals work with or wait
/// for, and replaced ones that have not expired: whoever has their keys may still try doors.
/// With each come the unused ones that were renewed from it, however long before the choice:
/// whoever stole a key may have hurried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationChoice {
    /// Those of a tenant.
    Tenant(String),
    /// Those with these serials, lower-case hex.
    Serials(Vec<String>),
    /// Those issued at or after the first instant and before the second.
    IssuedBetween(Timestamp, Timestamp),
}

/// What became of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// It is recorded under this number.
    Recorded(i64),
    /// No certificate fits, or all of them are revoked.
    Nothing,
    /// So many fit: more than may be revoked at once.
    TooMany(u64),
    /// No certificate has these serials.
    Unknown(Vec<String>),
}

/// What is recorded with a choice.
#[derive(Debug, Clone)]
pub struct NewRevocation {
    /// The choice, for people.
    pub words: String,
    /// RFC 5280, 5.3.1
    pub reason: String,
    /// Who chooses.
    pub by: RevocationHand,
    /// When.
    pub at: Timestamp,
    /// Random, never used before.
    pub mark: String,
}

impl Store {
    /// Fixes the certificates of `choice`, `most` at most.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn choose_revocation(
        &self,
        choice: RevocationChoice,
        new: NewRevocation,
        most: u64,
    ) -> Result<Chosen, StoreError> {
        self.write(move |connection| {
            if let RevocationChoice::Serials(serials) = &choice {
                let unknown = unknown(connection, serials)?;
                if !unknown.is_empty() {
                    return Ok(Chosen::Unknown(unknown));
                }
            }
            let mut serials = chosen(connection, &choice, new.at)?;
            with_unused_children(connection, &mut serials)?;
            match u64::try_from(serials.len()).unwrap_or(u64::MAX) {
                0 => Ok(Chosen::Nothing),
                many if many > most => Ok(Chosen::TooMany(many)),
                _ => Ok(Chosen::Recorded(record(connection, &new, &serials)?)),
            }
        })
        .await
    }
}

fn unknown(connection: &mut AnyConnection, serials: &[String]) -> Result<Vec<String>, StoreError> {
    let mut known = HashSet::new();
    for part in serials.chunks(PART) {
        let found: Vec<String> = certificate::table
            .filter(certificate::serial.eq_any(part))
            .select(certificate::serial)
            .load(connection)?;
        known.extend(found);
    }
    Ok(serials.iter().filter(|serial| !known.contains(*serial)).cloned().collect())
}

/// The serials, each once.
fn chosen(
    connection: &mut AnyConnection,
    choice: &RevocationChoice,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let live = [CertificateState::InUse, CertificateState::Issued, CertificateState::Pending]
        .map(CertificateState::as_str);
    let replaced = certificate::state
        .eq(CertificateState::Superseded.as_str())
        .and(certificate::first_used_at.is_not_null())
        .and(certificate::not_after.gt(now.as_second()));
    let live = certificate::state.eq_any(live).or(replaced);
    match choice {
        RevocationChoice::Tenant(tenant_id) => Ok(certificate::table
            .inner_join(terminal::table)
            .filter(terminal::tenant_id.eq(tenant_id))
            .filter(live)
            .select(certificate::serial)
            .load(connection)?),
        RevocationChoice::IssuedBetween(from, to) => Ok(certificate::table
            .filter(certificate::created_at.ge(from.as_microsecond()))
            .filter(certificate::created_at.lt(to.as_microsecond()))
            .filter(live)
            .select(certificate::serial)
            .load(connection)?),
        RevocationChoice::Serials(serials) => {
            let mut all = Vec::with_capacity(serials.len());
            for part in serials.chunks(PART) {
                let found: Vec<String> = certificate::table
                    .filter(certificate::serial.eq_any(part))
                    .filter(certificate::state.ne(CertificateState::Revoked.as_str()))
                    .select(certificate::serial)
                    .load(connection)?;
                all.extend(found);
            }
            Ok(all)
        }
    }
}

/// Adds what was renewed from one of them and waits for its first use.
fn with_unused_children(connection: &mut AnyConnection, serials: &mut Vec<String>) -> Result<(), StoreError> {
    let mut known: HashSet<String> = serials.iter().cloned().collect();
    let mut parents = serials.clone();
    while !parents.is_empty() {
        let mut children = Vec::new();
        for part in parents.chunks(PART) {
            let terminals = endings::terminals_of(connection, part)?;
            let found: Vec<String> = certificate::table
                .filter(certificate::terminal_id.eq_any(terminals))
                .filter(certificate::parent.eq_any(part))
                .filter(in_state::unused())
                .select(certificate::serial)
                .load(connection)?;
            children.extend(found.into_iter().filter(|serial| known.insert(serial.clone())));
        }
        serials.extend(children.iter().cloned());
        parents = children;
    }
    Ok(())
}

fn record(
    connection: &mut AnyConnection,
    new: &NewRevocation,
    serials: &[String],
) -> Result<i64, StoreError> {
    diesel::insert_into(mass_revocation::table)
        .values((
            mass_revocation::mark.eq(&new.mark),
            mass_revocation::state.eq(RevocationState::Chosen.as_str()),
            mass_revocation::choice.eq(&new.words),
            mass_revocation::reason.eq(&new.reason),
            mass_revocation::chosen_by.eq(new.by.administrator_id),
            mass_revocation::chosen_by_name.eq(&new.by.name),
            mass_revocation::chosen_at.eq(new.at.as_second()),
        ))
        .execute(connection)?;
    let id: i64 = mass_revocation::table
        .filter(mass_revocation::mark.eq(&new.mark))
        .select(mass_revocation::id)
        .get_result(connection)?;
    for serial in serials {
        diesel::insert_into(mass_revocation_item::table)
            .values((mass_revocation_item::revocation_id.eq(id), mass_revocation_item::serial.eq(serial)))
            .execute(connection)?;
    }
    Ok(id)
}

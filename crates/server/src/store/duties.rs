//! What one of several nodes does for all, by a lease that must be renewed.
//!
//! The database's clock decides, since those of the nodes differ. A lease keeps nodes from
//! doing the same work twice; that it does no harm when they do, each work sees to itself.

use super::{AnyConnection, Store, StoreError};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Text},
};
use std::time::Duration;

/// Takes what is free, has run out or is ours already. In one order on all nodes, so that none
/// waits for another crosswise.
const TAKE: &str = "
    INSERT INTO job_lease (name, holder, until)
    SELECT name, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $3
    FROM unnest($1) AS name ORDER BY name
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE job_lease.holder = excluded.holder
       OR job_lease.until <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    RETURNING name";

/// What one node does for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Erasing bundles that nobody fetched.
    Erasing,
    /// Making stops final, and forgetting what is over.
    Housekeeping,
    /// Giving audit events their places in the chain.
    Linking,
    /// Planning notices that certificates near their end.
    Notices,
    /// Carrying out mass revocations.
    Revocations,
}

impl Duty {
    /// Every duty.
    pub const ALL: [Self; 5] =
        [Self::Erasing, Self::Housekeeping, Self::Linking, Self::Notices, Self::Revocations];

    /// The stable word, in the records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erasing => "erasing",
            Self::Housekeeping => "housekeeping",
            Self::Linking => "linking",
            Self::Notices => "notices",
            Self::Revocations => "revocations",
        }
    }
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Store {
    /// Whether other nodes may work on the same records.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Takes or keeps every duty that nobody else has, for `life` from now. Returns what
    /// `holder` has: everything, where the records are not shared.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn take_duties(&self, holder: &str, life: Duration) -> Result<Vec<Duty>, StoreError> {
        let holder = holder.to_owned();
        let life = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        self.write(move |connection| {
            let AnyConnection::Postgres(postgres) = connection else { return Ok(Duty::ALL.to_vec()) };
            let taken: Vec<Taken> = diesel::sql_query(TAKE)
                .bind::<Array<Text>, _>(Duty::ALL.map(Duty::as_str).to_vec())
                .bind::<Text, _>(&holder)
                .bind::<BigInt, _>(life)
                .load(postgres)?;
            let has = |duty: &Duty| taken.iter().any(|taken| taken.name == duty.as_str());
            Ok(Duty::ALL.into_iter().filter(has).collect())
        })
        .await
    }

    /// Gives up every duty of `holder`, so that others need not wait for its lease to run out.
    ///
    /// # Errors
    /// When the store is out of reach: the lease runs out.
    pub async fn give_up_duties(&self, holder: &str) -> Result<(), StoreError> {
        let holder = holder.to_owned();
        self.write(move |connection| {
            if let AnyConnection::Postgres(postgres) = connection {
                diesel::sql_query("DELETE FROM job_lease WHERE holder = $1")
                    .bind::<Text, _>(&holder)
                    .execute(postgres)?;
            }
            Ok(())
        })
        .await
    }
}

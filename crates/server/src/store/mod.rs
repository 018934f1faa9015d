//! The records: tenants, terminals, certificates, bundles and the audit trail.
//!
//! One set of queries serves SQLite and PostgreSQL. Every method is one transaction;
//! when it returns `Ok`, the change is durable. Changes name the state that they
//! expect, so that two nodes or two requests cannot both win.
//!
//! On the way of a renewal the one row of a key is read by `get_result`, not by `first`: that adds `LIMIT` with a bound
//! value, which SQLite looks at when it plans, and so plans anew at each call: 14 % of what a renewal cost.

mod account_care;
mod accounts;
mod api_tokens;
mod attempts;
mod audit;
mod audit_chain;
mod bounces;
mod bundles;
mod carried;
mod certificates;
mod connection;
mod consents;
mod duties;
mod endings;
mod error;
mod finding;
mod folding;
mod in_state;
mod intents;
mod kept;
mod kept_bundle;
mod left_open;
mod linking;
mod list_filter;
mod notice_settings;
mod noticed;
mod outbox;
mod overall;
mod overview;
mod passkeys;
mod recovery_attempts;
mod recovery_codes;
mod remembered;
mod revocations;
mod schema;
mod search;
mod service_policy;
mod session_ends;
mod sessions;
mod sign_in;
mod tenant_list;
mod tenants;
mod terminals;
mod tryouts;
mod upgrades;
mod worker;

pub use account_care::{OpenInvitation, ResetRow};
pub use accounts::{AdministratorRow, Credentials, EnrolmentRow, InvitationRow, NewInvitation, Used};
pub use api_tokens::{ApiTokenRow, NewApiToken, TokenCredentials};
pub use attempts::Funnel;
pub(crate) use attempts::progress;
pub use audit::{AuditEvent, AuditKind, AuditRow, TrailQuery};
pub use audit_chain::{ChainBreak, ChainHead, ChainReport};
pub use bounces::{BouncedAddress, ReturnedDelivery, Unreached};
pub use bundles::{BundleRow, Carried, Fetched, NewBundle};
pub use carried::{CarriedBundle, WaitingBundle};
pub use certificates::{CertificateRow, Door, PeerRecord};
pub use connection::{AnyConnection, Location};
pub use consents::{ConsentPage, ConsentQuery, ConsentRow};
pub use duties::Duty;
pub use endings::RevokedNow;
pub use error::StoreError;
pub use finding::FoundCertificate;
pub use folding::fold;
pub use intents::{Intent, RecordedIntent};
pub use left_open::OnBehalf;
pub use linking::Linked;
pub use notice_settings::{MailRecipient, NoticeSettings, SettingsChange, Webhook};
pub use noticed::{Circles, NoticedCertificate};
pub use outbox::{
    Announcement, AttemptEnd, Audience, Channel, DeliveryKey, DeliveryRow, DeliveryState, NamedTerminal,
    Occasion, Occurrence, Subject, Topic, WaitingNotices,
};
pub use overall::AsOf;
pub use overview::{
    Census, Edge, ListFilter, ListSort, Place, Scope, TerminalPage, TerminalQuery, TerminalRow,
    TerminalState, WEEKS_AHEAD,
};
pub use passkeys::{NewPasskey, PasskeyRow};
pub use recovery_attempts::Counted;
pub use recovery_codes::{FoundCode, NewRecoveryCode, RecoveryCodeRow, UsedCode};
pub use revocations::{
    Chosen, HitCertificate, NewRevocation, RevocationChoice, RevocationHand, RevocationHits, RevocationRow,
    RevocationState,
};
pub use search::serial_digits;
pub use service_policy::{ServicePolicy, ServicePolicyRow};
pub use session_ends::SessionEnd;
pub use sessions::{NewSiteSession, SecondProof, SessionRow};
pub use sign_in::{Attempt, Lock};
pub use tenant_list::{TenantChange, TenantPage, TenantQuery, TenantRow};
pub use tenants::{NewTerminal, Tenant, TenantKind, Terminal};
pub use terminals::{Stop, StopRow};
pub use tryouts::Tryout;

use crate::metrics::{Stopwatch, StoreAccess, StoreMetrics, StoreQueue};
use connection::Access;
use diesel::prelude::*;
use overall::Overall;
use std::sync::Arc;
use worker::{Demotions, Queue};

/// Threads that read beside SQLite's writer.
const SQLITE_READERS: usize = 2;
/// Connections to PostgreSQL a node.
const POSTGRES_WORKERS: usize = 8;
/// Connections for what may read for minutes. No renewal waits for them.
const LONG_READERS: usize = 1;

/// A handle on the records. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    writes: Queue,
    reads: Queue,
    long_reads: Queue,
    shared: bool,
    overall: Arc<Overall>,
    metrics: StoreMetrics,
}

impl Store {
    /// Opens the database, bringing its tables up to date first.
    ///
    /// # Errors
    /// When the database cannot be reached or migrated.
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        Self::open_measured(location, StoreMetrics::default())
    }

    /// Opens records that are there, for whoever only reads. Nothing is made, migrated or changed by it, and nobody who does so
    /// is waited for; the database refuses every change.
    ///
    /// # Errors
    /// When there are none, this program does not understand them as they are, or the database cannot be reached.
    pub fn open_to_read(location: &Location) -> Result<Self, StoreError> {
        location.permit_look()?;
        let metrics = StoreMetrics::default();
        let (queue, demotions) = (metrics.queue(StoreQueue::LongRead), Demotions::default());
        let reads = worker::workers(location, Access::Look, LONG_READERS, "store-look", queue, &demotions)?;
        let shared = matches!(location, Location::Postgres(_));
        let (writes, long_reads) = (reads.clone(), reads.clone());
        Ok(Self { writes, reads, long_reads, shared, overall: Arc::default(), metrics })
    }

    /// As [`Self::open`], telling `metrics` what waits and how long it takes.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_measured(location: &Location, metrics: StoreMetrics) -> Result<Self, StoreError> {
        location.migrate()?;
        let demotions = Demotions::default();
        let workers = |access, count, name, queue| {
            worker::workers(location, access, count, name, metrics.queue(queue), &demotions)
        };
        let long_reads = workers(Access::Read, LONG_READERS, "store-long-reader", StoreQueue::LongRead)?;
        let (writes, reads) = match location {
            Location::Sqlite(_) => (
                worker::group_writer(location.clone(), metrics.queue(StoreQueue::Write), metrics.groups())?,
                workers(Access::Read, SQLITE_READERS, "store-reader", StoreQueue::Read)?,
            ),
            Location::Postgres(_) => {
                let shared = workers(Access::Write, POSTGRES_WORKERS, "store", StoreQueue::Shared)?;
                (shared.clone(), shared)
            }
        };
        let shared = matches!(location, Location::Postgres(_));
        Ok(Self { writes, reads, long_reads, shared, overall: Arc::default(), metrics })
    }

    /// Asks the records for nothing, to see whether they answer.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.read(|connection| {
            // Nobody has this id; `first` would have to be planned anew each time.
            let nobody = schema::tenant::table.filter(schema::tenant::id.eq(""));
            let _: Option<String> = nobody.select(schema::tenant::id).get_result(connection).optional()?;
            Ok(())
        })
        .await
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let begun = Stopwatch::start();
        self.metrics.ended(StoreAccess::Write, begun, self.writes.run(work).await)
    }

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let begun = Stopwatch::start();
        self.metrics.ended(StoreAccess::Read, begun, self.reads.run(work).await)
    }

    /// A read by one statement, which needs no transaction around it.
    async fn read_once<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let begun = Stopwatch::start();
        self.metrics.ended(StoreAccess::Read, begun, self.reads.run_statement(work).await)
    }

    /// A read whose length grows with the records: an export, a check of the whole trail.
    /// One at a time, on a connection of its own.
    async fn read_at_length<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let begun = Stopwatch::start();
        self.metrics.ended(StoreAccess::LongRead, begun, self.long_reads.run(work).await)
    }
}

/// Seconds since 1970 as an instant.
///
/// # Errors
/// When the number is outside the years −9999 to 9999.
fn instant(seconds: i64) -> Result<jiff::Timestamp, StoreError> {
    jiff::Timestamp::from_second(seconds)
        .map_err(|error| StoreError::Corrupt(format!("time {seconds}: {error}")))
}

//! A store with one tenant and one terminal.

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use jiff::{SignedDuration, Timestamp};
use koshin_server::store::{
    AuditEvent, AuditKind, CertificateRow, Door, Fetched, Intent, Location, NewBundle, NewTerminal,
    RecordedIntent, Store, Tenant, TenantKind,
};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) location: Location,
    pub(crate) terminal_id: i64,
    _directory: Option<TempDir>,
}

impl Fixture {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(directory.path().join("koshin.db"));
        Self::on(location, Some(directory)).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let url = koshin_testkit::postgres::fresh_database()?;
        Some(Self::on(Location::Postgres(SecretString::from(url)), None).await)
    }

    async fn on(location: Location, directory: Option<TempDir>) -> Self {
        let store = Store::open(&location).unwrap();
        store.add_tenant(tenant("clinic"), now(), event(AuditKind::TenantAdded)).await.unwrap();
        let terminal = store.ensure_terminal(terminal("client001"), now()).await.unwrap();
        Self { store, location, terminal_id: terminal.id, _directory: directory }
    }

    pub(crate) async fn intend(&self, serial: &str, parent: Option<&str>) -> RecordedIntent {
        let intent = Intent { parent: parent.map(str::to_owned), ..self.intent(serial) };
        self.store.record_intent(intent, now()).await.unwrap()
    }

    /// From intent to result, with a bundle under the token hash `bundle-SERIAL`.
    pub(crate) async fn issue(&self, serial: &str, parent: Option<&str>) {
        let intent = self.intend(serial, parent).await;
        let bundle = NewBundle {
            token_hash: format!("bundle-{serial}"),
            pkcs12: b"encrypted".to_vec(),
            expires_at: later(24),
            carried: None,
        };
        let event = event(AuditKind::CertificateRenewed);
        self.store.record_certificate(intent, b"der".to_vec(), Some(bundle), event).await.unwrap();
    }

    pub(crate) async fn confirm(&self, serial: &str) -> bool {
        self.store
            .confirm(serial, self.terminal_id, now(), event(AuditKind::CertificateConfirmed))
            .await
            .unwrap()
    }

    pub(crate) async fn fetch(&self, serial: &str) {
        let hash = format!("bundle-{serial}");
        let fetched = self.store.fetch_bundle(&hash, self.terminal_id, now()).await.unwrap();
        assert!(matches!(fetched, Fetched::Bundle(bytes) if bytes == b"encrypted"), "{serial} waits");
    }

    /// Suspends a tenant, or lets it in again.
    pub(crate) async fn suspend(&self, id: &str, suspended: bool) -> bool {
        let kind = if suspended { AuditKind::TenantSuspended } else { AuditKind::TenantResumed };
        let event = AuditEvent { tenant_id: Some(id.to_owned()), ..AuditEvent::of(kind, now()) };
        self.store.suspend_tenant(id, suspended, event).await.unwrap()
    }

    /// A statement beside the store, for rows that another part of the program writes.
    pub(crate) fn sql(&self, statement: &str) {
        match &self.location {
            Location::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                connection.batch_execute(statement).unwrap();
            }
            Location::Postgres(url) => {
                let mut connection = PgConnection::establish(url.expose_secret()).unwrap();
                connection.batch_execute(statement).unwrap();
            }
        }
    }

    pub(crate) fn intent(&self, serial: &str) -> Intent {
        Intent {
            serial: serial.to_owned(),
            terminal_id: self.terminal_id,
            parent: None,
            door: Door::Legacy,
            key_fingerprint: format!("key-{serial}"),
            not_before: now(),
            not_after: later(24 * 1000),
            to_be_signed: b"tbs".to_vec(),
        }
    }

    pub(crate) async fn row(&self, serial: &str) -> CertificateRow {
        self.store.certificates().await.unwrap().into_iter().find(|row| row.serial == serial).unwrap()
    }

    pub(crate) async fn states(&self) -> Vec<(String, &'static str)> {
        let rows = self.store.certificates().await.unwrap();
        rows.into_iter().map(|row| (row.serial, row.state.as_str())).collect()
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

pub(crate) fn later(hours: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_hours(hours)).unwrap()
}

pub(crate) fn tenant(id: &str) -> Tenant {
    Tenant {
        id: id.to_owned(),
        name: "山田医院".to_owned(),
        service: "default".to_owned(),
        suspended: false,
        kind: TenantKind::Clinic,
    }
}

pub(crate) fn terminal(common_name: &str) -> NewTerminal {
    NewTerminal { tenant_id: "clinic".to_owned(), common_name: common_name.to_owned(), label: None }
}

pub(crate) fn event(kind: AuditKind) -> AuditEvent {
    AuditEvent { tenant_id: Some("clinic".to_owned()), ..AuditEvent::of(kind, now()) }
}

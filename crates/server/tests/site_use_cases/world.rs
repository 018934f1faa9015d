//! A server without a listener: two clinics, a vendor, an operator, each with a terminal.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::{CertificateFacts, KeyAlgorithm};
use koshin_server::{
    authority::Authority,
    config::Config,
    home::Home,
    setup::{self, Wish},
    store::{AuditEvent, AuditKind, Location, Store, Tenant, TenantKind},
    use_cases::{Actor, HandOver, Koshin, SecondFactorKey, Session, SetUp, SiteError, SiteVisitor},
};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::HashMap, sync::Arc};
use tempfile::TempDir;
use totp_rs::Totp;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct World {
    pub(crate) koshin: Arc<Koshin>,
    pub(crate) home: Home,
    peers: HashMap<&'static str, CertificateFacts>,
    directory: TempDir,
}

/// An administrator with an authenticator.
pub(crate) struct Person {
    pub(crate) visitor: SiteVisitor,
    pub(crate) login: String,
    pub(crate) authenticator: Totp,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::new(directory.path().join("server"));
        let wish = Wish {
            host: "localhost".to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            database_url: None,
            ca_key: KeyAlgorithm::P256,
            demo: false,
        };
        setup::init(&home, &wish, now()).unwrap();
        let config = Config::load(&home, None).unwrap();
        let store = Store::open(&Location::Sqlite(home.database())).unwrap();
        let authority = Authority::load(&home).unwrap();
        let key = SecondFactorKey::load_or_create(&home).unwrap();
        let koshin = Koshin::new(store, authority, config, String::new())
            .with_second_factor_key(key)
            .with_home(home.clone());
        let mut world = Self { koshin: Arc::new(koshin), home, peers: HashMap::new(), directory };
        world.organisation("clinic", TenantKind::Clinic).await;
        world.organisation("other", TenantKind::Clinic).await;
        world.organisation("vendor", TenantKind::Vendor).await;
        world.organisation("operator", TenantKind::Operator).await;
        world
    }

    /// Another server over the same records, with the configuration's file alone in mind.
    pub(crate) fn another_node(&self) -> Koshin {
        let config = Config::load(&self.home, None).unwrap();
        let authority = Authority::load(&self.home).unwrap();
        Koshin::new(self.koshin.store().clone(), authority, config, String::new())
    }

    /// One over the same records that lets nobody wait for a processor.
    pub(crate) fn busy_node(&self) -> Koshin {
        let mut config = Config::load(&self.home, None).unwrap();
        config.limits.waiting_renewals = 0;
        let authority = Authority::load(&self.home).unwrap();
        Koshin::new(self.koshin.store().clone(), authority, config, String::new())
    }

    /// One over the same records whose services make keys of this kind at the legacy door.
    pub(crate) fn node_with_legacy_key(&self, algorithm: KeyAlgorithm) -> Koshin {
        let mut config = Config::load(&self.home, None).unwrap();
        config.services.values_mut().for_each(|service| service.legacy_key = algorithm);
        let authority = Authority::load(&self.home).unwrap();
        Koshin::new(self.koshin.store().clone(), authority, config, String::new())
    }

    async fn organisation(&mut self, id: &'static str, kind: TenantKind) {
        let tenant = Tenant {
            id: id.to_owned(),
            name: format!("{id}の名前"),
            service: "default".to_owned(),
            suspended: false,
            kind,
        };
        let event = AuditEvent::of(AuditKind::TenantAdded, now());
        self.koshin.store().add_tenant(tenant, now(), event).await.unwrap();
        let order = HandOver {
            tenant: id.to_owned(),
            common_name: "client001".to_owned(),
            label: Some("受付1".to_owned()),
            not_after: None,
        };
        let files = self.koshin.hand_over(order, now()).await.unwrap();
        let der = pem::parse(&files.certificate).unwrap().into_contents();
        self.peers.insert(id, CertificateFacts::from_der(&der).unwrap());
    }

    /// Somebody at another terminal of the organisation.
    pub(crate) async fn visitor_at(&self, organisation: &str, common_name: &str) -> SiteVisitor {
        let order = HandOver {
            tenant: organisation.to_owned(),
            common_name: common_name.to_owned(),
            label: None,
            not_after: None,
        };
        let files = self.koshin.hand_over(order, now()).await.unwrap();
        let der = pem::parse(&files.certificate).unwrap().into_contents();
        self.koshin.site_visitor(&CertificateFacts::from_der(&der).unwrap(), now()).await.unwrap()
    }

    /// The certificate of an organisation's terminal.
    pub(crate) fn peer(&self, organisation: &str) -> &CertificateFacts {
        &self.peers[organisation]
    }

    pub(crate) async fn visitor(&self, organisation: &str) -> SiteVisitor {
        self.koshin.site_visitor(&self.peers[organisation], now()).await.unwrap()
    }

    pub(crate) async fn invited(&self, organisation: &str) -> SecretString {
        let operator = Actor::command_line();
        self.koshin.invite(&operator, organisation, "taro@example.jp", now()).await.unwrap().token
    }

    /// Somebody who was invited and has set up everything.
    pub(crate) async fn person(&self, organisation: &str, login: &str) -> Person {
        let (visitor, token) = (self.visitor(organisation).await, self.invited(organisation).await);
        let enrolment = self.koshin.begin_set_up(&visitor, &token, set_up(login), now()).await.unwrap();
        let authenticator = Totp::from_url_unchecked(enrolment.otpauth_uri.expose_secret()).unwrap();
        let person = Person { visitor, login: login.to_owned(), authenticator };
        self.koshin.finish_set_up(&person.visitor, &token, &person.code(now()), now()).await.unwrap();
        person
    }

    /// Signs in from beginning to end.
    pub(crate) async fn session(&self, person: &Person, at: Timestamp) -> (SecretString, Session) {
        let half = self.password(person, PASSWORD, at).await.unwrap();
        let whole = self.koshin.check_totp(&person.visitor, &half, &person.code(at), at).await.unwrap();
        let session = self.koshin.site_session(&person.visitor, &whole.token, at).await.unwrap();
        (whole.token, session)
    }

    pub(crate) async fn actor(&self, organisation: &str) -> Actor {
        let person = self.person(organisation, "hanako").await;
        self.session(&person, after_minutes(5)).await.1.actor().unwrap()
    }

    pub(crate) async fn password(
        &self,
        person: &Person,
        password: &str,
        at: Timestamp,
    ) -> Result<SecretString, SiteError> {
        let password = SecretString::from(password);
        let new = self.koshin.check_password(&person.visitor, &person.login, password, at).await?;
        Ok(new.token)
    }

    /// A statement beside the server, for what only a failure or an earlier version does.
    pub(crate) fn sql(&self, statement: &str) {
        let path = self.home.database();
        let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        connection.batch_execute(statement).unwrap();
    }

    /// A directory for a test's own files.
    pub(crate) fn scratch(&self) -> std::path::PathBuf {
        let scratch = self.directory.path().join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    pub(crate) async fn terminal_of(&self, tenant: &str) -> i64 {
        let serial = self.peers[tenant].serial.to_hex();
        self.koshin.store().peer(&serial).await.unwrap().unwrap().terminal_id
    }

    pub(crate) fn serial_of(&self, tenant: &str) -> String {
        self.peers[tenant].serial.to_hex()
    }
}

impl Person {
    /// What the authenticator shows.
    pub(crate) fn code(&self, at: Timestamp) -> String {
        self.authenticator.generate(u64::try_from(at.as_second()).unwrap()).to_string()
    }
}

pub(crate) fn set_up(login: &str) -> SetUp {
    SetUp {
        login: login.to_owned(), name: "山田 花子".to_owned(), password: SecretString::from(PASSWORD)
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

pub(crate) fn after_minutes(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

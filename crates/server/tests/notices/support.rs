//! A clinic with one certificate that ends on 31 March, and the means to tell it so.

use jiff::Timestamp;
use koshin_policy::notice::Notice;
use koshin_server::{
    config::Config,
    home::Home,
    notices::text::Language,
    store::{
        AuditEvent, AuditKind, Channel, DeliveryState, Door, Intent, Location, MailRecipient, NewTerminal,
        Store, Tenant, TenantKind,
    },
    use_cases::{
        Actor, MailWish, NoticeSettingsError, Notices, OrganisationNotices, SecondFactorKey, notices::Step,
    },
};
use koshin_testkit::{MailEncryption, MailServer};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) const CLINIC: &str = "yamada";

pub(crate) struct Clinic {
    pub(crate) store: Store,
    pub(crate) notices: Notices,
    directory: Arc<TempDir>,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Eight in the morning of the day of a notice.
pub(crate) fn morning(notice: Notice) -> Timestamp {
    notice.due_from(at("2026-03-31T23:59:59+09:00"))
}

/// The `[mail]` section for this server.
pub(crate) fn mail_section(server: &MailServer, encryption: MailEncryption) -> String {
    let (word, ca) = match encryption {
        MailEncryption::Plain => ("none", String::new()),
        MailEncryption::StartTls => ("starttls", format!("ca_file = {:?}", server.ca_file())),
        MailEncryption::Tls => ("tls", format!("ca_file = {:?}", server.ca_file())),
    };
    format!(
        "[mail]\nserver = \"localhost\"\nport = {}\nencryption = \"{word}\"\n{ca}\n\
         from = \"証明書のお知らせ <koshin@example.jp>\"\n",
        server.port()
    )
}

impl Clinic {
    /// With a certificate in use, and these sections in the configuration.
    pub(crate) async fn new(sections: &str) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let text =
            format!("host = \"auth.example.jp\"\nlisten = \"127.0.0.1:0\"\n{sections}\n[service.default]\n");
        std::fs::write(directory.path().join("koshin-server.toml"), text).unwrap();
        std::fs::create_dir(directory.path().join("ca")).unwrap();
        let store = Store::open(&Location::Sqlite(directory.path().join("koshin.db"))).unwrap();
        let notices = notices(&store, &directory);
        let clinic = Self { store, notices, directory };
        let tenant = Tenant {
            id: CLINIC.to_owned(),
            name: "山田医院".to_owned(),
            service: "default".to_owned(),
            suspended: false,
            kind: TenantKind::Clinic,
        };
        clinic.store.add_tenant(tenant, issued_at(), event(AuditKind::TenantAdded)).await.unwrap();
        clinic.certificate("5a01", "client001", None).await;
        clinic
    }

    /// A certificate of the terminal 受付1 that is in use, which ends what it replaces.
    pub(crate) async fn certificate(&self, serial: &str, common_name: &str, parent: Option<&str>) {
        let terminal = NewTerminal {
            tenant_id: CLINIC.to_owned(),
            common_name: common_name.to_owned(),
            label: Some("受付1".to_owned()),
        };
        let terminal = self.store.ensure_terminal(terminal, issued_at()).await.unwrap();
        let intent = Intent {
            serial: serial.to_owned(),
            terminal_id: terminal.id,
            parent: parent.map(str::to_owned),
            door: Door::HandOver,
            key_fingerprint: format!("key-{serial}"),
            not_before: issued_at(),
            not_after: at("2026-03-31T23:59:59+09:00"),
            to_be_signed: b"tbs".to_vec(),
        };
        let intent = self.store.record_intent(intent, issued_at()).await.unwrap();
        let renewed = event(AuditKind::CertificateRenewed);
        self.store.record_certificate(intent, b"der".to_vec(), None, renewed).await.unwrap();
        let confirmed = event(AuditKind::CertificateConfirmed);
        assert!(self.store.confirm(serial, terminal.id, issued_at(), confirmed).await.unwrap());
    }

    /// Somebody who runs the service, and is told by mail.
    pub(crate) async fn operator(&self, id: &str) {
        let tenant = Tenant {
            id: id.to_owned(),
            name: "運用".to_owned(),
            service: "default".to_owned(),
            suspended: false,
            kind: TenantKind::Operator,
        };
        self.store.add_tenant(tenant, issued_at(), event(AuditKind::TenantAdded)).await.unwrap();
        let address = MailRecipient { address: format!("{id}@example.jp"), language: "ja".to_owned() };
        let wish = MailWish {
            mail: true,
            administrators: true,
            language: Language::Japanese,
            recipients: vec![address],
            unattended: false,
        };
        let settings = self.notices.of(&Actor::command_line(), id).await.unwrap();
        settings.set_mail(wish, issued_at()).await.unwrap();
    }

    /// The settings, in the hands of whoever sits at the machine.
    pub(crate) async fn settings(&self) -> OrganisationNotices {
        self.notices.of(&Actor::command_line(), CLINIC).await.unwrap()
    }

    pub(crate) async fn recipients(&self, addresses: &[(&str, &str)]) -> Result<(), NoticeSettingsError> {
        let recipient = |(address, language): &(&str, &str)| MailRecipient {
            address: (*address).to_owned(),
            language: (*language).to_owned(),
        };
        let wish = MailWish {
            mail: true,
            administrators: true,
            language: Language::Japanese,
            recipients: addresses.iter().map(recipient).collect(),
            unattended: false,
        };
        self.settings().await.set_mail(wish, issued_at()).await
    }

    /// Sends all that waits. Answers what each attempt came to.
    pub(crate) async fn deliver(&self, channel: Channel, now: Timestamp) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            match self.notices.deliver_one(channel, now).await.unwrap() {
                Step::Idle => return steps,
                step => steps.push(step),
            }
        }
    }

    /// What became of each delivery, with the last error.
    pub(crate) async fn outcomes(&self) -> Vec<(DeliveryState, String)> {
        let rows = self.store.deliveries(None).await.unwrap();
        rows.into_iter().map(|row| (row.state, row.last_error.unwrap_or_default())).collect()
    }

    /// What another process, or this one after a crash, sees of the same records.
    pub(crate) fn another_node(&self) -> Self {
        let config = Config::load(&Home::new(self.directory.path()), None).unwrap();
        let store = Store::open(&config.database).unwrap();
        Self { notices: notices(&store, &self.directory), store, directory: Arc::clone(&self.directory) }
    }
}

fn notices(store: &Store, directory: &TempDir) -> Notices {
    let home = Home::new(directory.path());
    let config = Config::load(&home, None).unwrap();
    Notices::new(store.clone(), &config, SecondFactorKey::load_or_create(&home).unwrap()).unwrap()
}

pub(crate) fn issued_at() -> Timestamp {
    at("2023-03-31T00:00:00Z")
}

pub(crate) fn suspended() -> AuditEvent {
    event(AuditKind::TenantSuspended)
}

fn event(kind: AuditKind) -> AuditEvent {
    AuditEvent {
        at: issued_at(),
        kind,
        actor: None,
        tenant_id: Some(CLINIC.to_owned()),
        common_name: None,
        serial: None,
        detail: String::new(),
    }
}

//! The status window, for homes that are on the disk.

use super::at;
use crate::scratch::{Home, certificate_pem, key_pem};
use jiff::Timestamp;
use koshin::{
    applications::{Credential, Labels},
    cli::{memory::Memory, messages::failures, messages::window as words, status::gather},
    daemon::{
        diary::{Diary, LastResult, Record},
        schedule::Answer,
    },
    doors::{DoorError, NetworkFault},
    environment::Language,
    renewal::journal::CertificateNote,
    window::view::{Doing, Knowledge, view},
};
use koshin_desktop::{Icon, Notice, Status};
use koshin_issuance::{CertificateFacts, PrivateKey};
use koshin_testkit::{TestCa, ca::LeafOptions};
use zeroize::Zeroizing;

/// A quarter past ten in the morning, in Japan.
const NOW: &str = "2026-03-08T01:15:00Z";

/// One of the PC's certificates.
struct Terminal {
    japanese: &'static str,
    english: &'static str,
    common_name: &'static str,
    from: &'static str,
    to: &'static str,
}

const RECEPTION: Terminal = Terminal {
    japanese: "受付1",
    english: "Reception 1",
    common_name: "client001",
    from: "2023-03-31T15:00:00Z",
    to: "2026-03-31T14:59:59Z",
};
const WARD: Terminal = Terminal {
    japanese: "病棟",
    english: "Ward",
    common_name: "client002",
    from: "2025-08-31T15:00:00Z",
    to: "2028-08-31T14:59:59Z",
};
const LABORATORY: Terminal = Terminal {
    japanese: "検査室",
    english: "Laboratory",
    common_name: "client003",
    from: "2023-02-19T15:00:00Z",
    to: "2026-02-19T14:59:59Z",
};

/// Several states at once, all well, and nothing there.
pub(super) fn windows(language: Language) -> Vec<(&'static str, Status)> {
    vec![("status", mixed(language)), ("status-good", good(language)), ("status-empty", empty(language))]
}

fn mixed(language: Language) -> Status {
    let (home, ca) = (Home::new(), TestCa::new("CA"));
    let [reception, ward, laboratory] = [&RECEPTION, &WARD, &LABORATORY].map(|one| one.credential(&ca));
    home.monsiaj(&reception, true);
    home.glclient2(&ward, true);
    list(&home, &laboratory);
    label(&home, language, &[(&RECEPTION, &reception), (&WARD, &ward), (&LABORATORY, &laboratory)]);
    let mut diary = Diary::default();
    let record = diary.record(&sha256(&reception));
    record.last_result = Some(LastResult { at: at("2026-03-07T03:10:00Z"), ..offline(language) });
    record.next_at = Some(at("2026-03-08T03:40:00Z"));
    answered(record, "2026-03-06T23:31:00Z");
    answered(diary.record(&sha256(&ward)), "2026-03-07T23:31:00Z");
    let notice = Notice { icon: Icon::Done, text: words::copied(language).into() };
    shown(&home, &diary, language, Some(&notice))
}

fn good(language: Language) -> Status {
    let (home, ca) = (Home::new(), TestCa::new("CA"));
    let renewed = Terminal { from: "2026-03-07T15:00:00Z", to: "2029-03-31T14:59:59Z", ..RECEPTION };
    let credential = renewed.credential(&ca);
    home.monsiaj(&credential, true);
    label(&home, language, &[(&renewed, &credential)]);
    let mut diary = Diary::default();
    let result = LastResult { at: at("2026-03-08T01:10:00Z"), result: "renewed".into(), text: None };
    diary.record(&sha256(&credential)).last_result = Some(result);
    shown(&home, &diary, language, None)
}

fn empty(language: Language) -> Status {
    shown(&Home::new(), &Diary::default(), language, None)
}

fn shown(home: &Home, diary: &Diary, language: Language, notice: Option<&Notice>) -> Status {
    let report = gather(home.discover(), &Memory::load(&home.environment.state_dir), at(NOW));
    let doing = &Doing::Nothing;
    view(Knowledge { report: &report, diary, automatic: true, language, doing, notice }).status
}

impl Terminal {
    fn credential(&self, ca: &TestCa) -> Credential {
        let (not_before, not_after): (Timestamp, Timestamp) = (at(self.from), at(self.to));
        let identity =
            ca.issue(&LeafOptions { not_before, not_after, ..LeafOptions::client(self.common_name) });
        let key = Zeroizing::new(identity.key.secret_der().to_vec());
        Credential {
            key: PrivateKey::from_pkcs8_der(key).expect("the key was made just now"),
            certificate: CertificateFacts::from_der(&identity.chain[0]).expect("so was the certificate"),
            chain_der: vec![identity.chain[1].to_vec()],
        }
    }
}

/// A list of files, with one certificate.
fn list(home: &Home, credential: &Credential) {
    let certificate = home.write("db/client003.crt", certificate_pem(credential));
    let key = home.write("db/client003.key", key_pem(credential, None));
    let list = format!(
        "[[connection]]\nname = \"files\"\ncertificate = {certificate:?}\nkey = {key:?}\nrenewal_url = \"https://auth.example.jp\"\n"
    );
    home.write(".config/koshin/files.toml", list);
}

/// What the server calls the terminals.
fn label(home: &Home, language: Language, terminals: &[(&Terminal, &Credential)]) {
    let mut labels = Labels::default();
    for (terminal, credential) in terminals {
        let name = match language {
            Language::Japanese => terminal.japanese,
            Language::English => terminal.english,
        };
        labels.insert(&credential.certificate, name);
    }
    home.write(".local/state/koshin/labels.json", labels.to_json());
}

fn offline(language: Language) -> LastResult {
    let host = "auth.example.jp".into();
    let error = DoorError::Network { host, reason: "-".into(), fault: NetworkFault::Connect };
    let explanation = failures::door(language, &error, None);
    let text = [&[explanation.title], &*explanation.lines].concat().join(" | ");
    LastResult { at: at(NOW), result: "failed".into(), text: Some(text) }
}

fn answered(record: &mut Record, when: &str) {
    let asked_at = at(when);
    record.answer = Some(Answer {
        asked_at,
        suggested_at: None,
        hours: None,
        renewable: true,
        opens_at: None,
        absence: None,
        impatient_since: None,
    });
}

fn sha256(credential: &Credential) -> String {
    CertificateNote::from(&credential.certificate).sha256
}

//! Who is told, as one table.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::MailRecipient;
use koshin_policy::{CertificateState, notice::Notice};

fn organisation(addresses: &[&str], unattended: bool) -> NoticeSettings {
    let recipient =
        |address: &&str| MailRecipient { address: (*address).to_owned(), language: "ja".to_owned() };
    NoticeSettings { unattended, recipients: addresses.iter().map(recipient).collect(), ..Default::default() }
}

/// A clinic, its vendor, another clinic's vendor, and the operator. The clinic's and the
/// vendor's lists share an address.
fn surroundings(unattended: bool) -> Surroundings {
    let settings = [
        ("clinic", organisation(&["incho@c", "shared@v"], unattended)),
        ("vendor", organisation(&["shared@v", "support@v"], false)),
        ("stranger", organisation(&["x@s"], false)),
        ("operator", organisation(&["ops@o"], false)),
    ];
    Surroundings {
        settings: settings.map(|(id, settings)| (id.to_owned(), settings)).into(),
        circles: Circles::new(
            vec![("clinic".to_owned(), "vendor".to_owned()), ("other".to_owned(), "stranger".to_owned())],
            vec!["operator".to_owned()],
        ),
        administrators: BTreeMap::new(),
        bounced: HashSet::new(),
        planned: Planned::default(),
        mails: true,
    }
}

fn certificate(failing: bool) -> NoticedCertificate {
    NoticedCertificate {
        serial: "5a01".to_owned(),
        state: CertificateState::InUse,
        not_after: "2026-03-31T23:59:59+09:00".parse().unwrap(),
        common_name: "client001".to_owned(),
        label: None,
        tenant_id: "clinic".to_owned(),
        tenant_name: "clinic".to_owned(),
        service: "default".to_owned(),
        halted: false,
        failing,
        renewal_waits: false,
    }
}

fn told(around: &Surroundings, failing: bool, notice: Notice) -> Vec<String> {
    let certificate = certificate(failing);
    let missing = around.missing(&certificate, notice.due_from(certificate.not_after));
    assert!(missing.iter().all(|key| key.notice == Topic::End(notice)), "{missing:?}");
    missing.into_iter().map(|key| key.recipient).collect()
}

#[test]
fn the_circles_widen_and_nobody_is_told_twice() {
    let clinic = vec!["incho@c", "shared@v"];
    let with_vendor = [clinic.clone(), vec!["support@v"]].concat();
    let with_operator = [with_vendor.clone(), vec!["ops@o"]].concat();
    for notice in Notice::ALL {
        let expected = match notice {
            Notice::Before60 | Notice::Before30 => &clinic,
            Notice::Before14 | Notice::Before7 => &with_vendor,
            _ => &with_operator,
        };
        assert_eq!(&told(&surroundings(false), false, notice), expected, "{notice:?}");
    }
}

#[test]
fn what_is_planned_is_not_missing() {
    let mut around = surroundings(false);
    let certificate = certificate(false);
    let now = Notice::Before3.due_from(certificate.not_after);
    let all = around.missing(&certificate, now);
    let planned = |state| Planned::new(all.iter().map(|key| (key.clone(), state)).collect());
    around.planned = planned(DeliveryState::Sent);
    assert_eq!(around.missing(&certificate, now), []);

    // The clinic took the address that it shares with its vendor away before it was sent:
    // the vendor, who has it still, is told.
    around.planned = planned(DeliveryState::Stopped);
    let shared: Vec<_> = around.missing(&certificate, now);
    let told: Vec<_> = shared.iter().map(|key| (key.tenant_id.as_str(), key.recipient.as_str())).collect();
    assert_eq!(told, [("vendor", "shared@v")]);

    around.mails = false;
    around.planned = Planned::default();
    assert_eq!(around.missing(&certificate, now), [], "without a mail server no mail is planned");
}

#[test]
fn unattended_terminals_are_spoken_of_when_they_fail() {
    let around = surroundings(true);
    assert!(told(&around, false, Notice::Before30).is_empty());
    assert_eq!(told(&around, true, Notice::Before30), ["incho@c", "shared@v"]);
    assert_eq!(told(&around, false, Notice::Before14).len(), 3, "nothing has happened for too long");
}

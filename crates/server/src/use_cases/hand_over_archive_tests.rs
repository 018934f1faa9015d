#![allow(clippy::unwrap_used)]

use super::*;
use std::io::Read;
use zip::ZipArchive;

fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

fn bundle(tenant: &str, common_name: &str) -> CarriedBundle {
    CarriedBundle {
        serial: "0a1b".to_owned(),
        terminal_id: 1,
        tenant_id: tenant.to_owned(),
        common_name: common_name.to_owned(),
        label: Some("受付1".to_owned()),
        certificate: b"certificate".to_vec(),
        not_after: "2029-11-22T08:00:00Z".parse().unwrap(),
        pkcs12: b"pkcs12".to_vec(),
        private_key: "key".to_owned(),
        ca_chain: "ca".to_owned(),
    }
}

fn hosts() -> BTreeMap<String, Vec<String>> {
    let hosts = ["weborca.cloud.example", "db.example:5432"].map(str::to_owned).to_vec();
    BTreeMap::from([("clinic".to_owned(), hosts)])
}

fn names(bundles: &[CarriedBundle]) -> Vec<String> {
    let bytes = archive(bundles, &hosts(), now()).unwrap();
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len()).map(|index| zip.by_index(index).unwrap().name().unwrap().into_owned()).collect()
}

#[test]
fn one_terminal_has_five_files_and_the_guide_opens_in_notepad() {
    let one = [bundle("clinic", "client001")];
    assert_eq!(names(&one), ["client001.p12", "client001.crt", "client001.key", "ca.crt", "手順.txt"]);
    assert_eq!(archive_name(&one, now()), "client001.zip");

    let mut zip = ZipArchive::new(Cursor::new(archive(&one, &hosts(), now()).unwrap())).unwrap();
    let mut guide = String::new();
    zip.by_name("手順.txt").unwrap().read_to_string(&mut guide).unwrap();
    assert!(guide.starts_with("\u{feff}証明書のファイル"), "{guide}");
    assert_eq!(guide.matches('\n').count(), guide.matches("\r\n").count());
    for told in ["受付1", "client001.p12", "2029/11/22 17:00", "0a1b"] {
        assert!(guide.contains(told), "{told} in {guide}");
    }
    assert!(!guide.contains('{'), "everything is filled in: {guide}");
    assert!(guide.contains("■ 接続先\r\n") && guide.contains("　・db.example:5432\r\nほかの"), "{guide}");
}

#[test]
fn without_hosts_the_guide_does_not_speak_of_connections() {
    let guide = guide(&bundle("other", "client001"), &[]);
    assert!(!guide.contains("接続先") && !guide.contains("{"), "{guide}");
}

#[test]
fn several_terminals_have_a_folder_each_that_no_name_leaves() {
    let of_one_tenant = names(&[bundle("clinic", "client001"), bundle("clinic", "db001")]);
    assert_eq!(of_one_tenant.len(), 10);
    assert!(of_one_tenant.contains(&"db001/手順.txt".to_owned()), "{of_one_tenant:?}");
    let of_two = [bundle("clinic", "client001"), bundle("other", "client001")];
    assert!(names(&of_two).contains(&"other/client001/client001.p12".to_owned()));
    assert_eq!(archive_name(&of_two, now()), "certificates-20261122.zip");
    for name in ["../../etc/passwd", "..", ".hidden", "a\\b", "受付", "con:"] {
        let inside = names(&[bundle("clinic", name), bundle("clinic", "client001")]);
        let folder = inside[0].split('/').next().unwrap();
        assert!(!folder.starts_with('.') && !folder.contains(['\\', ':']), "{name} became {folder}");
        assert!(inside.iter().all(|path| path.matches('/').count() == 1), "{inside:?}");
    }
}

#[test]
fn terminals_that_look_alike_have_folders_of_their_own() {
    let numbered = |tenant: &str, common_name: &str, terminal_id| CarriedBundle {
        terminal_id,
        ..bundle(tenant, common_name)
    };
    let all = names(&[
        numbered("山田医院", "client001", 1),
        numbered("鈴木医院", "client001", 2),
        numbered("鈴木医院", "Client001", 3),
    ]);
    let folders: std::collections::BTreeSet<&str> =
        all.iter().map(|path| path.rsplit_once('/').unwrap().0).collect();
    assert_eq!(
        folders.into_iter().collect::<Vec<_>>(),
        ["____/Client001-3", "____/client001", "____/client001-2"]
    );
}

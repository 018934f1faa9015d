//! Java keystores: replaced as files, and read back by Java.

use super::{
    bundle, installed, renew, renew_on, run,
    support::{PASSWORD, World, server::ScriptedServer},
    text,
};
use koshin::{
    applications::{Place, install::InstallError},
    renewal::{Failure, machine::Ending},
    storage::Disk,
};
use koshin_issuance::CertificateFacts;
use std::path::{Path, PathBuf};

/// A keystore with the old key under `alias`, and a trusted certificate beside it.
fn keystore(world: &World, kind: &str) -> PathBuf {
    let file = world.path(&format!("java/{kind}.ks"));
    world.write("java/pass", format!("{PASSWORD}\n").as_bytes());
    let bundle = bundle(world);
    let (destination, source, password) =
        (text(&file), text(&bundle), text(&world.path("java/pass")).to_owned());
    run(
        "keytool",
        &[
            "-importkeystore",
            "-noprompt",
            "-srckeystore",
            source,
            "-srcstoretype",
            "PKCS12",
            "-srcstorepass:file",
            &password,
            "-srcalias",
            "client001",
            "-destkeystore",
            destination,
            "-deststoretype",
            kind,
            "-deststorepass:file",
            &password,
            "-destalias",
            "uketsuke",
        ],
    );
    let ca = world.path("ca.crt");
    run(
        "keytool",
        &[
            "-importcert",
            "-noprompt",
            "-alias",
            "ca",
            "-file",
            text(&ca),
            "-keystore",
            destination,
            "-storepass:file",
            &password,
        ],
    );
    file
}

#[test]
fn keystores_are_read_back_by_java() {
    if !installed(&["keytool"]) {
        return;
    }
    for kind in ["JKS", "PKCS12"] {
        let world = World::new();
        let file = keystore(&world, kind);
        let list = format!(
            "[[keystore]]\nname = \"予約\"\nfile = \"{}\"\nalias = \"Uketsuke\"\npassword_file = \"{}\"\nca = \"{}\"\n\
             renewal_url = \"https://auth.test.example\"\nhook = [\"restart\", \"yoyaku\"]\n",
            file.display(),
            world.path("java/pass").display(),
            world.path("ca.crt").display(),
        );
        world.write(".config/koshin/keystores.toml", list.as_bytes());
        assert_eq!(world.certificates_in_use(None), std::slice::from_ref(&world.certificate), "{kind}");
        let server = ScriptedServer::est(&world.ca);
        let run_of_koshin = renew(&world, &server);
        assert_eq!(run_of_koshin.ending, Ending::Renewed { confirmed: true }, "{kind}: {run_of_koshin:?}");
        assert_eq!(*world.hooks.ran.borrow(), ["restart yoyaku"]);

        let password = world.path("java/pass");
        let listed =
            run("keytool", &["-list", "-v", "-keystore", text(&file), "-storepass:file", text(&password)]);
        let new = CertificateFacts::from_der(&server.record.borrow().issued[0]).unwrap();
        let serial = new.serial.to_string().to_lowercase();
        assert!(
            listed.to_lowercase().contains(serial.trim_start_matches('0')),
            "{kind}: {serial} in {listed}"
        );
        assert!(listed.contains("Alias name: uketsuke") && listed.contains("PrivateKeyEntry"), "{listed}");
        assert!(listed.contains("Alias name: ca") && listed.contains("trustedCertEntry"), "{listed}");
        // Java itself uses the key: it signs a request with it.
        let arguments =
            ["-certreq", "-alias", "uketsuke", "-keystore", text(&file), "-storepass:file", text(&password)];
        assert!(run("keytool", &arguments).contains("BEGIN NEW CERTIFICATE REQUEST"));
    }
}

#[test]
fn a_keystore_with_another_password_is_left_alone() {
    if !installed(&["keytool"]) {
        return;
    }
    let world = World::new();
    let file = keystore(&world, "JKS");
    let before = std::fs::read(&file).unwrap();
    let list =
        format!("[[keystore]]\nfile = \"{}\"\nrenewal_url = \"https://auth.test.example\"\n", file.display());
    world.write(".config/koshin/keystores.toml", list.as_bytes());
    let server = ScriptedServer::est(&world.ca);
    let run = renew_on(&Disk, &world, &server, &["a", "b", "c"]);
    assert_eq!((run.ending, server.issued()), (Ending::Failed, 0));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let run = renew_on(&Disk, &world, &server, &[PASSWORD]);
    assert_eq!(run.ending, Ending::Renewed { confirmed: true }, "{run:?}");
}

/// The second entry would be written into a copy without the first one's new certificate.
#[test]
fn two_entries_of_one_keystore_are_refused_whatever_its_name() {
    if !installed(&["keytool"]) {
        return;
    }
    let world = World::new();
    let file = keystore(&world, "JKS");
    let link = world.path("linked.ks");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let before = std::fs::read(&file).unwrap();
    let entry = |file: &Path| {
        format!(
            "[[keystore]]\nfile = \"{}\"\nalias = \"uketsuke\"\npassword_file = \"{}\"\nca = \"{}\"\n\
             renewal_url = \"https://auth.test.example\"\n",
            file.display(),
            world.path("java/pass").display(),
            world.path("ca.crt").display()
        )
    };
    world.write(".config/koshin/keystores.toml", (entry(&file) + &entry(&link)).as_bytes());
    let run = renew(&world, &ScriptedServer::est(&world.ca));
    assert!(matches!(run.failure, Some(Failure::Install(InstallError::SharedKeystore { .. }))), "{run:?}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_list_with_an_unknown_key_is_told_with_its_file() {
    let world = World::new();
    world.write(".config/koshin/keystores.toml", b"[[keystore]]\nfile = \"/k\"\npasswort = \"x\"\n");
    let found = koshin::applications::discover(&world.environment);
    assert!(found.places.iter().map(|place: &Place| place.app).next().is_none());
    let problem = found.problems[0].to_string();
    assert!(problem.contains("keystores.toml") && problem.contains("passwort"), "{problem}");
}

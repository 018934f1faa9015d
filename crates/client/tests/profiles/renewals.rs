//! Whole renewals of places that a profile describes, against the scripted server.

use crate::support::{World, agreed, server::ScriptedServer};
use koshin::{
    applications::{App, CertificateFiles},
    prompt::ScriptedPrompt,
    renewal::{machine::Ending, performer::Run},
    storage::Disk,
};
use koshin_issuance::{certificate_to_pem, private_key_to_pem};

const HEAD: &str = "renewal_url = \"https://auth.test.example\"\nca = \"~/ca.crt\"\n";

fn renew(world: &World) -> Run {
    let server = ScriptedServer::est(&world.ca);
    let mut runs = world.run(&Disk, &server, &mut ScriptedPrompt::default(), agreed()).unwrap();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn renewed(world: &World) {
    let run = renew(world);
    assert_eq!(run.ending, Ending::Renewed { confirmed: true }, "{run:?}");
    assert!(!world.all_old());
    assert_eq!(world.open_to_others(), Vec::<std::path::PathBuf>::new());
}

fn plain_pair(world: &World) {
    world.write("tls/client.crt", certificate_to_pem(&world.certificate).as_bytes());
    world.write("tls/client.key", private_key_to_pem(&world.key).as_bytes());
}

/// The same certificate in monsiaj and in a nested YAML: one renewal, both or none, each with names of its own habit.
#[test]
fn a_profile_shares_a_renewal_with_a_built_in_application() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    plain_pair(&world);
    let crt = world.path("tls/client.crt").display().to_string();
    let key = world.path("tls/client.key").display().to_string();
    world.write(
        "app.yaml",
        format!("server: x # comment\ntls:\n  cert: {crt}\n  key: \"{key}\"\n").as_bytes(),
    );
    let profile = "[config]\nformat = \"yaml\"\nfiles = [\"~/app.yaml\"]\n[keys]\ncertificate = \"/tls/cert\"\nkey = \"/tls/key\"\n\
                   [new_files]\ncertificate = \"{old}.{yyyymmdd}\"\nkey = \"keys/{yyyyMMddHHmmss}.key\"\n";
    world.write(".config/koshin/profiles/app.toml", format!("{HEAD}{profile}").as_bytes());
    renewed(&world);
    assert_eq!(
        world.read("app.yaml"),
        format!(
            "server: x # comment\ntls:\n  cert: '{crt}.20261122'\n  key: \"{}\"\n",
            world.path("keys/20261122120000.key").display()
        )
    );
    assert!(world.path("tls/client.key").exists(), "the old files stay");
}

#[test]
fn a_key_in_der_stays_der() {
    let world = World::new();
    plain_pair(&world);
    world.write("tls/client.key", world.key.pkcs8_der());
    let profile = "[config]\nformat = \"none\"\n[[certificate]]\ncertificate = \"~/tls/client.crt\"\nkey = \"~/tls/client.key\"\n";
    world.write(".config/koshin/profiles/java.toml", format!("{HEAD}{profile}").as_bytes());
    renewed(&world);
    assert_eq!(std::fs::read(world.path("tls/client.key")).unwrap()[0], 0x30);
}

#[test]
fn one_file_with_certificate_and_key_stays_one_file() {
    let world = World::new();
    let both = certificate_to_pem(&world.certificate) + &private_key_to_pem(&world.key);
    let both = world.write("client.pem", both.as_bytes());
    world.write("app.env", format!("export CERT='{}'\nOTHER=$CERT\n", both.display()).as_bytes());
    let profile = "[config]\nformat = \"env\"\nfiles = [\"~/app.env\"]\n[keys]\ncertificate = \"CERT\"\n\
                   [new_files]\ncertificate = \"client-{yyyyMMddHHmmss}.pem\"\n";
    world.write(".config/koshin/profiles/app.toml", format!("{HEAD}{profile}").as_bytes());
    renewed(&world);
    let new = world.path("client-20261122120000.pem");
    assert_eq!(world.read("app.env"), format!("export CERT='{}'\nOTHER=$CERT\n", new.display()));
    let places = world.places();
    assert_eq!(places[0].certificate, CertificateFiles::Pem { certificate: new.clone(), key: new });
}

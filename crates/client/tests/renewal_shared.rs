//! Places that share a certificate, and are hard to find: none of them may be left with a certificate that has ended.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

mod support;

use koshin::{
    applications::{App, Place, credential, discover},
    cli::{RenewArgs, messages::prompts, renew::renew_all},
    environment::{Environment, Language},
    prompt::{Answer, Asked, PasswordRequest, Prompt, Question, Report, ScriptedPrompt, Step},
    renewal::{
        Failure,
        group::Passwords,
        machine::Ending,
        performer::{Run, Surroundings},
        session::Session,
    },
    storage::{Disk, changes::ChangeError},
};
use secrecy::SecretString;
use support::{
    PASSWORD, World, agreed, now,
    server::{Ca, ScriptedServer},
};

fn surroundings<'a>(world: &'a World, server: &'a ScriptedServer) -> Surroundings<'a> {
    Surroundings {
        clock: &now,
        fs: &Disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &world.environment.state_dir,
    }
}

/// A run in which the user has agreed, and perhaps told a password.
fn renew(
    world: &World,
    server: &ScriptedServer,
    wanted: impl Fn(&Place) -> bool,
    told: Option<&str>,
) -> Vec<Run> {
    let with = surroundings(world, server);
    let mut prompt = ScriptedPrompt::default();
    let mut passwords = Passwords::new(&mut prompt, told.map(SecretString::from));
    let session = Session::begin(&world.environment, wanted, with, &mut passwords).unwrap();
    session.groups.iter().map(|group| session.renew(group, agreed(), with, &mut passwords)).collect()
}

fn certificate_of(world: &World, app: App) -> Vec<u8> {
    let places = discover(&world.environment).places;
    let place = places.iter().find(|place| place.app == app).unwrap();
    // PEM tells its certificate to anybody; the PKCS#12 file keeps the password that the user knows.
    let password = (app == App::Monsiaj).then(|| SecretString::from(PASSWORD));
    match password {
        Some(password) => credential::open(place, Some(&password)).unwrap().certificate.der,
        None => credential::read_certificate(place).unwrap().der,
    }
}

/// A world in which monsiaj asks for its password each time, and glclient2 has saved it.
fn one_locked_of_two() -> World {
    let world = World::new();
    world.install(&[App::Glclient2]);
    world.install_monsiaj(false);
    world
}

#[test]
fn while_a_locked_place_may_share_it_the_old_certificate_is_not_ended() {
    let everything: fn(&Place) -> bool = |_| true;
    let glclient2: fn(&Place) -> bool = |place| place.app == App::Glclient2;
    for first_run in [everything, glclient2] {
        let world = one_locked_of_two();
        let server = ScriptedServer::est(&world.ca);
        let runs = renew(&world, &server, first_run, None);
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].ending, Ending::Renewed { confirmed: false });
        let Some(Failure::PerhapsShared { with }) = &runs[0].failure else { panic!("{:?}", runs[0]) };
        assert_eq!(with[..], ["uketsuke"]);
        assert_eq!(certificate_of(&world, App::Monsiaj), world.certificate);

        // As long as nobody tells the password, this does not change.
        renew(&world, &server, everything, None);
        assert!(server.record.borrow().confirmed.is_empty(), "the old certificate was ended");

        // Then monsiaj gets what glclient2 has. Another certificate would have ended that one.
        let runs = renew(&world, &server, everything, Some(PASSWORD));
        assert!(runs.iter().any(|run| run.ending == Ending::Renewed { confirmed: true }), "{runs:?}");
        let record = server.record.borrow();
        assert_eq!(record.issued.len(), 1);
        assert_eq!(record.confirmed, record.issued);
        for app in [App::Monsiaj, App::Glclient2] {
            assert_eq!(certificate_of(&world, app), record.issued[0], "{app}");
        }
    }
}

#[test]
fn a_place_that_fell_behind_catches_up_although_only_it_was_asked_for() {
    let world = one_locked_of_two();
    let server = ScriptedServer::est(&world.ca);
    renew(&world, &server, |_| true, None);
    // glclient2's certificate awaits its first use; the password is told, and yet only glclient2 is wanted.
    renew(&world, &server, |place| place.app == App::Glclient2, Some(PASSWORD));
    assert!(server.record.borrow().confirmed.is_empty(), "monsiaj has the old one, as anybody can see now");
    renew(&world, &server, |place| place.app == App::Monsiaj, Some(PASSWORD));
    assert_eq!(server.issued(), 1);
    assert_eq!(certificate_of(&world, App::Monsiaj), server.record.borrow().issued[0]);
}

#[test]
fn a_configuration_that_cannot_be_read_may_name_the_certificate_too() {
    let world = World::new();
    world.install(&[App::Monsiaj, App::Glclient2]);
    let text = world.read(".glclient/config.json");
    world.write(".glclient/config.json", b"{\"list\": [");
    let server = ScriptedServer::est(&world.ca);
    let runs = renew(&world, &server, |_| true, None);
    assert_eq!(runs[0].ending, Ending::Renewed { confirmed: false });
    assert!(server.record.borrow().confirmed.is_empty());

    // Repaired, it turns out to use the old certificate, and catches up.
    world.write(".glclient/config.json", text.as_bytes());
    renew(&world, &server, |_| true, None);
    assert_eq!(server.issued(), 1);
    assert_eq!(server.record.borrow().confirmed.len(), 1);
    assert!(!world.all_old());
}

#[test]
fn both_glclient2_folders_are_switched_when_they_share_the_certificate() {
    let world = World::new();
    world.install(&[App::Glclient2]);
    world.write(".glclient2/config.json", world.read(".glclient/config.json").as_bytes());
    let server = ScriptedServer::est(&world.ca);
    let runs = renew(&world, &server, |_| true, None);
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].ending, Ending::Renewed { confirmed: true });
    // Whichever of them the application reads: remove the other, and look.
    for (remaining, other) in [(".glclient", ".glclient2"), (".glclient2", ".glclient")] {
        let (from, to) = (world.path(other).join("config.json"), world.path("aside.json"));
        std::fs::rename(&from, &to).unwrap();
        let place = discover(&world.environment).places.remove(0);
        let opened = credential::open(&place, None).unwrap();
        assert_eq!(opened.certificate.der, server.record.borrow().issued[0], "{remaining}");
        std::fs::rename(&to, &from).unwrap();
    }
}

#[test]
fn what_is_left_of_an_old_folder_keeps_nobody_from_renewing() {
    let world = World::new();
    world.install(&[App::Glclient2]);
    let text = world.read(".glclient/config.json");
    let leftover = world.write(".glclient2/config.json", text.replace("client.pem", "gone.pem").as_bytes());
    let long_ago = std::time::SystemTime::from(now() - support::days(2000));
    std::fs::File::options().write(true).open(leftover).unwrap().set_modified(long_ago).unwrap();
    let server = ScriptedServer::est(&world.ca);
    assert_eq!(renew(&world, &server, |_| true, None)[0].ending, Ending::Renewed { confirmed: true });
}

/// `files.toml` with one entry for each pair of certificate and key.
fn list_files(world: &World, pairs: &[(&str, &str)]) {
    let entries: String = pairs
        .iter()
        .enumerate()
        .map(|(index, (certificate, key))| {
            format!(
                "[[connection]]\nname = \"place {index}\"\ncertificate = \"{}\"\nkey = \"{}\"\nca = \"{}\"\n\
                 renewal_url = \"https://auth.test.example\"\n",
                world.path(certificate).display(),
                world.path(key).display(),
                world.path("ca.crt").display(),
            )
        })
        .collect();
    world.write(".config/koshin/files.toml", entries.as_bytes());
}

#[test]
fn files_that_are_listed_twice_are_written_once() {
    let world = World::new();
    world.install(&[App::Files]);
    std::os::unix::fs::symlink(world.path("tls"), world.path("linked")).unwrap();
    list_files(&world, &[("tls/client.crt", "tls/client.key"), ("linked/client.crt", "linked/client.key")]);
    let server = ScriptedServer::est(&world.ca);
    assert_eq!(renew(&world, &server, |_| true, None)[0].ending, Ending::Renewed { confirmed: true });
    assert!(!world.all_old(), "key and certificate belong together, in both");
}

/// One has certificate and key in one file, the other a key of its own: whichever were written last, the other would
/// have lost its key.
#[test]
fn files_of_which_one_place_would_undo_the_others_are_left_alone() {
    for swapped in [false, true] {
        let world = World::new();
        world.install(&[App::Files]);
        let both = world.read("tls/client.crt") + &world.read("tls/client.key");
        world.write("tls/client.crt", both.as_bytes());
        let mut pairs = [("tls/client.crt", "tls/client.crt"), ("tls/client.crt", "tls/client.key")];
        if swapped {
            pairs.reverse();
        }
        list_files(&world, &pairs);
        let server = ScriptedServer::est(&world.ca);
        let run = renew(&world, &server, |_| true, None).remove(0);
        assert!(matches!(run.failure, Some(Failure::Change(ChangeError::WrittenTwice(_)))), "{run:?}");
        assert!(world.all_old());
        assert!(server.record.borrow().confirmed.is_empty());
    }
}

/// Thinks, and meanwhile somebody puts another terminal's certificate into the files.
struct Meanwhile<'a>(&'a dyn Fn());

impl Prompt for Meanwhile<'_> {
    fn confirm(&mut self, _: &Question) -> Answer {
        (self.0)();
        Answer::Renew
    }

    fn password(&mut self, _: &PasswordRequest) -> Option<SecretString> {
        None
    }

    fn progress(&mut self, step: Step) {
        // After the present certificate was opened for the request.
        if step == Step::Switch {
            (self.0)();
        }
    }

    fn report(&mut self, _: &Report) {}
}

#[test]
fn a_certificate_that_was_put_there_meanwhile_is_not_written_over() {
    let world = World::new();
    world.install(&[App::Files]);
    let other = World::of("client002", now() + support::days(900));
    other.install(&[App::Files]);
    let put = || {
        for file in ["tls/client.crt", "tls/client.key"] {
            world.write(file, other.read(file).as_bytes());
        }
    };
    let server = ScriptedServer::est(&world.ca);
    let runs = world.run(&Disk, &server, &mut Meanwhile(&put), agreed()).unwrap();
    let Some(Failure::Change(ChangeError::ChangedMeanwhile(path))) = &runs[0].failure else {
        panic!("{runs:?}")
    };
    assert!(path.ends_with("tls/client.crt"));
    assert_eq!(certificate_of(&world, App::Files), other.certificate);
}

/// `koshin renew --yes`: what it says, and its exit code.
fn say(world: &World, server: &ScriptedServer, language: Language, app: Option<App>) -> (String, u8) {
    let environment = Environment { language, ..world.environment.clone() };
    let arguments = RenewArgs {
        app,
        connection: None,
        yes: true,
        force: false,
        via: None,
        password_stdin: false,
        json: false,
    };
    let mut prompt = ScriptedPrompt::default();
    let result = renew_all(&arguments, &environment, surroundings(world, server), &mut prompt, None);
    let said = prompt.asked().iter().filter_map(|asked| match asked {
        Asked::Report(report) => Some(prompts::report(language, report)),
        _ => None,
    });
    (said.collect::<Vec<_>>().join("\n"), result.exit_code.number())
}

#[test]
fn the_user_is_told_why_the_old_one_goes_on() {
    for (language, words) in [
        (Language::Japanese, "uketsuke を確認できませんでした"),
        (Language::English, "uketsuke could not be read"),
    ] {
        let world = one_locked_of_two();
        let server = ScriptedServer::est(&world.ca);
        let (told, code) = say(&world, &server, language, Some(App::Glclient2));
        assert!(told.contains(words), "{told}");
        assert_eq!(code, 0, "glclient2 was renewed");
    }
}

/// The key is on a token now; the file that the connection used before is still named.
#[test]
fn a_connection_with_a_token_keeps_nobody_else_from_renewing() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let own = ".monsiaj/monsiaj.jsonrpc.properties";
    let text = world.read(own);
    let second = text.lines().filter(|line| line.contains("config.0")).fold(String::new(), |all, line| {
        all + &line.replace("config.0", "config.1").replace("uketsuke", "card") + "\n"
    });
    world.write(own, format!("{text}{second}monsiaj.config.1.usePKCS11=true\n").as_bytes());
    let server = ScriptedServer::est(&world.ca);
    let (told, code) = say(&world, &server, Language::Japanese, None);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("card：この設定は更新できません"), "{told}");
    let uses_new = discover(&world.environment).places.iter().any(|place| {
        credential::open(place, None).is_ok_and(|opened| opened.certificate.der != world.certificate)
    });
    assert!(uses_new, "{told}");
    assert!(world.read(own).contains("monsiaj.config.1.clientCertificateFile"), "the leftover is left alone");

    // Where there is nothing else, that is an error, and no riddle.
    let token_only = World::new();
    token_only.write(own, format!("{second}monsiaj.config.1.usePKCS11=true\n").as_bytes());
    let (told, code) = say(&token_only, &server, Language::English, Some(App::Monsiaj));
    assert_eq!(code, 16, "{told}");
    assert!(told.contains("card: Cannot be renewed") && !told.contains("unexpected"), "{told}");
}

/// monsiaj's service is nobody's that is known, and has a CA of its own.
#[test]
fn whoever_names_the_server_says_whom_to_trust_there() {
    let world = World::new();
    world.install(&[App::Monsiaj, App::Glclient2]);
    let foreign = koshin_issuance::certificate_to_pem(Ca::new("Service CA").certificate());
    let foreign = world.write("service-ca.crt", foreign.as_bytes());
    let own = ".monsiaj/monsiaj.jsonrpc.properties";
    let text = world.read(own).replace("sms.test.example", "service.nowhere.example");
    let text = text.replace(&*world.path("ca.crt").to_string_lossy(), &foreign.to_string_lossy());
    world.write(own, text.as_bytes());
    // The scripted server insists on being pinned by its own CA.
    let server = ScriptedServer::est(&world.ca);
    assert_eq!(renew(&world, &server, |_| true, None)[0].ending, Ending::Renewed { confirmed: true });
    assert!(!world.all_old());
}

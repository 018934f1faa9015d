//! A profile with a mistake names file, line and key, and hides nothing but itself.

use crate::support::World;
use koshin::applications::{App, DiscoveryWarning, discover};

const GOOD: &str = "[config]\nformat = \"none\"\n[[certificate]]\ncertificate = \"~/tls/client.crt\"\nkey = \"~/tls/client.key\"\n";

#[test]
fn each_mistake_is_told_with_file_line_and_key() {
    let ini = |rest: &str| format!("[config]\nformat = \"ini\"\nfiles = [\"~/a.conf\"]\n{rest}");
    let cases = [
        ("nmae = \"x\"\n".to_owned(), "line 1: nmae: is not a known key here"),
        ("months = \"3\"\n".to_owned() + GOOD, "line 1: months: is not a whole number"),
        ("name = \n".to_owned(), "line 1: "),
        ("name = \"x\"\n".to_owned(), "config: is missing"),
        (
            "[config]\nformat = \"xml\"\n".to_owned(),
            "line 2: config.format: is none of the known words: properties, json",
        ),
        (
            "[config]\nformat = \"ini\"\nfiles = [\"$HOME/x\"]\n".to_owned(),
            "line 3: config.files: names a variable of the environment",
        ),
        (ini(""), "keys: is missing"),
        (ini("[keys]\nkey = \"k\"\n"), "line 5: keys.key: needs certificate beside it"),
        (
            ini("[keys]\ncertificate = \"c\"\ncretificate = \"c\"\n"),
            "line 6: keys.cretificate: is not a known key here",
        ),
        (
            ini("[keys]\ncertificate = \"c\"\n[new_files]\ncertificate = \"client.crt\"\n"),
            "line 7: new_files.certificate: has neither {yyyyMMddHHmmss} nor {yyyymmdd}",
        ),
        (
            ini("[keys]\ncertificate = \"c\"\nkey = \"k\"\n[new_files]\ncertificate = \"{yyyymmdd}.crt\"\n"),
            "new_files.key: is missing, although [keys] names it",
        ),
        (GOOD.to_owned() + "[hook]\nafter = \"reload\"\n", "line 7: hook.after: is not a list of texts"),
        (
            GOOD.to_owned() + "[hook]\ntimeout_seconds = 0\n",
            "line 7: hook.timeout_seconds: is not between 1 and 600",
        ),
        (
            GOOD.to_owned() + "[new_files]\ncertificate = \"{yyyymmdd}.crt\"\n",
            "line 7: new_files.certificate: cannot stand with format = \"none\"",
        ),
    ];
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let good = world.write(".config/koshin/profiles/good.toml", GOOD.as_bytes());
    for (text, expected) in cases {
        let path = world.write(".config/koshin/profiles/broken.toml", text.as_bytes());
        let found = discover(&world.environment);
        let [problem] = &found.problems[..] else { panic!("{text}: {:?}", found.problems) };
        let told = problem.to_string();
        assert!(told.starts_with(&path.display().to_string()) && told.contains(expected), "{text}\n{told}");
        assert_eq!(problem.app, Some("broken".parse().unwrap()));
        let apps: Vec<String> = found.places.iter().map(|place| place.app.to_string()).collect();
        assert_eq!(apps, ["monsiaj", "good"], "a mistake hides nothing else");
    }
    assert!(good.exists());
}

#[test]
fn a_setting_that_nobody_can_be_sure_of_is_a_problem_of_that_connection_only() {
    let world = World::new();
    world.write(
        ".config/koshin/profiles/tunnel.toml",
        b"[config]\nformat = \"ini\"\nfiles = [\"~/tunnel.conf\"]\nconnections = \"sections\"\n[keys]\ncertificate = \"cert\"\n",
    );
    let config = world
        .write("tunnel.conf", b"[one]\ncert = a.pem\ncert = b.pem\n[two]\ncert = c.pem\n[three]\nx = y\n");
    let found = discover(&world.environment);
    let [problem] = &found.problems[..] else { panic!("{:?}", found.problems) };
    let expected =
        format!("{}: line 3: [one] cert: is set in line 2 too: keep one of them", config.display());
    assert_eq!(problem.to_string(), expected);
    let names: Vec<_> = found.places.iter().map(|place| (place.connection, place.name.as_str())).collect();
    assert_eq!(names, [(1, "tunnel two")]);
}

#[test]
fn a_profile_of_the_pc_counts_unless_the_user_has_one_of_that_name() {
    let world = World::new();
    world.write("etc/koshin/profiles/web.toml", format!("name = \"of the PC\"\n{GOOD}").as_bytes());
    assert_eq!(world.places()[0].name, "of the PC");
    world.write(".config/koshin/profiles/web.toml", format!("name = \"of the user\"\n{GOOD}").as_bytes());
    let places = world.places();
    assert_eq!((places.len(), places[0].name.as_str()), (1, "of the user"));
}

#[test]
fn a_profile_whose_application_is_not_here_is_a_warning() {
    let world = World::new();
    let text =
        "[config]\nformat = \"env\"\nfiles = [\"~/a.env\", \"{config}/b.env\"]\n[keys]\npkcs12 = \"P12\"\n";
    world.write(".config/koshin/profiles/later.toml", text.as_bytes());
    let found = discover(&world.environment);
    let [DiscoveryWarning::NothingToRead { files, .. }] = &found.warnings[..] else { panic!("{found:?}") };
    assert_eq!(*files, [world.path("a.env"), world.path(".config/b.env")]);
}

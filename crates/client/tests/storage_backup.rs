//! `koshin backup` and `koshin restore`.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

mod support;

use koshin::{
    applications::App,
    cli::backup::{back_up, restore},
    prompt::ScriptedPrompt,
    renewal::Failure,
    storage::{Disk, backup::BackupError},
};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};
use support::{
    World, agreed,
    disk::{EIO, FaultyDisk},
    now,
    server::ScriptedServer,
};

fn world() -> World {
    let world = World::new();
    world.install(&App::ALL);
    world
}

fn renew(world: &World) {
    world.run(&Disk, &ScriptedServer::est(&world.ca), &mut ScriptedPrompt::default(), agreed()).unwrap();
    assert!(!world.all_old());
}

fn backed_up(world: &World) -> PathBuf {
    let directory = world.path("usb/koshin-backup");
    back_up(&Disk, &directory, &world.environment, now()).unwrap();
    directory
}

#[test]
fn a_backup_holds_every_configuration_and_certificate_privately() {
    let world = world();
    let made = back_up(&Disk, &world.path("backup"), &world.environment, now()).unwrap();
    // 4 configurations, hosts.toml, 1 bundle, 3 pairs, 1 CA.
    assert_eq!((made.files, made.missing.len()), (13, 0));
    let modes = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(modes(world.path("backup")), 0o700);
    for entry in fs::read_dir(world.path("backup")).unwrap() {
        assert_eq!(modes(entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_restored_backup_brings_everything_back() {
    let world = world();
    let directory = backed_up(&world);
    renew(&world);
    let restored = restore(&Disk, &directory, &world.environment, now()).unwrap();
    assert!(world.all_old());
    // The other three applications got new names; only what is replaced in place or names them differs.
    assert_eq!(restored.files, 5, "three configurations, and the pair of `files`");
    assert!(world.open_to_others().is_empty(), "{:?}", world.open_to_others());

    // What was replaced is a backup itself.
    let replaced = restored.replaced.unwrap();
    restore(&Disk, &replaced, &world.environment, now()).unwrap();
    assert!(!world.all_old());
}

#[test]
fn a_certificate_that_was_replaced_comes_back_with_a_warning() {
    let world = world();
    let directory = backed_up(&world);
    let same = restore(&Disk, &directory, &world.environment, now()).unwrap();
    assert!(same.ended.is_empty());
    renew(&world);
    let restored = restore(&Disk, &directory, &world.environment, now()).unwrap();
    assert_eq!(restored.ended.len(), 4, "{:?}", restored.ended);
    assert_eq!(restored.ended[0], "uketsuke");
    let again = restore(&Disk, &restored.replaced.unwrap(), &world.environment, now()).unwrap();
    assert!(again.ended.is_empty(), "the new one is good: {:?}", again.ended);

    // Nothing was renewed meanwhile, but the years have passed.
    let world = self::world();
    let directory = backed_up(&world);
    fs::remove_dir_all(world.path(".monsiaj")).unwrap();
    let late = now() + support::days(31);
    assert_eq!(restore(&Disk, &directory, &world.environment, late).unwrap().ended, ["uketsuke"]);
}

#[test]
fn a_symlink_to_nowhere_is_left_out_and_told() {
    let world = world();
    let ca = world.path("ca.crt");
    fs::remove_file(&ca).unwrap();
    std::os::unix::fs::symlink(world.path("no-such-file"), &ca).unwrap();
    let made = back_up(&Disk, &world.path("backup"), &world.environment, now()).unwrap();
    assert_eq!(made.missing, [ca]);
    assert_eq!(made.files, 12);
}

#[test]
fn restoring_twice_changes_nothing_the_second_time() {
    let world = world();
    let directory = backed_up(&world);
    let restored = restore(&Disk, &directory, &world.environment, now()).unwrap();
    assert_eq!((restored.files, restored.replaced), (0, None));
}

#[test]
fn deleted_files_come_back_privately() {
    let world = world();
    let directory = backed_up(&world);
    fs::remove_dir_all(world.path(".monsiaj")).unwrap();
    restore(&Disk, &directory, &world.environment, now()).unwrap();
    assert!(world.all_old());
    assert!(world.open_to_others().is_empty());
}

#[test]
fn nothing_is_written_over_a_backup() {
    let world = world();
    let directory = backed_up(&world);
    let again = back_up(&Disk, &directory, &world.environment, now()).unwrap_err();
    assert!(matches!(again, Failure::Backup(BackupError::Exists(_))), "{again}");
    let link = world.path("link");
    std::os::unix::fs::symlink(world.path("elsewhere"), &link).unwrap();
    let through = back_up(&Disk, &link, &world.environment, now()).unwrap_err();
    assert!(matches!(through, Failure::Backup(BackupError::Exists(_))), "{through}");
}

#[test]
fn a_damaged_or_incomplete_backup_restores_nothing() {
    type Damage = (&'static str, fn(&PathBuf));
    let damage: [Damage; 4] = [
        ("a byte more", |directory| {
            let mut files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
            let key = files.find(|path| path.to_string_lossy().ends_with("client.pem")).unwrap();
            let text = fs::read_to_string(&key).unwrap() + "\n";
            fs::write(key, text).unwrap();
        }),
        ("no manifest", |directory| fs::remove_file(directory.join("manifest.json")).unwrap()),
        ("half a manifest", |directory| {
            let path = directory.join("manifest.json");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, &text[..text.len() / 2]).unwrap();
        }),
        ("a name that leads out", |directory| {
            let path = directory.join("manifest.json");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.replace("\"0001-", "\"../0001-")).unwrap();
        }),
    ];
    for (what, spoil) in damage {
        let world = world();
        let directory = backed_up(&world);
        renew(&world);
        spoil(&directory);
        let error = restore(&Disk, &directory, &world.environment, now()).unwrap_err();
        assert_eq!(error.exit_code().number(), 15, "{what}: {error}");
        assert!(!world.all_old(), "{what}: something was restored");
    }
}

#[test]
fn a_restore_that_fails_at_any_moment_leaves_all_or_nothing() {
    for at in 1.. {
        let world = world();
        let directory = backed_up(&world);
        renew(&world);
        let disk = FaultyDisk::new(at, EIO);
        let restored = restore(&disk, &directory, &world.environment, now());
        // A failure to tidy up afterwards is reported too; the files are then all restored.
        let old = world.all_old();
        assert!(old || restored.is_err(), "operation {at} ({})", disk.chosen());
        if !disk.fired() {
            assert!(old);
            break;
        }
        restore(&Disk, &directory, &world.environment, now()).unwrap();
        assert!(world.all_old(), "operation {at} ({})", disk.chosen());
    }
}

//! Renewal never makes things worse: whichever file operation fails, and wherever the power is cut, every
//! application still starts, all of them with the old certificate or all with the new one.
#![allow(clippy::unwrap_used)]

mod support;

use koshin::{
    applications::App,
    prompt::ScriptedPrompt,
    renewal::{machine::Ending, performer::Run},
};
use support::{
    World, agreed,
    disk::{EACCES, EIO, ENOSPC, Fault, FaultyDisk},
    server::ScriptedServer,
};

fn run(world: &World, disk: &FaultyDisk, server: &ScriptedServer) -> Result<Vec<Run>, String> {
    let mut prompt = ScriptedPrompt::default();
    world.run(disk, server, &mut prompt, agreed()).map_err(|failure| failure.to_string())
}

/// Lets operation 1, 2, 3, … fail, each in a fresh world, until a run gets through untouched.
fn each_operation_failing(fault: Fault, est: bool, apps: &[App]) {
    for at in 1.. {
        let world = World::new();
        world.install(apps);
        let server = if est { ScriptedServer::est(&world.ca) } else { ScriptedServer::legacy(&world.ca) };
        let disk = FaultyDisk::new(at, fault);
        let runs = run(&world, &disk, &server);
        let what = format!("operation {at} ({}) failing with {fault:?}", disk.chosen());

        let renewed = runs.iter().flatten().any(|run| matches!(run.ending, Ending::Renewed { .. }));
        assert_eq!(world.all_old(), !renewed, "{what}: what is said is not what is there");
        assert!(world.open_to_others().is_empty(), "{what}: {:?}", world.open_to_others());
        if !disk.fired() {
            assert!(renewed);
            break;
        }
        if !renewed {
            let failed = runs.as_ref().map_or(true, |runs| runs.iter().all(|run| run.failure.is_some()));
            assert!(failed, "{what}: nobody was told");
        }

        let again = run(&world, &FaultyDisk::healthy(), &server).unwrap();
        assert!(!world.all_old(), "{what}: the next run did not renew: {again:?}");
        assert!(server.issued() <= 2, "{what}: {} certificates were issued", server.issued());
        assert!(leftovers(&world).is_empty(), "{what}: {:?}", leftovers(&world));
    }
}

/// Staged keys and copies beside the targets must be gone at the end.
fn leftovers(world: &World) -> Vec<String> {
    let names = world.everything().into_iter().map(|path| path.display().to_string());
    names.filter(|name| name.contains(".koshin-") || name.ends_with("/key.pem")).collect()
}

#[test]
fn a_full_disk_at_any_moment() {
    each_operation_failing(ENOSPC, true, &[App::Monsiaj, App::Glclient2, App::Receview]);
}

#[test]
fn a_dying_disk_at_any_moment() {
    each_operation_failing(EIO, false, &[App::Monsiaj, App::Files]);
}

#[test]
fn a_right_withdrawn_at_any_moment() {
    each_operation_failing(EACCES, false, &[App::Glclient2, App::Receview, App::Files]);
}

#[test]
fn a_dying_disk_with_a_keystore_in_the_group() {
    each_operation_failing(EIO, true, &[App::Monsiaj, App::Keystore]);
}

/// Cuts the power during operation 1, 2, 3, … and starts again.
fn power_cut_during_each_operation(est: bool, apps: &[App]) {
    for at in 1.. {
        let world = World::new();
        world.install(apps);
        let server = if est { ScriptedServer::est(&world.ca) } else { ScriptedServer::legacy(&world.ca) };
        let disk = FaultyDisk::new(at, Fault::PowerCut);
        let ended = FaultyDisk::power(|| run(&world, &disk, &server));
        let what = format!("power cut at operation {at} ({})", disk.chosen());

        // Before anything is repaired each application starts, be it with the old or the new certificate.
        let in_use = world.certificates_in_use(None);
        assert_eq!(in_use.len(), apps.len());
        assert!(world.open_to_others().is_empty(), "{what}: {:?}", world.open_to_others());
        if ended.is_some() {
            assert!(!world.all_old());
            break;
        }

        run(&world, &FaultyDisk::healthy(), &server).unwrap();
        assert!(!world.all_old(), "{what}: the next run did not finish");
        assert!(server.issued() <= 2, "{what}: {} certificates were issued", server.issued());
        assert!(leftovers(&world).is_empty(), "{what}: {:?}", leftovers(&world));
    }
}

#[test]
fn power_cut_at_any_moment_of_a_renewal_by_est() {
    power_cut_during_each_operation(true, &[App::Monsiaj, App::Glclient2, App::Receview]);
}

#[test]
fn power_cut_at_any_moment_of_a_renewal_by_the_legacy_contract() {
    power_cut_during_each_operation(false, &[App::Monsiaj, App::Glclient2, App::Receview]);
}

#[test]
fn power_cut_at_any_moment_with_a_keystore_in_the_group() {
    power_cut_during_each_operation(false, &[App::Keystore, App::Glclient2]);
}

/// Files replaced in place: certificate and key are two renames, and between them nothing can match. The next run
/// mends it without a network.
#[test]
fn power_cut_between_certificate_and_key() {
    for at in 1.. {
        let world = World::new();
        world.install(&[App::Files]);
        let server = ScriptedServer::est(&world.ca);
        let disk = FaultyDisk::new(at, Fault::PowerCut);
        if FaultyDisk::power(|| run(&world, &disk, &server)).is_some() {
            break;
        }
        run(&world, &FaultyDisk::healthy(), &server).unwrap();
        assert!(!world.all_old(), "power cut at operation {at} ({})", disk.chosen());
    }
}

/// A second power cut, while the first is being repaired.
#[test]
fn power_cut_during_the_repair() {
    // Where the first cut leaves the most behind: just before the last configuration is replaced.
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    let disk = FaultyDisk::healthy();
    run(&world, &disk, &server).unwrap();
    let first = disk.position_of("rename", "receview.conf").unwrap();
    for second in 1.. {
        let world = World::with_three_applications();
        let server = ScriptedServer::est(&world.ca);
        let disk = FaultyDisk::new(first, Fault::PowerCut);
        assert!(FaultyDisk::power(|| run(&world, &disk, &server)).is_none());
        let repair = FaultyDisk::new(second, Fault::PowerCut);
        let ended = FaultyDisk::power(|| run(&world, &repair, &server));
        world.certificates_in_use(None);
        if ended.is_some() {
            assert!(!world.all_old());
            break;
        }
        run(&world, &FaultyDisk::healthy(), &server).unwrap();
        assert!(!world.all_old(), "second power cut at operation {second} ({})", repair.chosen());
        assert!(leftovers(&world).is_empty(), "{:?}", leftovers(&world));
    }
}

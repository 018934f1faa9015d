//! Shows every window, one after the other, and prints what was chosen.
//!
//! `cargo run -p koshin-desktop --example gallery -- ja [NAME]` or `en`. As NAME, `dialogs` shows all of them without
//! steps and status, `renew` plays a whole renewal, and `none` opens nothing: to measure what a start without windows costs.
#![allow(missing_docs)]

mod scenes;

use koshin_desktop::{Choice, Desktop, Icon, Progress, Scene, Settings, StatusEvent, Unavailable, run};
use std::{env::args, thread::sleep, time::Duration};

fn main() {
    let language = args().nth(1).unwrap_or_else(|| "ja".into());
    let wanted = args().nth(2);
    let scenes = if language == "en" { scenes::english() } else { scenes::japanese() };
    let title = if language == "en" { "Certificate renewal" } else { "証明書の更新" };
    let shown = run(Settings::new(title, "koshin"), |desktop| show(desktop, scenes, wanted.as_deref()));
    if let Err(error) = shown {
        eprintln!("{error}");
    }
}

fn show(desktop: &Desktop, scenes: Vec<scenes::Named>, wanted: Option<&str>) -> Result<(), Unavailable> {
    if wanted == Some("none") {
        return Ok(());
    }
    if wanted == Some("renew") {
        return renew(desktop, &scenes);
    }
    let chosen = |(name, scene): &scenes::Named| match wanted {
        None => true,
        Some("dialogs") => matches!(scene, Scene::Dialog(_)),
        Some(wanted) => wanted == *name,
    };
    for (name, scene) in scenes.into_iter().filter(chosen) {
        match scene {
            Scene::Dialog(dialog) | Scene::Typed(dialog, _) => println!("{name}: {:?}", desktop.ask(dialog)?),
            Scene::Progress(progress) => step_through(desktop, progress)?,
            Scene::Status(status) => {
                let window = desktop.status(status)?;
                while let Some(event) = window.next_event(None) {
                    println!("{name}: {event:?}");
                    if event == StatusEvent::Closed {
                        break;
                    }
                }
            }
        }
    }
    Ok(())
}

fn renew(desktop: &Desktop, scenes: &[scenes::Named]) -> Result<(), Unavailable> {
    for (name, scene) in scenes {
        match (*name, scene) {
            ("confirm", Scene::Dialog(dialog)) => {
                let Choice::Pressed { index: 0, .. } = desktop.ask(dialog.clone())? else { return Ok(()) };
            }
            ("progress", Scene::Progress(progress)) => step_through(desktop, progress.clone())?,
            _ => {}
        }
    }
    for (_, scene) in scenes {
        if let Scene::Dialog(dialog) = scene
            && dialog.icon == Icon::Done
        {
            println!("{:?}", desktop.ask(dialog.clone())?);
        }
    }
    Ok(())
}

fn step_through(desktop: &Desktop, progress: Progress) -> Result<(), Unavailable> {
    let steps = progress.steps.len();
    let window = desktop.progress(progress)?;
    for step in 0..steps {
        window.step(step);
        sleep(Duration::from_secs(1));
        println!("step {} closed: {}", step + 1, window.was_closed());
    }
    Ok(())
}

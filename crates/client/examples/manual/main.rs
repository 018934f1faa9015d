//! The manuals' windows. `write DOCS` draws their pictures (`cargo xtask pictures`); `show` opens them on the display,
//! one after the other: a line of standard input names the next by its picture, as `ja/pictures/confirm.png`.
#![allow(missing_docs)]
#![allow(clippy::disallowed_methods, reason = "a picture that is torn by a crash is drawn again")]

mod pages;
mod scenes;
#[path = "../../tests/scratch/mod.rs"]
mod scratch;

use koshin_desktop::{Desktop, Scene, Settings, Unavailable, draw, run};
use koshin_testkit::picture::indexed_png;
use pages::Page;
use std::{
    collections::HashMap,
    env::args,
    error::Error,
    fs,
    io::{Lines, StdinLock, stdin},
    path::{Path, PathBuf},
    thread,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        ["write", docs] => write(Path::new(docs)),
        ["show"] => Ok(run(Settings::new("Koshin", "koshin"), show)?),
        _ => Err("say `write DOCS`, with the folder of the manuals, or `show`".into()),
    }
}

fn write(docs: &Path) -> Result<(), Box<dyn Error>> {
    let mut bytes = 0;
    let pages = pages::pages();
    for page in &pages {
        let picture = draw(page.scene.clone(), page.scale)?;
        if picture.font != pages::FONT {
            return Err(format!(
                "the manuals are drawn with {}, here it would be {}: install fonts-noto-cjk",
                pages::FONT,
                picture.font
            )
            .into());
        }
        let path = docs.join(&page.path);
        fs::create_dir_all(path.parent().ok_or("the path of a picture has a folder")?)?;
        let file =
            indexed_png(picture.width, picture.height, &picture.rgba, &pages::description(&page.scene));
        bytes += file.len();
        fs::write(path, file)?;
    }
    println!("{} pictures, {} kB", pages.len(), bytes / 1024);
    Ok(())
}

fn show(desktop: &Desktop) -> Result<(), Unavailable> {
    let pages = pages::pages().into_iter().map(|Page { path, scene, .. }| (path, scene));
    let mut pages: HashMap<PathBuf, Scene> = pages.collect();
    let mut lines = stdin().lines();
    let mut wanted = next(&mut lines);
    while let Some(scene) = wanted.and_then(|path| pages.remove(&path)) {
        wanted = match scene {
            Scene::Dialog(dialog) | Scene::Typed(dialog, _) => thread::scope(|scope| {
                let asked = scope.spawn(|| desktop.ask(dialog));
                let wanted = next(&mut lines);
                desktop.close();
                asked.join().expect("asking does not panic").map(|_| wanted)
            })?,
            Scene::Progress(progress) => {
                let _window = desktop.progress(progress)?;
                let wanted = next(&mut lines);
                // It would stay for the result.
                desktop.close();
                wanted
            }
            Scene::Status(status) => {
                let _window = desktop.status(status)?;
                next(&mut lines)
            }
        };
    }
    Ok(())
}

fn next(lines: &mut Lines<StdinLock<'_>>) -> Option<PathBuf> {
    lines.next()?.ok().map(PathBuf::from)
}

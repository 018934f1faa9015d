//! What people at a desk wait for: the launcher before their application, and a window's first paint.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Extent;
use super::client::high_water_mark;
use super::display::Display;
use super::figure::{Figure, median};
use crate::demo::homes::Home;
use crate::scratch_server::ScratchServer;

/// Longest wait for a window.
const PATIENCE: Duration = Duration::from_secs(20);
/// Windows opened for one figure.
const WINDOWS: usize = 5;
/// Starts with nothing of the program in memory.
const COLD_STARTS: usize = 5;

/// Measures in the demonstration's home, after a renewal: nothing is due any more for the application that is started.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let server = ScratchServer::start(&programs.join("koshin-server"), |_| ())?;
    let home = Home::furnish(&server)?;
    let program = programs.join("koshin");
    for app in ["monsiaj", "receview"] {
        finish(&home, Command::new(&program).args(["renew", "--app", app, "--yes"]))?;
    }
    launchers(&program, &home, extent, &print)?;
    match Display::start()? {
        Some(display) => windows(&program, &home, &display, &print)?,
        None => eprintln!("bench: no windows are measured: Xvfb is not installed"),
    }
    let megabytes = fs::metadata(&program)?.len() as f64 / 1e6;
    print(&Figure::new("koshin: size of the program", megabytes, "MB", 1));
    Ok(())
}

/// The same command with the launcher and without it.
fn launchers(program: &Path, home: &Home, extent: Extent, print: &impl Fn(&Figure)) -> Result<()> {
    let through = |app: &str| {
        let mut command = Command::new(program);
        command.args(["run", "--app", app, "--", "true"]);
        command
    };
    let warm = |make: &dyn Fn() -> Command| -> Result<f64> {
        (0..extent.starts).map(|_| finish(home, &mut make())).collect::<Result<_>>().map(median)
    };
    let bare = warm(&|| Command::new("true"))?;
    for app in ["monsiaj", "receview"] {
        let name = format!("koshin run, {app}, nothing due: start to end, warm");
        let value = warm(&|| through(app))?;
        print(&Figure::new(name, value, "ms", extent.starts).beside(bare));
    }
    if !forget_files() {
        eprintln!("bench: no cold start is measured: that takes root, to empty the kernel's cache");
        return Ok(());
    }
    let cold = |make: &dyn Fn() -> Command| -> Result<f64> {
        let one = |_| {
            forget_files();
            finish(home, &mut make())
        };
        (0..COLD_STARTS).map(one).collect::<Result<_>>().map(median)
    };
    let bare = cold(&|| Command::new("true"))?;
    let value = cold(&|| through("monsiaj"))?;
    let name = "koshin run, monsiaj, nothing due: start to end, cold";
    print(&Figure::new(name, value, "ms", COLD_STARTS).beside(bare));
    Ok(())
}

/// The status window, and the question of a launcher whose certificate is due.
fn windows(program: &Path, home: &Home, display: &Display, print: &impl Fn(&Figure)) -> Result<()> {
    let asked: [(&str, &[&str]); 2] = [
        ("koshin window", &["window"]),
        ("koshin run, glclient2, due: the question", &["run", "--app", "glclient2", "--", "true"]),
    ];
    for (name, arguments) in asked {
        let opened = (0..WINDOWS)
            .map(|_| open(program, arguments, home, display))
            .collect::<Result<Vec<(f64, Option<f64>)>>>()?;
        let value = median(opened.iter().map(|one| one.0).collect());
        print(&Figure::new(format!("{name}: start to first paint"), value, "ms", WINDOWS));
        let memory: Vec<f64> = opened.iter().filter_map(|one| one.1).collect();
        let value = median(memory);
        print(&Figure::new(format!("{name}: peak memory then"), value, "MB", WINDOWS));
    }
    Ok(())
}

/// Milliseconds until something is painted, and the memory in MB that the program had by then at most.
fn open(program: &Path, arguments: &[&str], home: &Home, display: &Display) -> Result<(f64, Option<f64>)> {
    let mut command = Command::new(program);
    home.surround(&mut command);
    display.surround(&mut command);
    let begin = Instant::now();
    let mut child =
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut painted = false;
    while !painted && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
        painted = display.is_painted()?;
    }
    let milliseconds = begin.elapsed().as_secs_f64() * 1000.0;
    let memory = high_water_mark(&format!("/proc/{}/status", child.id()));
    child.kill()?;
    child.wait()?;
    while display.is_painted()? && begin.elapsed() < 2 * PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    if !painted {
        bail!("koshin {} opened no window", arguments.join(" "));
    }
    Ok((milliseconds, memory.map(|kilobytes| kilobytes / 1024.0)))
}

/// Milliseconds from start to end.
fn finish(home: &Home, command: &mut Command) -> Result<f64> {
    home.surround(command);
    let begin = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(begin.elapsed().as_secs_f64() * 1000.0)
}

/// Empties the kernel's cache of files. Whether that was allowed.
fn forget_files() -> bool {
    fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

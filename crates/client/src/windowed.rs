//! `koshin` without a console window, for the Task Scheduler and for shortcuts on the desktop: what `pythonw` is to
//! `python`. It can say nothing on a console, so only commands with a window of their own, or none, make sense.

#![cfg_attr(windows, windows_subsystem = "windows")]

fn main() {
    std::process::exit(koshin::cli::run());
}

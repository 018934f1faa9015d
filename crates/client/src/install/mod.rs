//! What starts the unattended renewal: the user's own systemd timer, else the desktop's autostart, on Windows the Task
//! Scheduler. Installing twice is installing once, and what is removed is only what was installed.

pub mod system;
pub mod units;

use crate::{
    environment::Environment,
    exit::ExitCode,
    storage::{Doing, FileSystem, StorageError, atomic, directory},
    windows::task_scheduler::{self, Task},
};
use std::path::{Path, PathBuf};
use system::System;

/// After so long a look is ended that hangs. Longer than one stays where nobody answers, [`crate::daemon::stay`].
pub const LIMIT_MINUTES: u32 = 90;

/// Who starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// `systemctl --user`, a timer.
    SystemdTimer,
    /// The desktop, when the user logs in.
    Autostart,
    /// The Task Scheduler of Windows.
    TaskScheduler,
}

/// What an installation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Who starts it.
    pub mechanism: Mechanism,
    /// Whether anything had to be written: not, when it was installed like that already.
    pub changed: bool,
    /// The files.
    pub files: Vec<PathBuf>,
    /// Why the timer of systemd was not possible.
    pub no_systemd: Option<String>,
    /// Whether the timer also runs while the user is not logged in; unknown without loginctl.
    pub lingers: Option<bool>,
}

/// Why it could not be installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum InstallFailure {
    /// A file could not be written or removed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The system's own program failed.
    #[error("`{command}` failed: {why}")]
    Command {
        /// The command.
        command: String,
        /// What it said.
        why: String,
    },
}

impl InstallFailure {
    /// The program's exit code after it.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Storage(_) => ExitCode::Storage,
            Self::Command { .. } => ExitCode::Config,
        }
    }
}

/// Where and with what to install.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The disk.
    pub fs: &'a dyn FileSystem,
    /// The system's programs.
    pub system: &'a dyn System,
    /// The user's folders and language.
    pub environment: &'a Environment,
    /// Whether this is Windows.
    pub windows: bool,
}

impl Target<'_> {
    /// The user's folder for settings, in which Koshin's own is.
    fn config_home(&self) -> &Path {
        atomic::parent(&self.environment.config_dir)
    }

    /// The service and the timer.
    pub fn units(&self) -> [PathBuf; 2] {
        let folder = self.config_home().join("systemd").join("user");
        ["service", "timer"].map(|ending| folder.join(format!("{}.{ending}", units::UNIT)))
    }

    /// The autostart entry.
    pub fn autostart(&self) -> PathBuf {
        self.config_home().join("autostart").join("koshin.desktop")
    }

    /// The task's text.
    pub fn task(&self) -> PathBuf {
        self.environment.state_dir.join("task.xml")
    }

    /// What is installed, as far as files tell.
    pub fn installed(&self) -> Option<Mechanism> {
        let there = |path: &Path| matches!(self.fs.kind(path), Ok(Some(_)));
        if self.windows {
            return there(&self.task()).then_some(Mechanism::TaskScheduler);
        }
        let units = self.units();
        if units.iter().all(|unit| there(unit)) {
            return Some(Mechanism::SystemdTimer);
        }
        there(&self.autostart()).then_some(Mechanism::Autostart)
    }

    /// Lets `program` renew unattended.
    ///
    /// # Errors
    /// [`InstallFailure`]; what was written before stays, and installing again goes on from there.
    pub fn install(&self, program: &Path) -> Result<Installed, InstallFailure> {
        if self.windows {
            return self.install_task(program);
        }
        match self.system.run("systemctl", &["--user", "show-environment"]) {
            Ok(_) => self.install_timer(program),
            Err(why) => self.install_autostart(program, why),
        }
    }

    fn install_timer(&self, program: &Path) -> Result<Installed, InstallFailure> {
        let [service, timer] = self.units();
        let mut changed = self.write(&service, units::service(program, self.environment).as_bytes())?;
        changed |= self.write(&timer, units::timer().as_bytes())?;
        // One of them is enough.
        changed |= self.remove(&self.autostart())?;
        self.command("systemctl", &["--user", "daemon-reload"])?;
        self.command("systemctl", &["--user", "enable", "--now", "koshin.timer"])?;
        Ok(Installed {
            mechanism: Mechanism::SystemdTimer,
            changed,
            files: vec![service, timer],
            no_systemd: None,
            lingers: self.lingers(),
        })
    }

    fn install_autostart(&self, program: &Path, why: String) -> Result<Installed, InstallFailure> {
        let entry = self.autostart();
        let changed = self.write(&entry, units::autostart(program, self.environment).as_bytes())?;
        Ok(Installed {
            mechanism: Mechanism::Autostart,
            changed,
            files: vec![entry],
            no_systemd: Some(why),
            lingers: None,
        })
    }

    fn install_task(&self, program: &Path) -> Result<Installed, InstallFailure> {
        let answer = self.command("whoami", &task_scheduler::WHO_AM_I)?;
        let lang = self.environment.language.tag();
        // The one without a console window, where it was installed beside the other.
        let windowed = program.with_file_name("koshinw.exe");
        let program = if matches!(self.fs.kind(&windowed), Ok(Some(_))) { &windowed } else { program };
        let task = Task {
            description: "Koshin: renews client certificates that are due".to_owned(),
            user: task_scheduler::user(&answer).to_owned(),
            program: program.to_owned(),
            arguments: ["--lang", lang, "daemon", "--once"].map(str::to_owned).to_vec(),
            every_minutes: 15,
            random_minutes: 15,
            limit_minutes: LIMIT_MINUTES,
        };
        let file = self.task();
        let changed = self.write(&file, &task.file())?;
        let path = file.to_string_lossy();
        self.command("schtasks", &["/Create", "/TN", task_scheduler::NAME, "/XML", &path, "/F"])?;
        Ok(Installed {
            mechanism: Mechanism::TaskScheduler,
            changed,
            files: vec![file],
            no_systemd: None,
            lingers: None,
        })
    }

    /// Removes whatever was installed, and answers which files those were.
    ///
    /// # Errors
    /// [`InstallFailure`]; removing again goes on from there.
    pub fn uninstall(&self) -> Result<Vec<PathBuf>, InstallFailure> {
        let mut removed = Vec::new();
        if self.windows {
            if self.installed().is_some() {
                self.command("schtasks", &["/Delete", "/TN", task_scheduler::NAME, "/F"])?;
            }
            if self.remove(&self.task())? {
                removed.push(self.task());
            }
            return Ok(removed);
        }
        let units = self.units();
        let timer_there = matches!(self.fs.kind(&units[1]), Ok(Some(_)));
        if timer_there {
            // Without a session there is nothing to stop; the files go all the same.
            let _ = self.system.run("systemctl", &["--user", "disable", "--now", "koshin.timer"]);
        }
        for file in units.into_iter().chain([self.autostart()]) {
            if self.remove(&file)? {
                removed.push(file);
            }
        }
        if timer_there {
            let _ = self.system.run("systemctl", &["--user", "daemon-reload"]);
        }
        Ok(removed)
    }

    fn lingers(&self) -> Option<bool> {
        let said =
            self.system.run("loginctl", &["show-user", "self", "--property=Linger", "--value"]).ok()?;
        Some(said.trim() == "yes")
    }

    /// Whether the file had to be written.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<bool, StorageError> {
        if self.fs.read(path).is_ok_and(|there| there == bytes) {
            return Ok(false);
        }
        directory::create_private(self.fs, atomic::parent(path))?;
        atomic::write(self.fs, path, bytes).map(|()| true)
    }

    fn remove(&self, path: &Path) -> Result<bool, StorageError> {
        let there = self.fs.kind(path).map_err(StorageError::at(Doing::Reading, path))?.is_some();
        if there {
            atomic::remove_if_there(self.fs, path)?;
            atomic::sync_parent(self.fs, path)?;
        }
        Ok(there)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Result<String, InstallFailure> {
        self.system.run(program, arguments).map_err(|why| InstallFailure::Command {
            command: std::iter::once(&program).chain(arguments).copied().collect::<Vec<_>>().join(" "),
            why,
        })
    }
}

//! A task of the Windows Task Scheduler: the user's own, run while the user is logged on, without a stored password.
//!
//! The task is text: `schtasks /Create /XML FILE` reads it. The counterpart of a systemd user timer.

use super::command_line;
use std::{fmt::Write as _, path::PathBuf};

/// Where the task stands in the scheduler's library.
pub const NAME: &str = r"\Koshin\Renew";

/// What `whoami` is asked so that it tells who the user is, for [`user`].
pub const WHO_AM_I: [&str; 4] = ["/user", "/fo", "csv", "/nh"];

/// For whom a task runs, from the answer of `whoami` to [`WHO_AM_I`]: the security identifier (`S-1-5-21-…`). The name
/// beside it is no use: it comes in the console's code page, in which a Japanese one is no UTF-8. Wine's `whoami` tells
/// nothing but a name.
pub fn user(answer: &str) -> &str {
    let words = answer.split([',', '"', ' ', '\r', '\n']);
    words.rev().find(|word| word.starts_with("S-1-")).unwrap_or(answer.trim())
}

/// What the scheduler is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Shown in the scheduler's window.
    pub description: String,
    /// For whom it runs: a SID (`S-1-5-21-…`) or `COMPUTER\user`.
    pub user: String,
    /// The program, absolute. `koshinw.exe` opens no console window.
    pub program: PathBuf,
    /// Its arguments, one by one.
    pub arguments: Vec<String>,
    /// Minutes between two runs, at least 1. A run that was slept through is made up for.
    pub every_minutes: u32,
    /// By how many minutes a run may be put off, so that the PCs of a clinic do not ask in the same second.
    pub random_minutes: u32,
    /// Minutes after which a run that hangs is ended, at least 1.
    pub limit_minutes: u32,
}

impl Task {
    /// The task as XML (Task Scheduler schema 1.2, Windows 7 and later).
    pub fn xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n");
        xml.push_str(
            "<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n",
        );
        self.write_body(&mut xml).expect("a String takes any text");
        xml.push_str("</Task>\r\n");
        xml
    }

    /// [`Self::xml`] as `schtasks` wants it in a file: UTF-16, little end first, with its mark.
    pub fn file(&self) -> Vec<u8> {
        std::iter::once(0xFEFF).chain(self.xml().encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    fn write_body(&self, xml: &mut String) -> std::fmt::Result {
        write!(
            xml,
            "  <RegistrationInfo>\r\n    \
                 <Author>Koshin</Author>\r\n    \
                 <Description>{description}</Description>\r\n  \
               </RegistrationInfo>\r\n",
            description = escaped(&self.description),
        )?;
        self.write_triggers(xml)?;
        write!(
            xml,
            "  <Principals>\r\n    \
                 <Principal id=\"Author\">\r\n      \
                   <UserId>{user}</UserId>\r\n      \
                   <LogonType>InteractiveToken</LogonType>\r\n      \
                   <RunLevel>LeastPrivilege</RunLevel>\r\n    \
                 </Principal>\r\n  \
               </Principals>\r\n",
            user = escaped(&self.user),
        )?;
        self.write_settings(xml)?;
        write!(
            xml,
            "  <Actions Context=\"Author\">\r\n    \
                 <Exec>\r\n      \
                   <Command>{program}</Command>\r\n      \
                   <Arguments>{arguments}</Arguments>\r\n    \
                 </Exec>\r\n  \
               </Actions>\r\n",
            program = escaped(&self.program.to_string_lossy()),
            arguments = escaped(&command_line::join(self.arguments.iter().map(String::as_str))),
        )
    }

    /// The user's logon, and then regularly. The date lies in the past on purpose: the repetition counts from it, for
    /// ever.
    fn write_triggers(&self, xml: &mut String) -> std::fmt::Result {
        write!(
            xml,
            "  <Triggers>\r\n    \
                 <LogonTrigger>\r\n      \
                   <Enabled>true</Enabled>\r\n      \
                   <UserId>{user}</UserId>\r\n      \
                   <Delay>PT2M</Delay>\r\n    \
                 </LogonTrigger>\r\n    \
                 <TimeTrigger>\r\n      \
                   <Repetition>\r\n        \
                     <Interval>PT{every}M</Interval>\r\n        \
                     <StopAtDurationEnd>false</StopAtDurationEnd>\r\n      \
                   </Repetition>\r\n      \
                   <StartBoundary>2020-01-01T00:00:00</StartBoundary>\r\n      \
                   <Enabled>true</Enabled>\r\n      \
                   <RandomDelay>PT{random}M</RandomDelay>\r\n    \
                 </TimeTrigger>\r\n  \
               </Triggers>\r\n",
            user = escaped(&self.user),
            every = self.every_minutes.max(1),
            random = self.random_minutes,
        )
    }

    fn write_settings(&self, xml: &mut String) -> std::fmt::Result {
        write!(
            xml,
            "  <Settings>\r\n    \
                 <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\r\n    \
                 <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\r\n    \
                 <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\r\n    \
                 <StartWhenAvailable>true</StartWhenAvailable>\r\n    \
                 <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>\r\n    \
                 <WakeToRun>false</WakeToRun>\r\n    \
                 <ExecutionTimeLimit>PT{limit}M</ExecutionTimeLimit>\r\n  \
               </Settings>\r\n",
            limit = self.limit_minutes.max(1),
        )
    }
}

/// Text for an element. What XML 1.0 has no place for is left out.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\t' | '\n' | '\r' => xml.push(letter),
            control if control < ' ' => {}
            other => xml.push(other),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        Task {
            description: "証明書を更新します".to_owned(),
            user: r"RECEPTION\受付 & 会計".to_owned(),
            program: r"C:\Program Files\Koshin\koshinw.exe".into(),
            arguments: ["daemon", "--once", "a b"].map(str::to_owned).to_vec(),
            every_minutes: 60,
            random_minutes: 15,
            limit_minutes: 30,
        }
    }

    /// The text between `<name>` and `</name>`, each time it occurs.
    fn texts(xml: &str, name: &str) -> Vec<String> {
        let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
        xml.split(&begin).skip(1).filter_map(|rest| rest.split(&end).next()).map(str::to_owned).collect()
    }

    #[test]
    fn the_task_runs_the_program_as_its_user_while_logged_on() {
        let xml = task().xml();
        assert_eq!(texts(&xml, "Command"), [r"C:\Program Files\Koshin\koshinw.exe"]);
        assert_eq!(texts(&xml, "Arguments"), [r#"daemon --once "a b""#]);
        // In the trigger and in the principal, so that nobody else's logon starts it.
        assert_eq!(texts(&xml, "UserId"), [r"RECEPTION\受付 &amp; 会計", r"RECEPTION\受付 &amp; 会計"]);
        assert_eq!(texts(&xml, "LogonType"), ["InteractiveToken"]);
        assert_eq!(texts(&xml, "RunLevel"), ["LeastPrivilege"]);
    }

    #[test]
    fn a_laptop_on_battery_and_a_night_asleep_do_not_stop_it() {
        let xml = task().xml();
        for (name, value) in [
            ("DisallowStartIfOnBatteries", "false"),
            ("StopIfGoingOnBatteries", "false"),
            ("StartWhenAvailable", "true"),
            ("MultipleInstancesPolicy", "IgnoreNew"),
            ("Interval", "PT60M"),
            ("RandomDelay", "PT15M"),
            ("ExecutionTimeLimit", "PT30M"),
        ] {
            assert_eq!(texts(&xml, name), [value], "{name}");
        }
    }

    #[test]
    fn every_element_that_is_opened_is_closed() {
        let xml = task().xml();
        let mut open = Vec::new();
        for piece in xml.split('<').skip(2) {
            let name = piece.split(['>', ' ']).next().expect("a name");
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn the_user_is_found_whatever_the_name_is_written_in() {
        let sid_of = |name: &str| format!("\"{name}\",\"S-1-5-21-1004-336-1801-1001\"\r\n");
        for name in [r"reception\clerk", "reception\\\u{fffd}t\u{fffd}t", r"s-1-5\S-1-2, or not"] {
            assert_eq!(user(&sid_of(name)), "S-1-5-21-1004-336-1801-1001", "{name}");
        }
        assert_eq!(user("VM\\root\r\n"), r"VM\root", "Wine");
    }

    #[test]
    fn a_limit_of_zero_would_mean_for_ever() {
        let xml = Task { every_minutes: 0, limit_minutes: 0, ..task() }.xml();
        assert_eq!(texts(&xml, "ExecutionTimeLimit"), ["PT1M"]);
        assert_eq!(texts(&xml, "Interval"), ["PT1M"]);
    }

    #[test]
    fn the_file_is_utf_16_with_its_mark() {
        let file = task().file();
        assert_eq!(file[..4], [0xFF, 0xFE, b'<', 0]);
        let units: Vec<u16> =
            file[2..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        assert_eq!(String::from_utf16(&units).expect("text"), task().xml());
    }

    #[test]
    fn control_characters_are_left_out() {
        assert_eq!(escaped("a\u{1}b<c>\u{0}"), "ab&lt;c&gt;");
    }

    /// Windows reads what was written. Ignored, because it changes the tasks of whoever runs it; `cargo xtask windows
    /// --unit-tests` does.
    #[cfg(windows)]
    #[test]
    #[ignore = "makes and removes a task of this user"]
    #[allow(clippy::unwrap_used, clippy::disallowed_methods)]
    fn the_scheduler_takes_the_task() {
        let schtasks = |arguments: &[&str]| {
            let output = std::process::Command::new("schtasks").args(arguments).output().unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("task.xml");
        let output = std::process::Command::new("whoami").args(WHO_AM_I).output().unwrap();
        let user = user(&String::from_utf8_lossy(&output.stdout)).to_owned();
        std::fs::write(&file, Task { user, ..task() }.file()).unwrap();
        let name = r"\Koshin\Test";
        let made = schtasks(&["/Create", "/TN", name, "/XML", &file.to_string_lossy(), "/F"]);
        assert!(made.0, "{}", made.1);
        let removed = schtasks(&["/Delete", "/TN", name, "/F"]);
        assert!(removed.0, "{}", removed.1);
    }
}

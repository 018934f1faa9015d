//! What the window's buttons begin, each on a thread of its own: the window goes on showing what is on the disk.

use super::{
    cards::Target,
    folders,
    support_info::{self, Support},
    view::Behind,
};
use crate::{
    applications::discover_only,
    cli::{
        RenewArgs, backup, install,
        memory::Memory,
        messages::{renew as renew_words, window as words},
        renew::renew_all,
        renew_view::RunResult,
        status::{StatusReport, gather},
    },
    clock,
    code_dialog::{Expired, ask_for_code},
    daemon::{diary::Diary, notify::Desktop as Notices},
    dialogs,
    doctor::{Practice, examine},
    environment::{Environment, Language},
    exit::ExitCode,
    install::Mechanism,
    launcher::memory::Memory as Declined,
    prompt::{Answer, DesktopPrompt, PasswordRequest, Prompt, Question, Report, Step, Windows},
    renewal::performer::Surroundings,
    storage::Disk,
    this_pc::with_surroundings,
};
use koshin_desktop::{Choice, Icon, Notice};
use koshin_policy::calendar;
use secrecy::SecretString;
use std::{fs, path::Path};

/// What the disk says now, without a network and without asking anybody.
pub fn look(environment: &Environment) -> (StatusReport, Diary, Option<Mechanism>) {
    let memory = Memory::load(&environment.state_dir);
    let report = gather(crate::applications::discover(environment), &memory, clock::now());
    let diary = Diary::load(&Disk, &environment.state_dir);
    (report, diary, install::target(environment).installed())
}

/// Renews the certificate of a connection, in whatever other places it is used; asks and tells in `windows`. Answers what
/// remains to be said in the status window; nothing when the user said no.
pub fn renew(
    environment: &Environment,
    with: Surroundings<'_>,
    behind: &Behind,
    windows: &mut dyn Windows,
) -> Option<Notice> {
    let (language, name, target) = (environment.language, &behind.name, behind.target?);
    let mut arguments = RenewArgs {
        app: Some(target.app),
        connection: Some(target.connection),
        yes: false,
        force: false,
        via: None,
        password_stdin: false,
        json: false,
    };
    let mut teller = Teller { prompt: DesktopPrompt::new(language, windows), last: None };
    // Before the renewal, which holds the lock: a dialog may stay open over night, and keeps no daemon from renewing.
    match behind.question.as_ref().map(|question| teller.confirm(question)) {
        Some(Answer::Renew) => arguments.yes = true,
        Some(Answer::NotToday) => {
            decline(with, behind);
            return None;
        }
        Some(Answer::NotNow) => return None,
        Some(Answer::CannotAsk) | None => {}
    }
    loop {
        let result = renew_all(&arguments, environment, with, &mut teller, None);
        // The lock is free again: whoever reads the result keeps nobody waiting.
        let again = teller.tell(language, name, result.exit_code);
        if !again {
            if teller.prompt.last_answer() == Some(Answer::NotToday) {
                decline(with, behind);
            }
            return outcome(language, name, target, &result);
        }
        arguments.yes = true;
    }
}

/// Asks for a 復旧コード in the dialog of an application's start. Answers what remains to be said in the status window.
pub fn recover(
    environment: &Environment,
    with: Surroundings<'_>,
    behind: &Behind,
    windows: &mut dyn Windows,
) -> Option<Notice> {
    let (language, name) = (environment.language, behind.name.as_str());
    let (target, question) = (behind.recovery?, behind.question.as_ref()?);
    let contact = discover_only(environment, target.app).whom_to_call();
    let expired = Expired {
        app: target.app,
        sha256: behind.sha256.as_deref()?,
        name,
        not_after: question.not_after,
        contact: contact.as_deref(),
        is_open: true,
    };
    let mut person = DesktopPrompt::new(language, windows);
    let not_after = ask_for_code(expired, environment, with, &mut person)?;
    Some(Notice { icon: Icon::Done, text: words::renewed(language, name, Some(not_after)) })
}

/// 今日は更新しない holds for the applications' starts too.
fn decline(with: Surroundings<'_>, behind: &Behind) {
    let Some(sha256) = &behind.sha256 else { return };
    let mut memory = Declined::load(with.fs, with.state_dir);
    memory.decline(sha256, calendar::jst_date(with.now()));
    // What cannot be remembered is asked again at the next start.
    let _ = memory.save(with.fs, with.state_dir);
}

/// Asks in windows, and keeps the result until it may be shown.
struct Teller<'a> {
    prompt: DesktopPrompt<'a>,
    last: Option<Report>,
}

impl Teller<'_> {
    /// Shows the result; whether もう一度更新 was pressed.
    fn tell(&mut self, language: Language, name: &str, code: ExitCode) -> bool {
        let notes = self.prompt.take_notes();
        match self.last.take() {
            Some(Report::Renewed { not_after, .. }) => {
                self.prompt.ask(dialogs::done(language, name, not_after, &notes, true));
                false
            }
            Some(Report::NotRenewed { explanation, .. }) => {
                let retry = !matches!(code, ExitCode::Refused | ExitCode::Expired);
                let choice = self.prompt.ask(dialogs::failed(language, name, &explanation, None, retry));
                retry && matches!(choice, Some(Choice::Pressed { index: dialogs::YES, .. }))
            }
            _ => false,
        }
    }
}

impl Prompt for Teller<'_> {
    fn confirm(&mut self, question: &Question) -> Answer {
        self.prompt.confirm(question)
    }

    fn password(&mut self, request: &PasswordRequest) -> Option<SecretString> {
        self.prompt.password(request)
    }

    fn progress(&mut self, step: Step) {
        self.prompt.progress(step);
    }

    fn report(&mut self, report: &Report) {
        if matches!(report, Report::Renewed { .. } | Report::NotRenewed { .. }) {
            self.last = Some(report.clone());
        }
        self.prompt.report(report);
    }
}

/// What a renewal has led to.
pub fn outcome(language: Language, name: &str, target: Target, result: &RunResult) -> Option<Notice> {
    let is_target = |place: &crate::cli::renew_view::PlaceResult| {
        place.app == target.app.as_str() && place.connection == target.connection
    };
    let failed = |why: Option<&str>| {
        let icon = if result.exit_code == ExitCode::Internal { Icon::Error } else { Icon::Warning };
        Notice { icon, text: words::not_renewed(language, name, why) }
    };
    let Some(group) = result.groups.iter().find(|group| group.places.iter().any(is_target)) else {
        return Some(failed(result.warnings.last().map(String::as_str)));
    };
    match group.result {
        "renewed" => {
            Some(Notice { icon: Icon::Done, text: words::renewed(language, name, group.new_not_after) })
        }
        "declined" => None,
        "not-due" => Some(Notice { icon: Icon::Info, text: words::not_due(language, name) }),
        _ => Some(failed(group.message.as_deref())),
    }
}

/// Backs up into the user's documents, and says where.
pub fn back_up(environment: &Environment) -> Notice {
    let (language, now) = (environment.language, clock::now());
    let read = |path: &Path| fs::read_to_string(path).ok();
    let folder = folders::for_backup(environment, now, read, Path::is_dir);
    match backup::back_up(&Disk, &folder, environment, now) {
        Ok(made) => Notice {
            icon: Icon::Done,
            text: words::backed_up(language, made.files, &folder, made.missing.len()),
        },
        Err(failure) => Notice { icon: Icon::Warning, text: renew_words::backup_failure(language, &failure) },
    }
}

/// The support information, the servers' answers included.
pub fn support(environment: &Environment) -> String {
    let findings = with_surroundings(environment, |with| {
        examine(Practice { environment, with, notifier: &Notices, target: install::target(environment) })
    });
    let (report, diary, mechanism) = look(environment);
    support_info::text(Support {
        report: &report,
        diary: &diary,
        findings: &findings,
        automatic: mechanism.map(mechanism_word),
        system: &system(),
        home: &environment.home,
        language: environment.language,
    })
}

fn mechanism_word(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::SystemdTimer => "systemd timer",
        Mechanism::Autostart => "autostart",
        Mechanism::TaskScheduler => "task scheduler",
    }
}

/// The name that the system gives itself (os-release(5)), and for which processor this program was built.
fn system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = name.map_or(std::env::consts::OS, |name| name.trim_matches('"'));
    format!("{name}, {}", std::env::consts::ARCH)
}

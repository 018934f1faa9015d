//! The texts that are installed. Pure.

use crate::environment::{Environment, Language};
use std::path::Path;

/// Name of the service and of the timer, without their endings.
pub const UNIT: &str = "koshin";
/// Variables of the application's own that decide about renewals, and that a timer would not see.
const CHECK_MONTHS: &str = "GLCLIENT_CERT_EXPIRE_CHECK_MONTHES";
const UPDATE_HOST: &str = "GLCLIENT_UPDATE_CERT_API_HOST";

/// `koshin.service`: one round. `Environment` gets what the shell of the installation knew and a timer does not.
pub fn service(program: &Path, environment: &Environment) -> String {
    let lang = environment.language.tag();
    let variables: String = variables(environment)
        .into_iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    format!(
        "# Written by `koshin install`; removed by `koshin uninstall`.\n\
         [Unit]\n\
         Description=Koshin: renew client certificates that are due\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart={program} --lang {lang} daemon --once\n\
         {variables}\
         Nice=10\n\
         UMask=0077\n\
         TimeoutStartSec={limit}min\n",
        program = quoted_program(program),
        limit = super::LIMIT_MINUTES,
    )
}

/// `koshin.timer`: every quarter of an hour of the wall clock, at a minute of the machine's own. After a sleep it runs at
/// once, and never wakes the PC up.
pub fn timer() -> String {
    "# Written by `koshin install`; removed by `koshin uninstall`.\n\
     [Unit]\n\
     Description=Koshin: look for client certificates that are due\n\
     \n\
     [Timer]\n\
     OnStartupSec=2min\n\
     OnCalendar=*:0/15\n\
     Persistent=true\n\
     AccuracySec=30s\n\
     RandomizedDelaySec=15min\n\
     FixedRandomDelay=true\n\
     WakeSystem=false\n\
     \n\
     [Install]\n\
     WantedBy=timers.target\n"
        .to_owned()
}

/// `koshin.desktop` for the XDG autostart folder: a daemon for as long as the session lasts.
pub fn autostart(program: &Path, environment: &Environment) -> String {
    let lang = environment.language.tag();
    let variables = variables(environment);
    let env = if variables.is_empty() { "" } else { "env " };
    let assignments: String = variables
        .iter()
        .map(|(name, value)| format!("{} ", desktop_quoted(&format!("{name}={value}"))))
        .collect();
    format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Name=Koshin\n\
         Name[ja]=証明書の自動更新（Koshin）\n\
         Comment=Renews client certificates that are due\n\
         Exec={env}{assignments}{program} --lang {lang} daemon\n\
         NoDisplay=true\n\
         X-GNOME-Autostart-enabled=true\n",
        program = desktop_quoted(&program.to_string_lossy()),
    )
}

/// What decides about renewals here and would be missing there.
fn variables(environment: &Environment) -> Vec<(&'static str, String)> {
    let usual = Environment { language: Language::English, ..Environment::in_home(&environment.home) };
    let mut found = Vec::new();
    let folder = |path: &Path| path.parent().map(|parent| parent.to_string_lossy().into_owned());
    if environment.config_dir != usual.config_dir {
        found.extend(folder(&environment.config_dir).map(|path| ("XDG_CONFIG_HOME", path)));
    }
    if environment.state_dir != usual.state_dir {
        found.extend(folder(&environment.state_dir).map(|path| ("XDG_STATE_HOME", path)));
    }
    found.extend(environment.check_months.clone().map(|months| (CHECK_MONTHS, months)));
    found.extend(environment.update_cert_api_host.clone().map(|host| (UPDATE_HOST, host)));
    found
}

/// A word of a unit file (systemd.service(5), command lines; systemd.exec(5), `Environment=`).
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// The program of a command line; there `$` begins a variable.
fn quoted_program(program: &Path) -> String {
    quoted(&program.to_string_lossy()).replace('$', "$$")
}

/// A word of `Exec` (Desktop Entry Specification): quoted, then escaped once more as a string.
fn desktop_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '`' | '$' | '\\' => {
                quoted.push_str("\\\\");
                if character == '\\' {
                    quoted.push('\\');
                }
                quoted.push(character);
            }
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

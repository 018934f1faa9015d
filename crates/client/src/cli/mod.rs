//! The command line: what can be asked of the program, and in which language it answers.

pub mod backup;
pub mod daemon;
pub mod doctor;
pub mod install;
pub mod memory;
pub mod messages;
pub mod recover;
pub mod recover_first;
pub mod renew;
pub mod renew_view;
pub mod run;
pub mod status;
pub mod status_view;
pub mod window;

use crate::{
    applications::App,
    clock,
    environment::{Environment, Language},
    exit::ExitCode,
    renewal::first::Format,
};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::{ffi::OsString, path::PathBuf};

/// Renews the client certificates of the applications on this PC.
#[derive(Debug, Parser)]
#[command(name = "koshin", version, max_term_width = 100)]
struct Cli {
    /// Language of the output; by default that of LANG
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    lang: Option<Lang>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Lang {
    Ja,
    En,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every certificate of every application: until when, and whether it can be renewed
    Status(StatusArgs),
    /// Renew the certificates that are due
    Renew(RenewArgs),
    /// Replace a certificate that has expired, or get the first one, by a recovery code
    Recover(RecoverArgs),
    /// See to an application's certificate, asking in a window if it is due, then start the application
    Run(RunArgs),
    /// Copy the configurations and certificates of every application into a new folder
    Backup(BackupArgs),
    /// Put a backup back, after checking that it is complete
    Restore(RestoreArgs),
    /// Renew without asking anybody, whenever it is due
    Daemon(DaemonArgs),
    /// Let this PC renew by itself, by a timer of this user
    Install,
    /// Undo `koshin install`
    Uninstall,
    /// Find out whether every certificate could be renewed now, and what to do if not
    Doctor(DoctorArgs),
    /// Show every certificate in a window, and renew there
    Window,
}

/// `koshin status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Also ask the servers
    #[arg(long)]
    pub online: bool,
}

/// `koshin renew`.
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// Only this application: monsiaj, glclient2, receview, files, browser, keystore or the name of a profile
    #[arg(long, value_name = "APP")]
    pub app: Option<App>,
    /// Only the connection with this number, as `koshin status` shows it
    #[arg(long, value_name = "N")]
    pub connection: Option<usize>,
    /// Ask nothing: renew whatever is due
    #[arg(long, short)]
    pub yes: bool,
    /// Renew although it is not due yet
    #[arg(long)]
    pub force: bool,
    /// How to renew; by default EST when the server offers it
    #[arg(long, value_enum, value_name = "WAY")]
    pub via: Option<Via>,
    /// Read the password of certificates that do not save it from standard input; use it with --yes
    #[arg(long)]
    pub password_stdin: bool,
    /// Print one JSON object instead of sentences
    #[arg(long)]
    pub json: bool,
}

/// `koshin recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The recovery code that your administrator or vendor told you. Without it, or with -, it is typed at the
    /// terminal, which is better: other users of this PC can see the arguments of programs
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Only this application: monsiaj, glclient2, receview, files, browser, keystore or the name of a profile
    #[arg(long, value_name = "APP")]
    pub app: Option<App>,
    /// For a PC without a certificate: get one from this server, https://HOST, and write its files into a new folder
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The rest of it.
    #[command(flatten)]
    pub first: FirstArgs,
}

/// What goes with `koshin recover --server`.
#[derive(Debug, Args, Default)]
pub struct FirstArgs {
    /// With --server: the file with the CA certificates by which the server is known; by default those of this PC
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "ca_fingerprint")]
    pub ca: Option<PathBuf>,
    /// With --server: the SHA-256 of the CA certificate by which the server is known, as the administration site shows it
    #[arg(long, value_name = "SHA256", requires = "server")]
    pub ca_fingerprint: Option<String>,
    /// With --server: the folder to make; by default koshin-CN in the home
    #[arg(long, value_name = "DIR", requires = "server")]
    pub directory: Option<PathBuf>,
    /// With --server: which files to write; by default what --app reads, else p12
    #[arg(long, value_enum, value_name = "FORMAT", requires = "server")]
    pub format: Option<FileFormat>,
}

/// Which files `koshin recover --server` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// One PKCS#12 file
    P12,
    /// Certificate and encrypted key, each a PEM file
    Pem,
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::P12 => Self::Pkcs12,
            FileFormat::Pem => Self::Pem,
        }
    }
}

/// How a certificate is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Via {
    /// EST (RFC 7030): the key is made here and never leaves this PC
    Est,
    /// The contract of today's applications: the key is made by the server
    Legacy,
}

/// `koshin run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The application whose certificate is seen to, as for `koshin renew`
    #[arg(long, value_name = "APP")]
    pub app: App,
    /// The command that starts the application, after `--`
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// `koshin daemon`.
#[derive(Debug, Args)]
pub struct DaemonArgs {
    /// Look once at every certificate, then end: for timers
    #[arg(long)]
    pub once: bool,
}

/// `koshin doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print one JSON object instead of sentences
    #[arg(long)]
    pub json: bool,
}

/// `koshin backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The folder to write the backup into
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// `koshin restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// Runs the program with the arguments and the surroundings of this process, and answers its exit code: one of
/// [`ExitCode`], or that of the application that `koshin run` has started.
pub fn run() -> i32 {
    let environment = match Environment::from_process() {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!("koshin: {error}");
            return i32::from(ExitCode::Config.number());
        }
    };
    let command = localized(Cli::command(), environment.language);
    let parsed = Cli::from_arg_matches(&command.get_matches());
    match parsed {
        Ok(cli) => dispatch(&cli, environment),
        Err(error) => error.exit(),
    }
}

fn dispatch(cli: &Cli, mut environment: Environment) -> i32 {
    match cli.lang {
        Some(Lang::Ja) => environment.language = Language::Japanese,
        Some(Lang::En) => environment.language = Language::English,
        None => {}
    }
    let exit_code = match &cli.command {
        Command::Run(arguments) => return run::run(arguments, &environment),
        Command::Status(arguments) => status::run(arguments, &environment, clock::now()),
        Command::Renew(arguments) => renew::run(arguments, &environment),
        Command::Recover(arguments) => recover::run(arguments, &environment),
        Command::Backup(arguments) => backup::run_backup(&arguments.directory, &environment, clock::now()),
        Command::Restore(arguments) => backup::run_restore(&arguments.directory, &environment, clock::now()),
        Command::Daemon(arguments) => daemon::run(arguments, &environment),
        Command::Install => install::run_install(&environment),
        Command::Uninstall => install::run_uninstall(&environment),
        Command::Doctor(arguments) => doctor::run(arguments, &environment, clock::now()),
        Command::Window => window::run(&environment),
    };
    i32::from(exit_code.number())
}

/// The help in the user's language; the derived one is English.
fn localized(command: clap::Command, language: Language) -> clap::Command {
    match language {
        Language::English => command,
        Language::Japanese => messages::help::japanese(command),
    }
}

//! The command line: parse, act, report.

/// `println!` that does not panic when the reader has gone, as in `| head -1`.
macro_rules! say {
    ($($argument:tt)*) => {{
        use std::io::Write;
        // Nobody is left to be told of a failure.
        drop(writeln!(std::io::stdout(), $($argument)*));
    }};
}

mod admin;
mod audit;
mod error;
mod hand_over;
mod init;
mod list;
mod notices;
mod recovery_code;
mod revoke;
mod serve;
mod tenant;

pub use error::CliError;

use crate::{
    authority::Authority,
    config::Config,
    home::Home,
    store::{Location, Store},
    use_cases::{Koshin, SecondFactorKey, SiteError},
};
use clap::{Parser, Subcommand};
use secrecy::SecretString;
use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

/// Client certificates that renew themselves: the server.
#[derive(Debug, Parser)]
#[command(name = "koshin-server", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// The server's directory
    #[arg(long, global = true, env = "KOSHIN_SERVER_DIR", default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// A PostgreSQL instead of the database that the configuration names
    #[arg(
        long,
        global = true,
        env = "KOSHIN_DATABASE_URL",
        hide_env_values = true,
        value_name = "postgres://…"
    )]
    database_url: Option<SecretString>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 2 wrong usage, 10 configuration or directory, 11 database, \
12 CA or certificates, 13 network, 14 no such tenant or certificate, or there already, 15 files, \
16 the audit trail is broken, 70 defect, 75 try again later";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a server's directory: CAs, own certificate, configuration
    Init(init::Args),
    /// Run the server until SIGTERM or Ctrl-C; SIGHUP reloads the certificates
    Serve,
    /// Tenants (医療機関)
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Issue a certificate for a first hand-over
    Issue(hand_over::Args),
    /// List the certificates
    Certs(list::Args),
    /// Revoke a certificate
    Revoke(revoke::Args),
    /// Issue a recovery code (復旧コード) for a terminal whose certificate has expired
    RecoveryCode(recovery_code::Args),
    /// Notices that certificates near their end
    #[command(subcommand)]
    Notices(notices::NoticesCommand),
    /// Show the audit trail, or check it
    #[command(args_conflicts_with_subcommands = true)]
    Audit {
        #[command(flatten)]
        args: list::Args,
        #[command(subcommand)]
        command: Option<audit::AuditCommand>,
    },
    /// Administrators of the administration site (システム管理サイト)
    #[command(subcommand)]
    Admin(admin::AdminCommand),
}

/// Runs the program; prints errors to standard error.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return CliError::Defect(format!("no async runtime: {error}")).report(),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

async fn dispatch(cli: Cli) -> Result<(), CliError> {
    let place = Place { home: Home::new(cli.dir), database_url: cli.database_url, store: OnceLock::new() };
    let done = obey(&place, cli.command).await;
    // Where no server runs, nobody else gives this command's events their places in the chain.
    // What only reads has opened nothing for that (`Place::records`): it hides nothing that it found.
    // Records that failed it are not asked for more.
    let failed = done.as_ref().is_err_and(CliError::is_of_the_records);
    if let Some(store) = place.store.get().filter(|_| !failed) {
        // What was asked for has been done: whoever gives places next gives these, too.
        if let Err(error) = store.link_events().await {
            eprintln!(
                "koshin-server: the newest events have no places in the audit trail's chain yet: {error}"
            );
        }
    }
    done
}

async fn obey(place: &Place, command: Command) -> Result<(), CliError> {
    match command {
        Command::Init(args) => init::run(place, args),
        Command::Serve => serve::run(place).await,
        Command::Tenant(command) => tenant::run(place, command).await,
        Command::Issue(args) => hand_over::run(place, args).await,
        Command::Certs(args) => list::certificates(place, &args).await,
        Command::Revoke(args) => revoke::run(place, args).await,
        Command::RecoveryCode(args) => recovery_code::run(place, args).await,
        Command::Notices(command) => notices::run(place, command).await,
        Command::Audit { command: Some(command), .. } => audit::run(place, command).await,
        Command::Audit { args, command: None } => list::audit(place, &args).await,
        Command::Admin(command) => admin::run(place, command).await,
    }
}

/// Which server the command is about.
struct Place {
    home: Home,
    database_url: Option<SecretString>,
    /// What this command has opened to change something.
    store: OnceLock<Store>,
}

impl Place {
    fn config(&self) -> Result<Config, CliError> {
        Ok(Config::load(&self.home, self.database_url.clone())?)
    }

    fn store(&self) -> Result<Store, CliError> {
        self.open(&self.config()?.database)
    }

    /// For a command that only reads: it works beside a server whatever that is doing, and upgrades nothing.
    fn records(&self) -> Result<Store, CliError> {
        Ok(Store::open_to_read(&self.config()?.database)?)
    }

    fn open(&self, location: &Location) -> Result<Store, CliError> {
        let store = Store::open(location)?;
        Ok(self.store.get_or_init(|| store).clone())
    }

    /// Everything, for the commands that issue.
    fn koshin(&self) -> Result<Arc<Koshin>, CliError> {
        Ok(Arc::new(self.parts()?))
    }

    /// The same with the key that hides recovery codes and seals links until they are mailed.
    fn koshin_with_key(&self) -> Result<Koshin, CliError> {
        let key = SecondFactorKey::load_or_create(&self.home).map_err(SiteError::from)?;
        Ok(self.parts()?.with_second_factor_key(key))
    }

    fn parts(&self) -> Result<Koshin, CliError> {
        let config = self.config()?;
        let authority = Authority::load(&self.home)?;
        let store = self.open(&config.database)?;
        let public_url = config.public_url.clone().unwrap_or_default();
        Ok(Koshin::new(store, authority, config, public_url))
    }
}

//! Fills an empty database with a fleet as years of renewals leave it behind: tenants, terminals, several certificates
//! each, and the chained events of them. Some of the terminals are live: their certificates were signed by a server's
//! issuing CA, and lie with their keys in a file for the load generator. `cargo xtask bench` runs it.

#![allow(clippy::disallowed_methods, reason = "a tool of the benchmark, which has a clock")]

mod events;
mod live;
mod script;
mod tenant;
mod terminal;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use jiff::Timestamp;
use koshin_server::store::{Location, Store};
use secrecy::SecretString;

use events::Events;
use live::Live;
use script::{Database, Table};
use tenant::Tenant;
use terminal::{ATTEMPT_COLUMNS, CERTIFICATE_COLUMNS, NOTICE_COLUMNS, TERMINAL_COLUMNS, Terminal};

#[derive(Parser)]
struct Options {
    /// The path of a SQLite file, or a postgres:// URL; without tenants.
    #[arg(long)]
    database: String,
    /// Terminals in all.
    #[arg(long)]
    terminals: u32,
    /// Certificates of each terminal: the last is in use, the others were replaced.
    #[arg(long, default_value_t = 2)]
    generations: u32,
    /// So many of the terminals, the last, are live: whoever looks at the lists of the first sees the same in every fleet.
    #[arg(long, default_value_t = 0, requires_all = ["server", "out"])]
    live: u32,
    /// The directory of the server whose issuing CA signs for live terminals.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Where the live terminals' certificates and keys are written, JSON.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.live <= options.terminals, "no more terminals can be live than there are");
    ensure!(options.generations > 0, "a terminal has at least one certificate");
    let location = if options.database.starts_with("postgres") {
        Location::Postgres(SecretString::from(options.database.clone()))
    } else {
        Location::Sqlite(PathBuf::from(&options.database))
    };
    // Makes the tables.
    drop(Store::open(&location)?);
    let live = match (&options.server, &options.out) {
        (Some(server), Some(out)) if options.live > 0 => Some((
            Live::prepare(server, options.terminals - options.live..options.terminals, Timestamp::now())?,
            out,
        )),
        _ => None,
    };
    let mut database = Database::open(&location)?;
    fill(&mut database, &options, live.as_ref().map(|(live, _)| live))?;
    database.execute("COMMIT")?;
    index(&location)?;
    database.settle()?;
    if let Some((live, out)) = live {
        std::fs::write(out, live.file().to_string()).with_context(|| out.display().to_string())?;
    }
    Ok(())
}

/// The index of names, as the server's job makes it.
fn index(location: &Location) -> Result<()> {
    let store = Store::open(location)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        while store.index_names().await? > 0 {}
        Ok(())
    })
}

/// Rows as the store would have made them, in statements of many.
fn fill(database: &mut Database, options: &Options, live: Option<&Live>) -> Result<()> {
    let now = Timestamp::now();
    let dropped = database.drop_indexes()?;
    let mut tenants = Table::new(
        "INSERT INTO tenant (id, name, service, suspended, created_at, kind, search_text) VALUES ",
    );
    let mut last = None;
    for tenant in (0..options.terminals).map(Tenant::of) {
        // The terminals of an organisation follow each other.
        if last.replace(tenant) == Some(tenant) {
            continue;
        }
        let (tenant, name) = (tenant.number(), tenant.name());
        let row = format!("('t{tenant}', '{name}', 'default', FALSE, 0, 'clinic', 't{tenant}\n{name}')");
        tenants.row(database, &row)?;
    }
    tenants.end(database)?;
    let mut terminals = Table::new(TERMINAL_COLUMNS);
    let mut refusals = Vec::new();
    for number in 0..options.terminals {
        let terminal = Terminal::new(number, now, live);
        terminals.row(database, &terminal.row())?;
        refusals.extend(terminal.attempts());
    }
    terminals.end(database)?;
    whole(database, ATTEMPT_COLUMNS, &refusals)?;
    let mut certificates = Table::new(CERTIFICATE_COLUMNS);
    let mut events = Events::new();
    let mut notices = Vec::new();
    for number in 0..options.terminals {
        let terminal = Terminal::new(number, now, live);
        for generation in 0..options.generations {
            let certificate = terminal.certificate(generation, options.generations);
            certificates.row(database, &certificate.row(&terminal, database.blob()))?;
            if generation + 2 >= options.generations {
                notices.extend(certificate.notices(&terminal));
            }
            events.of(database, &terminal, &certificate)?;
        }
    }
    certificates.end(database)?;
    events.end(database)?;
    whole(database, NOTICE_COLUMNS, &notices)?;
    database.make_indexes(&dropped)
}

/// A table whose rows are known by now.
fn whole(database: &mut Database, columns: &'static str, rows: &[String]) -> Result<()> {
    let mut table = Table::new(columns);
    rows.iter().try_for_each(|row| table.row(database, row))?;
    table.end(database)
}

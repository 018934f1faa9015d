//! The same server on PostgreSQL: one node, and two nodes on one database. With two, connections take turns between the
//! nodes as behind a balancer of TCP connections: of a renewal at the legacy door, the POST goes to one node and the GET
//! to the other.

use std::path::Path;

use anyhow::Result;

use super::Extent;
use super::figure::{Figure, Goal};
use super::fleet::{Prepared, Size, rest, set};
use super::load::{Load, Target, Turn};
use super::renewals::report;
use crate::keeper::Kept;
use crate::test::postgres::Postgres;

/// The database that is copied for each run.
const FLEET: &str = "fleet";
/// Renewals before those that count.
const WARM_UP: usize = 200;
const CONCURRENCY: usize = 64;
/// PostgreSQL here is slower: fewer renewals tell as much.
const FEWER: usize = 2;

/// Prints both doors with one node and with two. Left out where PostgreSQL is not installed.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let postgres = match Postgres::start_durable() {
        Ok(postgres) => postgres,
        Err(error) => {
            eprintln!("bench: without PostgreSQL, which cannot be started: {error}");
            return Ok(());
        }
    };
    postgres.execute(&format!("CREATE DATABASE {FLEET}"))?;
    let renewals = extent.renewals / FEWER;
    let size = Size::of_live(renewals + WARM_UP);
    let prepared = Prepared::make_in(programs, size, Some(&postgres.url_of(FLEET)))?;
    let mut number = 0;
    for nodes in [1, 2] {
        for (door, name, key) in [("est", "EST", None), ("legacy", "legacy door, P-256", Some("p-256"))] {
            let mut found = Vec::new();
            for _ in 0..extent.repeats {
                number += 1;
                let cluster = Cluster::start(&postgres, &prepared, number, nodes, key)?;
                let turn = Turn { door, concurrency: CONCURRENCY, first: WARM_UP, renewals };
                found.push(cluster.run(programs, &prepared, turn)?);
            }
            let plural = if nodes == 1 { "node" } else { "nodes" };
            let name = format!("PostgreSQL, {nodes} {plural}, {name}, 64 at a time");
            let load = Load::median(&found);
            report(&name, &load, None, extent.repeats, false, &print);
            let refused = Figure::new(format!("{name}: 503"), load.put_off, "", extent.repeats);
            print(&refused.goal(Goal::Most(0.0)));
        }
    }
    Ok(())
}

/// Nodes on a copy of the database.
struct Cluster<'a> {
    nodes: Vec<Kept>,
    postgres: &'a Postgres,
    database: String,
}

impl<'a> Cluster<'a> {
    fn start(
        postgres: &'a Postgres,
        prepared: &Prepared,
        number: usize,
        nodes: usize,
        legacy_key: Option<&str>,
    ) -> Result<Self> {
        let database = format!("run_{number}");
        postgres.execute(&format!("CREATE DATABASE {database} TEMPLATE {FLEET}"))?;
        let url = postgres.url_of(&database);
        let node = |_| {
            prepared.serve_with(|config| {
                config.insert("database_url".to_owned(), url.clone().into());
                if let Some(key) = legacy_key {
                    set(config, "service.default", "legacy_key", key);
                }
            })
        };
        let nodes = (0..nodes).map(node).collect::<Result<_>>()?;
        Ok(Self { nodes, postgres, database })
    }

    fn run(&self, programs: &Path, prepared: &Prepared, turn: Turn) -> Result<Load> {
        let target = Target::new(programs, prepared, &self.nodes.iter().collect::<Vec<_>>())?;
        for node in &self.nodes {
            rest(node.pid())?;
        }
        target.run(Turn { first: 0, renewals: WARM_UP, ..turn })?;
        target.run(turn)
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        self.nodes.clear();
        // It goes with the whole PostgreSQL when that fails.
        let _ = self.postgres.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database));
    }
}

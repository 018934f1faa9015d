//! The same server on PostgreSQL with `fsync` on: one node, and two nodes on one database behind a balancer of TCP
//! connections. Each new connection goes to the next node: of a renewal at the legacy door, the POST goes to one and the
//! GET mostly to the other.

use std::path::Path;

use anyhow::Result;

use super::Extent;
use super::balancer::Balancer;
use super::figure::{Figure, Goal, median};
use super::fleet::{Memory, Prepared, Size, cpu_seconds, rest, set};
use super::load::{Load, Target, Turn, address};
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
            let (mut found, mut costs) = (Vec::new(), Vec::new());
            for _ in 0..extent.repeats {
                number += 1;
                let cluster = Cluster::start(&postgres, &prepared, number, nodes, key)?;
                let turn = Turn { door, concurrency: CONCURRENCY, first: WARM_UP, renewals };
                let (load, cost) = cluster.run(programs, &prepared, turn)?;
                found.push(load);
                costs.push(cost);
            }
            let plural = if nodes == 1 { "node" } else { "nodes behind HAProxy" };
            let name = format!("PostgreSQL, {nodes} {plural}, {name}, 64 at a time");
            let load = Load::median(&found);
            report(&name, &load, None, extent.repeats, false, &print);
            Cost::report(&costs, &name, &print);
            let refused = Figure::new(format!("{name}: 503"), load.put_off, "", extent.repeats);
            print(&refused.goal(Goal::Most(0.0)));
        }
    }
    Ok(())
}

/// What a renewal costs beside the nodes' CPU time.
#[derive(Clone, Copy)]
struct Cost {
    /// Milliseconds of PostgreSQL's CPU time, all its processes together.
    database: f64,
    /// Bytes that tables and indexes grow by.
    bytes: f64,
    /// Bytes written to the log.
    log: f64,
    /// Memory of one node after the run (RSS), MB.
    memory: f64,
    /// Connections of all nodes to PostgreSQL.
    connections: f64,
}

impl Cost {
    fn report(costs: &[Self], name: &str, print: &impl Fn(&Figure)) {
        let figure = |what: &str, unit, value: fn(&Self) -> f64| {
            let value = median(costs.iter().map(value).collect());
            print(&Figure::new(format!("{name}: {what}"), value, unit, costs.len()));
        };
        figure("CPU of PostgreSQL", "ms", |cost| cost.database);
        figure("bytes in tables and indexes", "B", |cost| cost.bytes);
        figure("bytes of write-ahead log", "B", |cost| cost.log);
        figure("memory of a node (RSS)", "MB", |cost| cost.memory);
        figure("connections to PostgreSQL", "", |cost| cost.connections);
    }
}

/// What PostgreSQL has used up so far.
struct Spent {
    cpu: f64,
    bytes: f64,
    log: f64,
}

/// Nodes on a copy of the database.
struct Cluster<'a> {
    nodes: Vec<Kept>,
    balancer: Option<Balancer>,
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
        // Else the copy is written in the middle of the run.
        postgres.execute("CHECKPOINT")?;
        let url = postgres.url_of(&database);
        let node = |_| {
            prepared.serve_with(|config| {
                config.insert("database_url".to_owned(), url.clone().into());
                if let Some(key) = legacy_key {
                    set(config, "service.default", "legacy_key", key);
                }
            })
        };
        let nodes = (0..nodes).map(node).collect::<Result<Vec<_>>>()?;
        let addresses = nodes.iter().map(address).collect::<Result<Vec<_>>>()?;
        let balancer = if addresses.len() > 1 { Some(Balancer::start(&addresses)?) } else { None };
        Ok(Self { nodes, balancer, postgres, database })
    }

    fn run(&self, programs: &Path, prepared: &Prepared, turn: Turn) -> Result<(Load, Cost)> {
        let target = Target::new(programs, prepared, &self.nodes.iter().collect::<Vec<_>>())?;
        let target = match &self.balancer {
            Some(balancer) => target.through(balancer.address()),
            None => target,
        };
        for node in &self.nodes {
            rest(node.pid())?;
        }
        target.run(Turn { first: 0, renewals: WARM_UP, ..turn })?;
        let before = self.spent()?;
        let load = target.run(turn)?;
        let after = self.spent()?;
        let each = |before: f64, after: f64| -> Result<f64> {
            Ok((after - before) / f64::from(u32::try_from(turn.renewals)?))
        };
        let cost = Cost {
            database: each(before.cpu, after.cpu)? * 1000.0,
            bytes: each(before.bytes, after.bytes)?,
            log: each(before.log, after.log)?,
            memory: self.nodes.first().map(|node| Memory::of(node.pid())).transpose()?.map_or(0.0, |m| m.rss),
            connections: self.number(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND pid <> pg_backend_pid()",
            )?,
        };
        Ok((load, cost))
    }

    fn spent(&self) -> Result<Spent> {
        let cpu = self.postgres.pids()?.into_iter().filter_map(|pid| cpu_seconds(pid).ok()).sum();
        Ok(Spent {
            cpu,
            bytes: self.number("SELECT pg_database_size(current_database())")?,
            log: self.number("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")?,
        })
    }

    fn number(&self, sql: &str) -> Result<f64> {
        Ok(self.postgres.ask(&self.database, sql)?.parse()?)
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        self.nodes.clear();
        // It goes with the whole PostgreSQL when that fails.
        let _ = self.postgres.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database));
    }
}

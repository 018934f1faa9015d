//! A primary with a synchronous standby, and what operators do with them: `docs/postgresql.md` has the
//! same commands.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{OwnPostgres, program};
use crate::tools;

/// Without the first two, `pg_rewind` brings no server back. Only processes die here, and the system keeps what they wrote.
const SETTINGS: &str = "wal_log_hints = on\nwal_keep_size = 1GB\nfsync = off\n";

/// Two servers on one machine. At first `first` is the primary, and acknowledges nothing that `second` does not have.
pub struct Replicated {
    /// Called `db1` among standbys.
    pub first: OwnPostgres,
    /// Called `db2` among standbys.
    pub second: OwnPostgres,
}

impl Replicated {
    /// Starts both; None after the test was counted as skipped.
    ///
    /// # Panics
    /// When a step fails.
    pub fn start() -> Option<Self> {
        let first = OwnPostgres::start_with(SETTINGS)?;
        let second = first.standby("db2");
        let pair = Self { first, second };
        pair.first.wait_for_standby("db2");
        Some(pair)
    }

    /// For libpq, which finds the primary itself.
    pub fn url(&self) -> String {
        let [first, second] = [&self.first, &self.second].map(|server| server.directory.path().display());
        format!(
            "postgres://koshin@/postgres?host={first},{second}&target_session_attrs=read-write&connect_timeout=3\
             &keepalives_idle=5&keepalives_interval=2&keepalives_count=3&tcp_user_timeout=8000"
        )
    }
}

impl OwnPostgres {
    /// A copy of this server that follows it by this name.
    ///
    /// # Panics
    /// When it cannot be copied or does not come up.
    fn standby(&self, name: &str) -> Self {
        let mut standby = Self::without_data(self.user);
        let mut copy = standby.command(&program("pg_basebackup").expect("it comes with initdb"));
        copy.args([
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
            "--dbname",
            &self.known_as(name),
        ]);
        tools::succeed(copy.arg("--pgdata").arg(standby.data()));
        standby.start_again();
        standby
    }

    /// A server that was the primary, is down, and may have had what nobody else got: loses that, and follows
    /// `primary` by this name.
    ///
    /// # Panics
    /// When it runs, cannot be brought back or does not come up.
    pub fn follow(&mut self, primary: &Self, name: &str) {
        assert!(self.running.is_none(), "it runs");
        // Before this, a new primary does not tell that it is on a timeline of its own.
        assert!(primary.query("checkpoint").is_some(), "checkpoint");
        let mut rewind = self.command(&program("pg_rewind").expect("it comes with initdb"));
        rewind.args(["--write-recovery-conf", "--no-sync", "--source-server"]);
        rewind.arg(format!("{} dbname=postgres", primary.known_as(name)));
        tools::succeed(rewind.arg("--target-pgdata").arg(self.data()));
        self.start_again();
        primary.wait_for_standby(name);
    }

    /// Makes a standby the primary, and waits until it is.
    ///
    /// # Panics
    /// When it does not become one.
    pub fn promote(&self) {
        assert_eq!(self.query("select pg_promote()").as_deref(), Some("t"));
    }

    /// Changes a setting while it runs, and waits until sessions have it.
    ///
    /// # Panics
    /// When it is not taken.
    pub fn set(&self, setting: &str, value: &str) {
        // Each by itself: the first cannot be part of a transaction.
        for statement in [&format!("alter system set {setting} = '{value}'"), "select pg_reload_conf()"] {
            assert!(self.query(statement).is_some(), "{statement}");
        }
        self.wait_for(&format!("show {setting}"), value);
    }

    /// From now on nothing is acknowledged that no standby has; waits until this one has everything.
    fn wait_for_standby(&self, name: &str) {
        self.wait_for(
            &format!("select state from pg_stat_replication where application_name = '{name}'"),
            "streaming",
        );
        self.set("synchronous_standby_names", "ANY 1 (db1, db2)");
        self.wait_for(
            &format!("select sync_state from pg_stat_replication where application_name = '{name}'"),
            "quorum",
        );
    }

    fn wait_for(&self, statement: &str, expected: &str) {
        let begin = Instant::now();
        while self.query(statement).as_deref() != Some(expected) {
            assert!(begin.elapsed() < Duration::from_secs(30), "{statement}: still not {expected}");
            sleep(Duration::from_millis(20));
        }
    }

    /// How a standby of this name reaches it.
    fn known_as(&self, name: &str) -> String {
        format!("host={} user=koshin application_name={name}", self.directory.path().display())
    }
}

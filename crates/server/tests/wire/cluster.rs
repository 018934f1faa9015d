//! Two nodes on one PostgreSQL, behind a real balancer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use koshin_testkit::balancer::free_address;
use koshin_testkit::postgres::{OwnPostgres, fresh_database};
use koshin_testkit::terminal::fetch_bundle;
use koshin_testkit::{
    Balancer, Database, MailEncryption, MailServer, Response, ServerInABox, ServerOptions, Terminal,
};

use crate::concurrency::usable;
use crate::crash::{Renewing, Setback, check_invariants};
use crate::support::{days_from_now, states, wait_until};

/// Terminals under load.
pub(crate) const TERMINALS: usize = 4;
/// Simultaneous renewals of one terminal at each node.
const MANY: usize = 20;

/// Two nodes and what is before them; bundles are fetched through the balancer.
pub(crate) struct Cluster {
    pub(crate) first: ServerInABox,
    pub(crate) second: ServerInABox,
    balancer: Balancer,
}

impl Cluster {
    /// None after the test was counted as skipped.
    pub(crate) fn start(url: String, configure: impl FnOnce(&mut toml::Table) + 'static) -> Option<Self> {
        let (front, own) = (free_address(), free_address());
        let first = ServerInABox::start_with(ServerOptions {
            database: Database::Postgres(url),
            configure: Box::new(move |config| {
                config.insert("public_url".into(), format!("https://localhost:{}", front.port()).into());
                config.insert("listen".into(), own.to_string().into());
                configure(config);
            }),
            ..ServerOptions::default()
        });
        let second = first.second_node();
        let balancer = Balancer::start(front, &[first.address(), second.address()])?;
        Some(Self { first, second, balancer })
    }

    /// A terminal that reaches whatever node the balancer chooses.
    pub(crate) fn issue(&mut self, common_name: &str) -> Terminal {
        self.first.issue(common_name).at(self.balancer.address())
    }
}

/// What one node begins, the other goes on with: no node remembers anything that the others
/// need.
#[test]
fn a_renewal_goes_from_node_to_node() {
    let Some(mut cluster) = fresh_database().and_then(|url| Cluster::start(url, |_| ())) else { return };
    let terminal = cluster.issue("client001");
    let (at_first, at_second) = (terminal.at(cluster.first.address()), terminal.at(cluster.second.address()));
    let reply = at_first.client().post_json("/api/cert", "{}").unwrap();
    let uri = reply.json()["uri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with(&format!("https://localhost:{}/", cluster.balancer.address().port())), "{uri}");
    let new = fetch_bundle(&at_second.client(), &reply.json());
    assert_eq!(at_second.client_as(Some(&new)).get("/api/cert").unwrap().status, 200);
    assert_eq!(
        states(&cluster.first, "client001"),
        ["in_use", "superseded"],
        "the first use counts everywhere"
    );
    let old = at_first.client().post_json("/api/cert", "{}").unwrap();
    assert_eq!(old.status, 403, "{old:?}");

    // Every connection goes to the other node than the one before.
    let mut newest = new;
    for _ in 0..4 {
        newest = terminal.renew_as(&newest);
    }
    assert_eq!(terminal.client_as(Some(&newest)).get("/api/cert").unwrap().status, 200);
}

#[test]
fn of_renewals_of_one_terminal_at_both_nodes_one_is_usable() {
    let Some(mut cluster) = fresh_database().and_then(|url| Cluster::start(url, |_| ())) else { return };
    let terminal = cluster.issue("client001");
    let clients = [&cluster.first, &cluster.second].map(|node| terminal.at(node.address()).client());
    let replies: Vec<Response> = thread::scope(|scope| {
        let post = |number: usize| {
            let client = &clients[number % 2];
            scope.spawn(|| client.post_json("/api/cert", "{}").unwrap())
        };
        let threads: Vec<_> = (0..2 * MANY).map(post).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for refused in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!((refused.status, refused.problem().as_str()), (409, "renewal-in-progress"), "{refused:?}");
    }
    assert_eq!(usable(&terminal, &replies), 1);
    let states = states(&cluster.first, "client001");
    assert_eq!(states.iter().filter(|state| *state == "issued").count(), 1, "{states:?}");
    assert!(!states.contains(&"pending".to_owned()), "{states:?}");
}

/// Renewals that go on, whatever happens, and every answer that was no success.
#[derive(Default)]
pub(crate) struct Load {
    stop: AtomicBool,
    renewed: AtomicUsize,
    pub(crate) refused: Mutex<Vec<Response>>,
}

impl Load {
    /// Renews with all of them while `meanwhile` goes on, and until it has come to its end, however.
    pub(crate) fn during(&self, all: &mut [Renewing], meanwhile: impl FnOnce()) {
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        thread::scope(|scope| {
            for renewing in all {
                scope.spawn(|| self.run(renewing));
            }
            let _stop = Stop(&self.stop);
            meanwhile();
        });
    }

    fn run(&self, renewing: &mut Renewing) {
        while !self.stop.load(Ordering::Relaxed) {
            match renewing.renew() {
                Ok(()) => drop(self.renewed.fetch_add(1, Ordering::Relaxed)),
                // What clients do: wait, and ask again.
                Err(setback) => {
                    if let Setback::Answer(answer) = setback {
                        self.refused.lock().unwrap().push(answer);
                    }
                    thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    /// Waits until so many more renewals have gone through: until all is well again.
    pub(crate) fn goes_on(&self, after: &str) {
        let before = self.renewed.load(Ordering::Relaxed);
        wait_until(&format!("renewals go on after {after}"), || {
            self.renewed.load(Ordering::Relaxed) >= before + 3 * TERMINALS
        });
    }
}

/// A power cut at a node, then at the database, then the node comes back: what was
/// acknowledged is there, nobody is locked out, and nobody was told anything but «later».
#[test]
fn a_killed_node_and_a_crashed_database_lose_nothing() {
    let Some(mut database) = OwnPostgres::start() else { return };
    let Some(mut cluster) = Cluster::start(database.url(), |_| ()) else { return };
    let mut all: Vec<Renewing> =
        (0..TERMINALS).map(|number| Renewing::new(cluster.issue(&format!("client{number:03}")))).collect();
    let load = Load::default();
    load.during(&mut all, || {
        load.goes_on("the start");
        cluster.first.kill();
        load.goes_on("the end of a node");
        database.crash();
        thread::sleep(Duration::from_millis(500));
        database.start_again();
        load.goes_on("the crash of the database");
        cluster.first.serve();
        load.goes_on("the return of the node");
    });
    for refused in load.refused.into_inner().unwrap() {
        assert!(matches!(refused.status, 409 | 503), "{refused:?}");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
    }
    for node in [&cluster.first, &cluster.second] {
        for renewing in &mut all {
            renewing.terminal = renewing.terminal.at(node.address());
        }
        check_invariants(node, &all, "after all that");
    }
    let verified = cluster.second.command(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

/// Who does what for all nodes, as the records have it.
fn holders(database: &OwnPostgres) -> Vec<String> {
    let lines = database.query("select distinct holder from job_lease order by 1").unwrap();
    lines.lines().map(str::to_owned).collect()
}

/// The mail section of a configuration, for this server.
fn mailing(mail: &MailServer) -> impl FnOnce(&mut toml::Table) + 'static {
    let (port, ca) = (i64::from(mail.port()), mail.ca_file().display().to_string());
    move |config| {
        let mut section = toml::Table::new();
        section.insert("server".into(), "localhost".into());
        section.insert("port".into(), port.into());
        section.insert("encryption".into(), "starttls".into());
        section.insert("ca_file".into(), ca.into());
        section.insert("from".into(), "koshin@example.jp".into());
        config.insert("mail".into(), section.into());
    }
}

/// Every notice is mailed once, whatever the nodes do; a node that dies is followed by the
/// other, and one that stops hands over at once.
#[test]
fn jobs_are_done_once_and_by_whoever_is_left() {
    let Some(database) = OwnPostgres::start() else { return };
    let Some(mail) = MailServer::start(MailEncryption::StartTls, None) else { return };
    let Some(mut cluster) = Cluster::start(database.url(), mailing(&mail)) else { return };
    cluster.first.command_succeeds(&["notices", "recipients", "clinic", "--mail", "a@b.jp"]);
    for number in 0..5 {
        let terminal = cluster.first.issue_until(&format!("client{number:03}"), days_from_now(20));
        assert_eq!(terminal.client().get("/api/cert").unwrap().status, 200, "in use from now on");
    }
    assert_eq!(holders(&database).len(), 1, "one does everything");
    // What is due is looked for at the start.
    assert_eq!((cluster.first.stop(), cluster.second.stop()), (Some(0), Some(0)));
    assert_eq!(holders(&database), [""; 0], "who stops gives up");
    // While the first stopped, the second may have taken over: what was said until here does not count.
    let said = [cluster.first.log().len(), cluster.second.log().len()];
    cluster.first.serve();
    cluster.second.serve();
    let waiting = "select count(*) from outbox where state = 'waiting'";
    let planned = "select count(*) from outbox";
    let number = |statement: &str| database.query(statement).unwrap().parse::<usize>().unwrap();
    wait_until("everything is sent", || number(planned) > 0 && number(waiting) == 0);
    assert_eq!(mail.received().len(), number(planned), "each once");

    let before = holders(&database);
    assert_eq!(before.len(), 1);
    let does_all = |node: &ServerInABox, said: usize| {
        node.log()[said..]
            .lines()
            .rfind(|line| line.contains("what this node does"))
            .is_some_and(|line| line.contains("erasing housekeeping linking notices revocations"))
    };
    let first_does = does_all(&cluster.first, said[0]);
    assert_ne!(first_does, does_all(&cluster.second, said[1]), "one of them does everything");
    let (holder, other, said) = if first_does {
        (&mut cluster.first, &mut cluster.second, said[1])
    } else {
        (&mut cluster.second, &mut cluster.first, said[0])
    };
    holder.kill();
    wait_until("the other takes over", || {
        let now = holders(&database);
        now.len() == 1 && now != before
    });
    wait_until("it says so", || does_all(other, said));
    let terminal = other.issue("client009");
    let unlinked = "select count(*) from audit_event e left join audit_link l on l.event_id = e.id \
                    where l.position is null";
    assert_eq!(terminal.at(other.address()).client().get("/api/cert").unwrap().status, 200);
    wait_until("the trail is linked", || number(unlinked) == 0);
    assert_eq!(mail.received().len(), number(planned), "nobody was told twice");
}

//! Nodes on a replicated PostgreSQL: the primary dies, is replaced softly, or has nobody who follows it.

use std::thread;

use koshin_testkit::postgres::{OwnPostgres, Replicated};
use koshin_testkit::{Database, ServerInABox};

use crate::cluster::{Cluster, Load, TERMINALS};
use crate::crash::{Renewing, Setback, check_invariants};
use crate::support::wait_until;

/// The primary dies without a word, its standby takes over, the old one comes back behind it, and then they change places
/// softly: renewals go on, what was acknowledged is there, and nobody was told anything but «later».
#[test]
fn a_change_of_the_primary_loses_nothing() {
    let Some(mut pair) = Replicated::start() else { return };
    let Some(mut cluster) = Cluster::start(pair.url(), |_| ()) else { return };
    let mut all: Vec<Renewing> =
        (0..TERMINALS).map(|number| Renewing::new(cluster.issue(&format!("client{number:03}")))).collect();
    let load = Load::default();
    load.during(&mut all, || {
        load.goes_on("the start");

        pair.first.crash();
        // It has nobody who follows it yet, and would wait for them for ever.
        pair.second.set("synchronous_standby_names", "");
        pair.second.promote();
        load.goes_on("the failover");
        wait_until("somebody has each duty again", || held_duties(&pair.second) == "5");

        pair.first.follow(&pair.second, "db1");
        load.goes_on("the return of the old primary");

        // Softly: nothing is written any more, then the other one takes over; nobody's connection is cut.
        pair.second.set("default_transaction_read_only", "on");
        let writing = "select count(*) from pg_stat_activity where backend_xid is not null";
        wait_until("what was begun has ended", || pair.second.query(writing).as_deref() == Some("0"));
        pair.first.set("synchronous_standby_names", "");
        pair.first.promote();
        load.goes_on("the change of places");
        assert_eq!(asked_from_now_on(&pair.second, || load.goes_on("a while")), "0", "all have left it");
    });
    for refused in load.refused.into_inner().unwrap() {
        assert_eq!((refused.status, refused.problem().as_str()), (503, "store-unavailable"), "{refused:?}");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
    }
    for node in [&cluster.first, &cluster.second] {
        for renewing in &mut all {
            renewing.terminal = renewing.terminal.at(node.address());
        }
        check_invariants(node, &all, "after all that");
    }
    wait_until("the trail is linked", || unlinked(&pair.first) == "0");
    let verified = cluster.second.command(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

/// How many duties somebody has now.
fn held_duties(database: &OwnPostgres) -> String {
    let held = "select count(*) from job_lease where until > extract(epoch from clock_timestamp()) * 1000";
    database.query(held).unwrap()
}

fn unlinked(database: &OwnPostgres) -> String {
    let unlinked = "select count(*) from audit_event e left join audit_link l on l.event_id = e.id \
                    where l.position is null";
    database.query(unlinked).unwrap()
}

/// How many connections have asked this database anything during `meanwhile`.
fn asked_from_now_on(database: &OwnPostgres, meanwhile: impl FnOnce()) -> String {
    let now = database.query("select clock_timestamp()").unwrap();
    meanwhile();
    let asked = format!(
        "select count(*) from pg_stat_activity \
         where backend_type = 'client backend' and pid <> pg_backend_pid() and query_start > '{now}'"
    );
    database.query(&asked).unwrap()
}

/// A commit without its standby ends when that is back, and not before. Who waits is told so after a while, nobody
/// gets anything that one machine only knows, a node can be stopped, and nothing has to be done when all is well again.
#[test]
fn without_its_standby_nothing_is_acknowledged() {
    let Some(mut pair) = Replicated::start() else { return };
    let mut server = ServerInABox::start_on(&Database::Postgres(pair.url()));
    let mut all: Vec<Renewing> =
        (0..TERMINALS).map(|number| Renewing::new(server.issue(&format!("client{number:03}")))).collect();

    pair.second.crash();
    let (refused, added) = thread::scope(|scope| {
        let renew = |renewing| scope.spawn(move || Renewing::renew(renewing));
        let asked: Vec<_> = all.iter_mut().map(renew).collect();
        let added = server.command(&["tenant", "add", "other"]);
        (asked.into_iter().map(|asked| asked.join().unwrap()).collect::<Vec<_>>(), added)
    });
    for refused in refused {
        let Err(Setback::Answer(answer)) = refused else { panic!("{:?}", refused.is_ok()) };
        assert_eq!((answer.status, answer.problem().as_str()), (503, "store-unavailable"), "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    let said = String::from_utf8(added.stderr).unwrap();
    assert!(added.status.code() == Some(11) && said.contains("it may come about later, or not"), "{said}");
    let waiting = "select count(*) > 0 from pg_stat_activity where wait_event = 'SyncRep'";
    assert_eq!(pair.first.query(waiting).as_deref(), Some("t"), "commits wait as before");
    assert!(server.log().contains("PostgreSQL has not confirmed commits for 5 s"), "the operator is told");
    assert_eq!(server.stop(), Some(0), "what does not end keeps nobody from stopping");

    pair.second.start_again();
    server.serve();
    let again = server.command(&["tenant", "add", "other"]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(
        again.status.code() == Some(14) && said.contains("there is a tenant"),
        "it has come about: {said}"
    );
    for renewing in &mut all {
        assert!(renewing.renew().is_ok(), "with what each terminal has");
    }
    check_invariants(&server, &all, "after all that");
}

//! Promises about searches over everything, which an index of names answers.

use crate::{
    census::many,
    fixture::{Fixture, event, now, tenant, terminal},
};
use koshin_server::store::{AuditKind, NewTerminal, Scope, Tenant, TenantChange, TerminalQuery};

const TENANTS: [&str; 3] = ["clinic", "hayashi", "4af0"];
const NAMES: [&str; 8] = ["受付1", "受付２", "Ｓｅｒｖｅｒ 1", "診察室", "50%_", "林", "4af0", "レセコン"];
const SEARCHES: [&str; 14] = [
    "受付",
    "受付1",
    "付",
    "林",
    "1",
    "SERVER",
    "server 受付",
    "50%_",
    "4af0",
    "4A:F0",
    "af0",
    "clinic",
    "室 1",
    "どこにもない",
];

/// Puts everything into the index; says how many terminals waited.
async fn index(f: &Fixture) -> usize {
    let mut all = 0;
    loop {
        match f.store.index_names().await.unwrap() {
            0 => return all,
            part => all += part,
        }
    }
}

/// Who is found: over everything, where the index says whom to look at, or among some tenants, all of whose terminals
/// are looked at.
async fn found(f: &Fixture, scope: Scope, search: &str) -> Vec<String> {
    let query = TerminalQuery { search: search.to_owned(), ..TerminalQuery::default() };
    let rows = f.store.all_terminals(scope, query, now()).await.unwrap();
    rows.into_iter().map(|row| row.common_name).collect()
}

async fn everywhere(f: &Fixture, search: &str) -> Vec<String> {
    found(f, Scope::Everything, search).await
}

async fn both_ways_find_the_same(f: &Fixture) {
    for search in SEARCHES {
        let tenants = Scope::Tenants(TENANTS.map(str::to_owned).to_vec());
        assert_eq!(everywhere(f, search).await, found(f, tenants, search).await, "{search}");
    }
}

/// A terminal is renamed as programs of earlier releases do it, which know of no index.
fn rename_as_before(f: &Fixture, terminal_id: i64, name: &str) {
    f.sql(&format!(
        "UPDATE terminal SET label = '{name}', name_key = '{name}', \
         search_text = '{name}\n' || COALESCE(current_serial, '') WHERE id = {terminal_id}"
    ));
}

/// Numbers that look like chance, and are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

pub(crate) async fn the_index_finds_what_reading_every_text_finds(f: Fixture) {
    for id in &TENANTS[1..] {
        let new = Tenant { id: (*id).to_owned(), ..tenant(id) };
        f.store.add_tenant(new, now(), event(AuditKind::TenantAdded)).await.unwrap();
    }
    let mut chance = Chance(1);
    let mut terminals = vec![f.terminal_id];
    for step in 0..60 {
        let (one, name) = (chance.of(&terminals), chance.of(&NAMES));
        let label = Some(name.to_owned());
        match chance.below(6) {
            0 => {
                let tenant_id = chance.of(&TENANTS).to_owned();
                let new = NewTerminal { tenant_id, label, ..terminal(&format!("client{step:03}")) };
                terminals.push(f.store.ensure_terminal(new, now()).await.unwrap().id);
            }
            1 => {
                let place = Some(chance.of(&NAMES).to_owned());
                let renamed = event(AuditKind::TerminalRenamed);
                assert!(f.store.rename_terminal(one, label, place, renamed).await.unwrap());
            }
            2 => {
                let change =
                    TenantChange {
                        name: format!("{name}医院"), service: "default".to_owned(), hours: None
                    };
                let changed = event(AuditKind::TenantChanged);
                assert!(f.store.change_tenant(chance.of(&TENANTS), change, changed).await.unwrap());
            }
            3 => rename_as_before(&f, one, name),
            4 => {
                let serial = format!("{:04x}af0{step:04x}", chance.below(0x10000));
                f.issue(&serial, None).await;
                assert!(f.confirm(&serial).await);
            }
            _ => {
                f.store.index_names().await.unwrap();
            }
        }
        if step % 6 == 0 {
            both_ways_find_the_same(&f).await;
        }
    }
    both_ways_find_the_same(&f).await;
    index(&f).await;
    both_ways_find_the_same(&f).await;
}

pub(crate) async fn a_renewal_and_a_first_use_leave_the_index_alone(f: Fixture) {
    assert_eq!(index(&f).await, 3, "a tenant that was made, and a terminal that was made and named");
    f.issue("a0000001", None).await;
    assert!(f.confirm("a0000001").await);
    f.issue("b0000002", Some("a0000001")).await;
    assert_eq!(everywhere(&f, "a000").await, ["client001"]);
    assert!(f.confirm("b0000002").await);
    f.store.note_seen(f.terminal_id, now()).await.unwrap();
    assert_eq!(index(&f).await, 0, "names are what they were");
    for (search, is_found) in [("client001", true), ("B0:00", true), ("a0000001", false), ("0002", false)] {
        assert_eq!(!everywhere(&f, search).await.is_empty(), is_found, "{search}");
    }
    f.store.revoke("b0000002", "keyCompromise", now()).await.unwrap();
    assert_eq!(everywhere(&f, "b000 山田").await, ["client001"], "the last that it had");
}

pub(crate) async fn what_an_older_node_names_is_found_at_once(f: Fixture) {
    index(&f).await;
    rename_as_before(&f, f.terminal_id, "会計");
    f.sql(
        "INSERT INTO terminal (tenant_id, common_name, created_at) VALUES ('clinic', 'client002', 0); \
         UPDATE terminal SET name_key = '会計', search_text = '会計 奥' WHERE common_name = 'client002'",
    );
    for _ in 0..2 {
        assert_eq!(everywhere(&f, "会計").await, ["client001", "client002"]);
        assert_eq!(everywhere(&f, "山田").await, [""; 0], "the older name");
        index(&f).await;
    }
}

pub(crate) async fn of_very_many_those_are_found_and_counted_that_have_all_words(f: Fixture) {
    many(&f, 2_500);
    for waiting in [2_503, 0] {
        let page = async |search: &str| {
            let query = TerminalQuery { search: search.to_owned(), ..TerminalQuery::default() };
            let page = f.store.terminals(Scope::Everything, query, now()).await.unwrap();
            (page.total, page.more_than_total, page.rows.len())
        };
        assert_eq!(page("many").await, (1_000, true, 50));
        assert_eq!(page("9 m").await, (637, false, 50), "a letter says nothing, and each text is read");
        assert_eq!(page("many249").await, (11, false, 11));
        assert_eq!(page("many2 49x").await, (6, false, 6), "249, and 2049 to 2449");
        assert_eq!(page("どこにもない").await, (0, false, 0));
        assert_eq!(index(&f).await, waiting);
    }
}

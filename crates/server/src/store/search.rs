//! Searches among terminals and tenants.
//!
//! Over a few organisations the text of each terminal is read. Over all of them indexes of pairs of letters say which
//! few to read: all that can contain the words, and perhaps some more. So what is found does not depend on the way it
//! was found, and costs by how much it is.
//!
//! The indexes are kept behind the changes, not with them: the database itself notes each terminal and tenant that is
//! made or named anew, whichever release's program did it (by triggers, which the migration makes). What is noted is
//! read by every search, until a job has put it into the index. Renewals change no names, and write neither.

mod filling;
mod index;
mod pairs;
mod text;
mod words;

pub(super) use text::{names, with_serial, without_serial};
pub use words::serial_digits;
pub(super) use words::serials_beginning;

use super::{
    AnyConnection, StoreError,
    overview::Terminals,
    schema::{certificate, renamed_tenant, renamed_terminal, tenant, terminal},
    tenant_list::Tenants,
};
use diesel::prelude::*;
use pairs::Pairs;
use words::Word;

/// When a search may fit more than these, they are found in the order of the list, and not all are counted.
pub(super) const MOST: i64 = 1_000;

/// What a search asks for.
#[derive(Debug)]
pub(super) struct Search<Id> {
    words: Vec<Word>,
    /// All that can fit are among these, if they are known.
    among: Option<Vec<Id>>,
}

impl<Id> Search<Id> {
    /// For everything.
    pub(super) fn nothing() -> Self {
        Self { words: Vec::new(), among: None }
    }

    /// Over a few, each of which is looked at.
    pub(super) fn of_few(search: &str) -> Self {
        Self { words: Word::all_of(search), among: None }
    }

    /// Whether all that it can find is known, which are a thousand at most.
    pub(super) fn is_narrow(&self) -> bool {
        self.among.is_some()
    }

    /// Whether it asks for anything.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

impl Search<i64> {
    /// Among the terminals of all tenants.
    pub(super) fn of_terminals(connection: &mut AnyConnection, search: &str) -> Result<Self, StoreError> {
        let words = Word::all_of(search);
        let among = terminals(connection, &words)?;
        Ok(Self { words, among })
    }

    /// The terminals that all words fit.
    pub(super) fn narrow(&self, terminals: Terminals) -> Terminals {
        let among = match &self.among {
            Some(among) => terminals.filter(terminal::id.eq_any(among.clone())),
            None => terminals,
        };
        self.words.iter().fold(among, |terminals, word| word.narrow(terminals))
    }
}

impl Search<String> {
    /// Among all tenants.
    pub(super) fn of_tenants(connection: &mut AnyConnection, search: &str) -> Result<Self, StoreError> {
        let words = Word::all_of(search);
        let among = tenants(connection, &words)?;
        Ok(Self { words, among })
    }

    /// The tenants that all words fit.
    pub(super) fn narrow(&self, tenants: Tenants) -> Tenants {
        let among = match &self.among {
            Some(among) => tenants.filter(tenant::id.eq_any(among.clone())),
            None => tenants,
        };
        self.words.iter().fold(among, |tenants, word| word.narrow_tenants(tenants))
    }
}

/// The terminals that these words can fit; none when that may be too many, or when the words say too little.
fn terminals(connection: &mut AnyConnection, words: &[Word]) -> Result<Option<Vec<i64>>, StoreError> {
    let pairs: Pairs = words.iter().flat_map(Word::pairs).collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    // What waits for the index is read before the index: it goes from there to here in one transaction.
    let waiting = renamed_terminal::table.select(renamed_terminal::terminal_id).limit(MOST + 1);
    let mut few = Few::default();
    if few.add(waiting.load(connection)?) {
        few.add(index::terminals_having(connection, &pairs, MOST + 1)?);
    }
    // What fits by its serial instead of its names may have none of the pairs.
    for digits in words.iter().filter_map(|word| word.digits.as_deref()) {
        let serials = serials_beginning(digits);
        let owners = certificate::table
            .filter(certificate::serial.ge(serials.start))
            .filter(certificate::serial.lt(serials.end))
            .select(certificate::terminal_id)
            .limit(MOST + 1);
        few.add(owners.load(connection)?);
    }
    Ok(few.all())
}

/// The tenants that these words can fit; none when that may be too many, or when the words say too little.
fn tenants(connection: &mut AnyConnection, words: &[Word]) -> Result<Option<Vec<String>>, StoreError> {
    let pairs: Pairs = words.iter().flat_map(Word::pairs).collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let waiting = renamed_tenant::table.select(renamed_tenant::tenant_id).limit(MOST + 1);
    let mut few = Few::default();
    if few.add(waiting.load(connection)?) {
        few.add(index::tenants_having(connection, &pairs, MOST + 1)?);
    }
    Ok(few.all())
}

/// What was found in several places, if it is not too much.
struct Few<Id> {
    found: Vec<Id>,
    too_many: bool,
}

impl<Id> Default for Few<Id> {
    fn default() -> Self {
        Self { found: Vec::new(), too_many: false }
    }
}

impl<Id: Ord> Few<Id> {
    /// Adds what was found in one place, where one more than [`MOST`] was asked for. Whether it is worth while to go on.
    fn add(&mut self, found: Vec<Id>) -> bool {
        self.too_many |= found.len() > MOST as usize;
        self.found.extend(found);
        !self.too_many
    }

    fn all(mut self) -> Option<Vec<Id>> {
        self.found.sort_unstable();
        self.found.dedup();
        (!self.too_many && self.found.len() <= MOST as usize).then_some(self.found)
    }
}

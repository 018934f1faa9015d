//! Puts into the indexes what was made or named anew.

use super::{
    super::{
        AnyConnection, Store, StoreError,
        connection::{Lock, lock},
        schema::{renamed_tenant, renamed_terminal, tenant, terminal},
    },
    index,
    pairs::{self, Pairs},
    without_serial,
};
use diesel::prelude::*;

/// What is put into an index in one transaction: SQLite's writer does nothing else meanwhile.
const PART: i64 = 200;

impl Store {
    /// Puts terminals and tenants that were made or named anew into the indexes of names, a part of them. To be called
    /// until it returns 0, now and then, by anybody: until then searches look at each of them.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn index_names(&self) -> Result<usize, StoreError> {
        if !self.read(is_waiting).await? {
            return Ok(0);
        }
        self.write(|connection| {
            // Of two at once the one with the older text could be the later.
            lock(connection, Lock::Names)?;
            Ok(index_terminals(connection)? + index_tenants(connection)?)
        })
        .await
    }
}

fn is_waiting(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let terminals: Vec<i64> =
        renamed_terminal::table.select(renamed_terminal::id).limit(1).load(connection)?;
    let tenants: Vec<i64> = renamed_tenant::table.select(renamed_tenant::id).limit(1).load(connection)?;
    Ok(!terminals.is_empty() || !tenants.is_empty())
}

/// A note is written in the transaction of the change that it tells of: whoever sees the note sees the change. A change
/// that is under way has a note that is not seen yet, and stays.
fn index_terminals(connection: &mut AnyConnection) -> Result<usize, StoreError> {
    let notes: Vec<(i64, i64)> = renamed_terminal::table
        .order(renamed_terminal::id)
        .limit(PART)
        .select((renamed_terminal::id, renamed_terminal::terminal_id))
        .load(connection)?;
    let (notes, terminals): (Vec<i64>, Vec<i64>) = notes.into_iter().unzip();
    let texts: Vec<(i64, String, Option<String>)> = terminal::table
        .filter(terminal::id.eq_any(terminals))
        .select((terminal::id, terminal::search_text, terminal::current_serial))
        .load(connection)?;
    let named: Vec<(i64, Pairs)> = texts
        .iter()
        .map(|(id, text, serial)| (*id, pairs::of_text(without_serial(text, serial.as_deref()))))
        .collect();
    index::put_terminals(connection, &named)?;
    diesel::delete(renamed_terminal::table.filter(renamed_terminal::id.eq_any(&notes)))
        .execute(connection)?;
    Ok(notes.len())
}

fn index_tenants(connection: &mut AnyConnection) -> Result<usize, StoreError> {
    let notes: Vec<(i64, String)> = renamed_tenant::table
        .order(renamed_tenant::id)
        .limit(PART)
        .select((renamed_tenant::id, renamed_tenant::tenant_id))
        .load(connection)?;
    let (notes, tenants): (Vec<i64>, Vec<String>) = notes.into_iter().unzip();
    let texts: Vec<(String, String)> = tenant::table
        .filter(tenant::id.eq_any(tenants))
        .select((tenant::id, tenant::search_text))
        .load(connection)?;
    for (tenant_id, text) in &texts {
        index::put_tenant(connection, tenant_id, &pairs::of_text(text))?;
    }
    diesel::delete(renamed_tenant::table.filter(renamed_tenant::id.eq_any(&notes))).execute(connection)?;
    Ok(notes.len())
}

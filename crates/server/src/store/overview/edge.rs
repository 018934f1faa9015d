//! Pages that begin behind a row or end before one: the database finds that row in its index, however many lie before
//! it.

use super::{
    super::{AnyConnection, StoreError, schema::terminal},
    ListSort, Terminals,
};
use diesel::prelude::*;

/// Where a page lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// It begins behind this row.
    After(Place),
    /// It ends before this row.
    Before(Place),
}

/// The place of a row in a sorted list: what it is sorted by, and which row it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    key: Key,
    id: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Number(i64),
    Text(String),
    /// A tenant, and a number within it.
    Within(String, i64),
}

impl Place {
    /// As it stands in addresses: `ID.NUMBER`, `ID.TEXT` or `ID.NUMBER.TENANT`, by the order of the list.
    pub fn word(&self) -> String {
        let id = self.id;
        match &self.key {
            Key::Number(number) => format!("{id}.{number}"),
            Key::Text(text) => format!("{id}.{text}"),
            Key::Within(tenant, number) => format!("{id}.{number}.{tenant}"),
        }
    }

    /// Reads what [`Self::word`] has written, for a list in this order.
    pub fn from_word(word: &str, sort: ListSort) -> Option<Self> {
        let (id, key) = word.split_once('.')?;
        let key = match sort {
            ListSort::Expiry | ListSort::LastSeen => Key::Number(key.parse().ok()?),
            ListSort::Name | ListSort::Place | ListSort::CommonName => Key::Text(key.to_owned()),
            ListSort::Tenant => {
                let (number, tenant) = key.split_once('.')?;
                Key::Within(tenant.to_owned(), number.parse().ok()?)
            }
        };
        Some(Self { key, id: id.parse().ok()? })
    }

    /// The place of this row at present; none when it is gone.
    pub(super) fn of(
        connection: &mut AnyConnection,
        id: i64,
        sort: ListSort,
    ) -> Result<Option<Self>, StoreError> {
        macro_rules! read {
            ($columns:expr) => {
                terminal::table
                    .filter(terminal::id.eq(id))
                    .select($columns)
                    .get_result(connection)
                    .optional()?
            };
        }
        let key = match sort {
            ListSort::Expiry => read!(terminal::expires_at).map(Key::Number),
            ListSort::LastSeen => read!(terminal::last_seen_at).map(Key::Number),
            ListSort::Name => read!(terminal::name_key).map(Key::Text),
            ListSort::Place => read!(terminal::place_key).map(Key::Text),
            ListSort::CommonName => read!(terminal::common_name).map(Key::Text),
            ListSort::Tenant => read!((terminal::tenant_id, terminal::expires_at))
                .map(|(tenant, number): (String, i64)| Key::Within(tenant, number)),
        };
        Ok(key.map(|key| Self { key, id }))
    }
}

/// The rows that lie behind a place in a list that is sorted upwards, or downwards: in one part those that differ from
/// it by the last thing only that the list is sorted by, then those that differ by what comes before that. Each part
/// lies in one piece of an index, where the databases find it at once; of all of them together they look at every row
/// that has the same key. `all` makes the list without an edge, for each part anew.
pub(super) fn behind(
    place: &Place,
    sort: ListSort,
    descending: bool,
    all: impl Fn() -> Terminals,
) -> Vec<Terminals> {
    macro_rules! beyond {
        ($terminals:expr, $column:ident, $value:expr) => {
            if descending {
                $terminals.filter(terminal::$column.lt($value))
            } else {
                $terminals.filter(terminal::$column.gt($value))
            }
        };
    }
    macro_rules! by {
        ($column:ident, $key:expr) => {
            vec![
                beyond!(all().filter(terminal::$column.eq($key.clone())), id, place.id),
                beyond!(all(), $column, $key.clone()),
            ]
        };
    }
    match (&place.key, sort) {
        (Key::Number(end), ListSort::LastSeen) => by!(last_seen_at, end),
        (Key::Number(end), _) => by!(expires_at, end),
        (Key::Text(text), ListSort::Name) => by!(name_key, text),
        (Key::Text(text), ListSort::Place) => by!(place_key, text),
        (Key::Text(text), _) => by!(common_name, text),
        (Key::Within(tenant, end), _) => {
            let within = || all().filter(terminal::tenant_id.eq(tenant.clone()));
            vec![
                beyond!(within().filter(terminal::expires_at.eq(*end)), id, place.id),
                beyond!(within(), expires_at, *end),
                beyond!(all(), tenant_id, tenant.clone()),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_nonsense_is_none() {
        for (sort, word) in [
            (ListSort::Expiry, "17.1790000000"),
            (ListSort::LastSeen, "17.0"),
            (ListSort::Name, "17.受付.1"),
            (ListSort::Place, "17."),
            (ListSort::CommonName, "17.client001"),
            (ListSort::Tenant, "17.1790000000.jp.1"),
        ] {
            let place = Place::from_word(word, sort).expect("a place");
            assert_eq!(place.word(), word);
            assert_eq!(place.id, 17);
        }
        for (sort, word) in [
            (ListSort::Expiry, ""),
            (ListSort::Expiry, "17"),
            (ListSort::Expiry, "17.soon"),
            (ListSort::Name, "x.受付"),
            (ListSort::Tenant, "17.jp1"),
        ] {
            assert_eq!(Place::from_word(word, sort), None, "{word}");
        }
    }
}

//! What of the list is asked for, as the address says it: `?q=受付&tenant=jp00001&filter=soon&sort=name&page=2`. The
//! links to the pages beside one name the row where it ends, too: `&after=17.1790000000`.

use super::super::form::Fields;
use crate::store::{Edge, ListFilter, ListSort, Place, TerminalQuery};
use std::fmt::Write;

/// Rows of a page: with 50 a page stays under 100 KB.
pub(super) const PER_PAGE: u32 = 50;
/// Letters of a search.
const LONGEST_SEARCH: usize = 100;

/// A list as its address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListQuery {
    pub(super) search: String,
    /// One tenant's only.
    pub(super) tenant: Option<String>,
    /// `None` for everything.
    pub(super) filter: Option<&'static str>,
    pub(super) sort: &'static str,
    pub(super) descending: bool,
    /// From 1.
    pub(super) page: u32,
    /// Where the page lies, if it was reached from one beside it.
    pub(super) edge: Option<Edge>,
}

/// The columns by which the list can be sorted, with their words.
const SORTS: [(&str, ListSort); 6] = [
    ("until", ListSort::Expiry),
    ("terminal", ListSort::Name),
    ("place", ListSort::Place),
    ("cn", ListSort::CommonName),
    ("seen", ListSort::LastSeen),
    ("tenant", ListSort::Tenant),
];

impl ListQuery {
    /// Reads the query string; what makes no sense is as if it were not there.
    pub(super) fn read(fields: &Fields) -> Self {
        let (sort, order) = SORTS
            .into_iter()
            .find(|(word, _)| *word == fields.text("sort"))
            .unwrap_or(("until", ListSort::Expiry));
        let place = |field| Place::from_word(fields.text(field), order);
        Self {
            search: fields.text("q").chars().take(LONGEST_SEARCH).collect(),
            tenant: Some(fields.text("tenant").to_owned()).filter(|tenant| !tenant.is_empty()),
            filter: filters().into_iter().find(|word| *word == fields.text("filter")),
            sort,
            descending: fields.text("order") == "descending",
            page: fields.text("page").parse().unwrap_or(1).clamp(1, 1_000_000),
            edge: place("after").map(Edge::After).or_else(|| place("before").map(Edge::Before)),
        }
    }

    /// Whether it asks for less than everything.
    pub(super) fn narrowed(&self) -> bool {
        !self.search.is_empty() || self.tenant.is_some() || self.filter.is_some()
    }

    /// As the use case takes it.
    pub(super) fn terminals(&self) -> TerminalQuery {
        let sort =
            SORTS.into_iter().find(|(word, _)| *word == self.sort).map_or(ListSort::Expiry, |(_, sort)| sort);
        TerminalQuery {
            tenant: self.tenant.clone(),
            search: self.search.clone(),
            filter: self.filter.and_then(ListFilter::from_word),
            sort,
            descending: self.descending,
            page: self.page,
            edge: self.edge.clone(),
            per_page: PER_PAGE,
        }
    }

    /// Its query string; what is usual is left out.
    pub(super) fn string(&self) -> String {
        let mut pairs = Vec::new();
        if !self.search.is_empty() {
            pairs.push(format!("q={}", escaped(&self.search)));
        }
        if let Some(tenant) = &self.tenant {
            pairs.push(format!("tenant={}", escaped(tenant)));
        }
        if let Some(filter) = self.filter {
            pairs.push(format!("filter={filter}"));
        }
        if self.sort != "until" {
            pairs.push(format!("sort={}", self.sort));
        }
        if self.descending {
            pairs.push("order=descending".to_owned());
        }
        if self.page > 1 {
            pairs.push(format!("page={}", self.page));
        }
        match &self.edge {
            Some(Edge::After(place)) => pairs.push(format!("after={}", escaped(&place.word()))),
            Some(Edge::Before(place)) => pairs.push(format!("before={}", escaped(&place.word()))),
            None => {}
        }
        pairs.join("&")
    }

    /// The same list sorted by a column: the other way round, if it is already.
    pub(super) fn sorted_by(&self, sort: &'static str) -> Self {
        let descending = self.sort == sort && !self.descending;
        Self { sort, descending, page: 1, edge: None, ..self.clone() }
    }

    /// Another page of the same list, which lies there. The first page lies nowhere else than at the beginning.
    pub(super) fn at(&self, page: u32, edge: &Edge) -> Self {
        let page = page.max(1);
        Self { page, edge: (page > 1).then(|| edge.clone()), ..self.clone() }
    }
}

/// The words of all filters, in the order of their menu.
pub(super) fn filters() -> Vec<&'static str> {
    ListFilter::words()
}

/// Percent-encoding of everything but letters and digits (RFC 3986, 2.3).
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            safe.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> ListQuery {
        ListQuery::read(&Fields::parse(query.as_bytes()))
    }

    #[test]
    fn an_address_says_the_list_and_the_list_its_address() {
        for query in [
            "",
            "q=%E5%8F%97%E4%BB%98+1%26&filter=soon&sort=terminal&order=descending&page=3",
            "filter=attention",
            "tenant=a%2Fb&filter=soon",
            "page=3&after=17.1790000000",
            "sort=terminal&page=2&before=17.%E5%8F%97%E4%BB%98",
        ] {
            let list = read(query);
            assert_eq!(read(&list.string()), list, "{query}");
        }
        assert_eq!(read("q=%E5%8F%97%E4%BB%98").string(), "q=%E5%8F%97%E4%BB%98");
    }

    #[test]
    fn nonsense_in_the_address_is_as_if_it_were_not_there() {
        let usual = read("");
        for query in [
            "page=0",
            "page=-1",
            "page=x",
            "sort=password",
            "filter='; DROP",
            "order=up",
            "&&==&%",
            "after=x",
        ] {
            assert_eq!(read(query), usual, "{query}");
        }
        assert_eq!(read(&format!("q={}", "長".repeat(300))).search.chars().count(), LONGEST_SEARCH);
    }

    #[test]
    fn a_column_sorts_upwards_first_and_then_the_other_way() {
        let up = read("page=4").sorted_by("place");
        assert_eq!((up.descending, up.page), (false, 1));
        assert!(up.sorted_by("place").descending);
        assert!(!up.sorted_by("place").sorted_by("place").descending);
        assert!(!up.sorted_by("place").sorted_by("cn").descending);
    }
}

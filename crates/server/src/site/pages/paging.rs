//! The way between the pages of a list that are asked for by their numbers.

use super::super::{texts::Texts, views::Pager};

/// A page of such a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    /// Where the list is.
    pub(super) path: &'static str,
    /// From 1.
    pub(super) page: u32,
    /// Rows of a page.
    pub(super) per_page: u32,
    /// Rows of this one.
    pub(super) shown: usize,
    /// Rows of all pages, as of a moment ago.
    pub(super) total: u64,
    /// Whether that moment may be minutes ago, so that rows may have come since.
    pub(super) stale: bool,
}

impl Numbered {
    /// `address` gives the query string of a page. None when there is only one page.
    pub(super) fn pager(&self, t: &Texts, address: impl Fn(u32) -> String) -> Option<Pager> {
        let Self { path, page, per_page, shown, total, stale } = *self;
        if shown == 0 {
            return (page > 1 && total > 0).then(|| Pager::past_the_end(t, path, page, address(1)));
        }
        let pages = u32::try_from(total.div_ceil(u64::from(per_page))).unwrap_or(u32::MAX);
        // A full page may have others behind it that the number does not know of. If there are none, the next one
        // says so, and leads back.
        let open = stale && page >= pages && u32::try_from(shown).is_ok_and(|shown| shown >= per_page);
        (pages > 1 || page > 1 || open).then(|| Pager {
            path,
            position: Pager::position(t, page, (page <= pages && !open).then_some(pages.into())),
            first: None,
            previous: (page > 1).then(|| address(page - 1)),
            next: (page < pages || open).then(|| address(page + 1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Language;

    fn next(page: u32, shown: usize, total: u64, stale: bool) -> Option<String> {
        let list = Numbered { path: "/list", page, per_page: 50, shown, total, stale };
        list.pager(Texts::of(Language::Japanese), |page| format!("page={page}")).and_then(|pager| pager.next)
    }

    #[test]
    fn a_full_page_leads_on_where_rows_may_have_come_since_they_were_counted() {
        let to = |page: u32| Some(format!("page={page}"));
        assert_eq!((next(1, 50, 51, false), next(2, 1, 51, false)), (to(2), None));
        assert_eq!((next(1, 50, 50, true), next(2, 50, 100, true)), (to(2), to(3)));
        assert_eq!((next(1, 50, 50, false), next(2, 50, 100, false)), (None, None), "they are all");
        assert_eq!((next(1, 49, 50, true), next(3, 0, 100, true)), (None, None));
    }
}

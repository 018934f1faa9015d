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
}

impl Numbered {
    /// `address` gives the query string of a page. None when there is only one page.
    pub(super) fn pager(&self, t: &Texts, address: impl Fn(u32) -> String) -> Option<Pager> {
        let Self { path, page, per_page, shown, total } = *self;
        if shown == 0 {
            return (page > 1 && total > 0).then(|| Pager::past_the_end(t, path, page, address(1)));
        }
        let pages = u32::try_from(total.div_ceil(u64::from(per_page))).unwrap_or(u32::MAX);
        (pages > 1 || page > 1).then(|| Pager {
            path,
            position: Pager::position(t, page, (page <= pages).then_some(pages.into())),
            first: None,
            previous: (page > 1).then(|| address(page - 1)),
            next: (page < pages).then(|| address(page + 1)),
        })
    }
}

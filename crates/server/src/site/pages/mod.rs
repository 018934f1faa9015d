//! The pages, one module a path.

pub(super) mod account;
pub(super) mod administrators;
pub(super) mod certificate;
pub(super) mod certificates;
pub(super) mod consents;
pub(super) mod entrance;
pub(super) mod feed;
pub(super) mod first;
pub(super) mod history;
mod list_query;
pub(super) mod notice_changes;
pub(super) mod notices;
pub(super) mod operators;
pub(super) mod other;
pub(super) mod overview;
mod paging;
pub(super) mod recovery;
pub(super) mod renewal;
mod rows;
pub(super) mod selection;
pub(super) mod setup;
pub(super) mod sign_in;
pub(super) mod terminal;
pub(super) mod tokens;
pub(super) mod trouble;

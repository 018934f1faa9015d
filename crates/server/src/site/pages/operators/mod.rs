//! What only operators see: tenants, services, the CA, the search over everything and mass
//! revocation.

pub(in super::super) mod authority;
mod fields;
pub(in super::super) mod revocation;
pub(in super::super) mod revocations;
pub(in super::super) mod search;
pub(in super::super) mod services;
pub(in super::super) mod tenant;
pub(in super::super) mod tenants;

use super::{
    super::{dates, form::Fields, texts::Texts},
    list_query::escaped,
};
use crate::use_cases::FieldRefusal;

/// Where a tenant's page is.
fn tenant_path(id: &str) -> String {
    format!("/tenants/{}", escaped(id))
}

/// The sentence above a page that a form of it has led back to, by the mark that
/// [`super::super::page::see_other`] was given: `?done=saved`.
fn done(t: &Texts, query: &Fields) -> Option<String> {
    const MARKS: [&str; 9] =
        ["added", "saved", "suspended", "resumed", "reset", "proposed", "approved", "refused", "cancelled"];
    let mark = MARKS.into_iter().find(|mark| *mark == query.text("done"))?;
    Some(t.say(&format!("operators-done-{mark}")))
}

/// The key of what is wrong with a field of a tenant, and the field.
fn field_refused(refusal: FieldRefusal) -> Option<(&'static str, &'static str)> {
    match refusal {
        FieldRefusal::TenantId => Some(("id", "tenant-id-wrong")),
        FieldRefusal::TenantName => Some(("name", "tenant-name-wrong")),
        FieldRefusal::Service => Some(("service", "tenant-service-wrong")),
        FieldRefusal::Hours => Some(("hours", "tenant-hours-wrong")),
        FieldRefusal::Mail => Some(("mail", "tenant-mail-wrong")),
        _ => None,
    }
}

/// A day of a table, or nothing.
fn day(instant: Option<jiff::Timestamp>) -> String {
    instant.map(dates::day).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_any_letters_is_one_part_of_a_path() {
        assert_eq!(tenant_path("jp00001"), "/tenants/jp00001");
        assert_eq!(tenant_path("a/b?c=山"), "/tenants/a%2Fb%3Fc%3D%E5%B1%B1");
    }
}

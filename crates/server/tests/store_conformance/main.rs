//! What the records promise, asked of both databases with the same words.
//!
//! SQLite always runs; PostgreSQL runs where `cargo xtask test` has started one, and
//! counts as skipped elsewhere.
#![allow(clippy::unwrap_used)]

mod bundles;
mod certificates;
mod durability;
mod fixture;

use fixture::Fixture;

/// One test a promise and database.
macro_rules! on_both_databases {
    ($($module:ident::$promise:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                super::$module::$promise(super::Fixture::sqlite().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                if let Some(fixture) = super::Fixture::postgres().await {
                    super::$module::$promise(fixture).await;
                }
            })*
        }
    };
}

on_both_databases! {
    certificates::an_intent_is_known_before_anything_is_signed,
    certificates::a_key_is_certified_once_and_never_again,
    certificates::a_refused_intent_leaves_the_earlier_certificate_alone,
    certificates::the_later_intent_wins,
    certificates::of_a_hundred_simultaneous_intents_one_remains,
    certificates::the_first_use_confirms_once_and_ends_the_parent,
    certificates::nothing_is_renewed_from_a_certificate_that_has_ended_meanwhile,
    certificates::a_terminal_has_one_certificate_in_use_whatever_way_it_came,
    certificates::a_revoked_certificate_stays_revoked,
    certificates::what_was_renewed_from_a_revoked_certificate_is_revoked_with_it,
    certificates::a_tenant_is_added_once_and_can_be_suspended,
    certificates::a_terminal_keeps_its_identity_and_takes_a_new_label,
    bundles::a_bundle_waits_for_its_terminal_until_its_time_is_over,
    bundles::the_first_use_erases_the_bundle,
    bundles::another_terminal_learns_nothing_of_a_bundle,
    bundles::what_was_never_fetched_ends_with_its_bundle,
    bundles::intents_that_nobody_finished_end,
    bundles::a_repeated_renewal_erases_the_bundle_of_the_earlier,
    durability::what_was_acknowledged_is_there_after_opening_again,
    durability::a_failing_item_fails_alone,
    durability::every_change_is_in_the_trail,
    durability::an_event_that_repeats_is_recorded_once_an_hour,
}

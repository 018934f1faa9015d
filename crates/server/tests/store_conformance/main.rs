//! What the records promise, asked of both databases with the same words.
//!
//! SQLite always runs; PostgreSQL runs where `cargo xtask test` has started one, and
//! counts as skipped elsewhere.
#![allow(clippy::unwrap_used)]

mod account_care;
mod accounts;
mod accounts_at_once;
mod api_tokens;
mod bundles;
mod carried;
mod census;
mod certificates;
mod chain;
mod durability;
mod fixture;
mod left_open;
mod notice_settings;
mod operators;
mod outbox;
mod overview;
mod recovery;
mod search;
mod told;
mod upgrades;

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
    certificates::what_is_planned_from_the_records_is_recorded_with_them_or_not_at_all,
    certificates::a_terminal_has_one_certificate_in_use_whatever_way_it_came,
    certificates::a_revoked_certificate_stays_revoked,
    certificates::what_was_renewed_from_a_revoked_certificate_is_revoked_with_it,
    certificates::a_tenant_is_added_once_and_can_be_suspended,
    certificates::two_operators_that_suspend_each_other_leave_one,
    certificates::a_terminal_keeps_its_identity_and_takes_a_new_label,
    bundles::a_bundle_is_fetched_by_who_is_known_or_left_as_it_is,
    bundles::a_bundle_waits_for_its_terminal_until_its_time_is_over,
    bundles::the_first_use_erases_the_bundle,
    bundles::another_terminal_learns_nothing_of_a_bundle,
    bundles::what_was_never_fetched_ends_with_its_bundle,
    bundles::intents_that_nobody_finished_end,
    bundles::a_repeated_renewal_erases_the_bundle_of_the_earlier,
    carried::what_administrators_carry_waits_for_them_alone,
    carried::what_nobody_downloads_ends_with_its_time,
    carried::an_unused_certificate_that_was_seen_is_at_hand,
    carried::a_terminal_is_added_once,
    carried::a_stop_says_since_when_and_by_whom,
    outbox::a_delivery_is_planned_once_whoever_plans_it,
    outbox::a_later_notice_replaces_what_still_waits_and_not_what_is_being_sent,
    outbox::of_many_senders_one_has_each_delivery,
    outbox::a_lease_that_has_run_out_is_taken_over_and_its_late_holder_changes_nothing,
    outbox::a_failed_attempt_says_why_and_waits_for_its_time,
    outbox::nothing_is_sent_once_the_renewal_is_in_use,
    outbox::an_address_that_mail_came_back_from_is_remembered,
    outbox::what_is_needless_is_stopped_before_its_turn,
    outbox::the_last_deliveries_are_one_organisations_and_name_the_terminal,
    outbox::tests_are_bounded_and_keep_their_answers,
    outbox::a_certificate_is_told_of_once_however_many_are_told,
    notice_settings::settings_are_kept_whole_and_changed_with_their_event,
    notice_settings::simultaneous_changes_happen_one_after_the_other,
    notice_settings::administrators_get_mail_while_their_accounts_may_be_used,
    notice_settings::a_vendor_is_told_of_consenting_clinics_and_an_operator_of_all,
    notice_settings::only_certificates_that_somebody_works_with_are_noticed,
    durability::what_was_acknowledged_is_there_after_opening_again,
    durability::a_failing_item_fails_alone,
    durability::every_change_is_in_the_trail,
    durability::an_event_that_repeats_is_recorded_once_an_hour,
    accounts::an_invitation_makes_one_administrator,
    accounts::a_login_is_given_once_in_an_organisation,
    accounts::a_code_opens_one_session_and_ends_its_first_half,
    accounts::of_a_hundred_uses_of_a_code_one_counts,
    accounts::sessions_end_with_the_account_the_certificate_and_the_terminal,
    accounts::failures_are_counted_before_they_are_judged,
    accounts::a_consent_lets_one_vendor_see_one_clinic_until_it_is_withdrawn,
    api_tokens::a_token_is_found_by_its_hash_with_what_it_leans_on,
    api_tokens::a_token_ends_once_and_stays_in_the_list,
    account_care::what_nobody_has_used_is_listed_and_can_be_withdrawn,
    account_care::a_reset_replaces_every_way_into_an_account,
    account_care::a_disabled_account_is_enabled_once,
    account_care::a_change_ends_all_sessions_but_one,
    account_care::a_passkey_belongs_to_one_account,
    account_care::what_is_remembered_for_an_exchange_is_good_once,
    account_care::a_terminal_is_known_after_a_sign_in_for_a_time,
    account_care::the_trail_is_narrowed_by_kind_and_time,
    accounts_at_once::of_administrators_who_disable_each_other_one_stays,
    accounts_at_once::what_a_disabled_account_gave_ends_with_it,
    accounts_at_once::of_many_reset_links_at_once_one_is_good,
    accounts_at_once::of_many_set_ups_at_once_the_last_counts,
    accounts_at_once::an_ended_session_changes_no_account,
    accounts_at_once::links_and_terminals_are_forgotten_after_their_time,
    accounts_at_once::a_text_that_no_database_takes_costs_no_connection,
    accounts_at_once::a_deadlock_is_repeated_in_whatever_language_it_is_told,
    accounts::an_ended_session_says_why,
    census::a_census_counts_ends_by_week_and_each_terminal_once,
    census::over_very_many_terminals_numbers_are_counted_now_and_then,
    census::the_weeks_of_very_many_terminals_are_those_of_each,
    census::what_waits_in_the_outbox_is_counted_by_channel,
    overview::the_list_follows_the_life_of_a_certificate,
    overview::a_row_says_from_when_its_certificate_is_valid,
    overview::each_terminal_is_in_the_list_of_its_state_and_no_other,
    overview::pages_follow_each_other_without_gap_or_overlap,
    overview::a_search_finds_words_in_any_width_and_interprets_nothing,
    overview::a_scope_shows_its_tenants_only,
    overview::a_stop_holds_until_it_is_undone_and_is_final_after_its_time,
    overview::an_organisation_sees_all_its_renewals_and_refusals_of_late,
    overview::attempts_are_counted_by_reason_and_hour_until_one_goes_well,
    search::the_index_finds_what_reading_every_text_finds,
    search::a_renewal_and_a_first_use_leave_the_index_alone,
    search::what_an_older_node_names_is_found_at_once,
    search::of_very_many_those_are_found_and_counted_that_have_all_words,
    upgrades::a_node_works_on_while_a_newer_one_upgrades_the_database,
    upgrades::whoever_only_reads_upgrades_and_changes_nothing,
    upgrades::of_several_nodes_one_has_a_duty_until_its_lease_runs_out,
    upgrades::of_many_nodes_that_start_at_once_one_has_each_duty,
    chain::the_chain_holds_and_leads_through_what_was_kept,
    chain::what_was_done_to_the_trail_is_found,
    chain::events_get_their_places_once_whoever_gives_them,
    chain::an_event_of_a_transaction_that_ends_late_is_linked_late_and_not_forgotten,
    chain::an_event_that_was_passed_over_is_found_and_linked,
    chain::an_event_put_in_among_settled_ones_is_found_though_it_is_of_the_future,
    operators::tenants_are_listed_searched_and_counted,
    operators::a_changed_tenant_is_found_by_its_new_name,
    operators::a_policy_is_kept_replaced_and_forgotten_with_its_event,
    operators::a_choice_fixes_exactly_its_certificates,
    operators::a_choice_takes_what_waits_behind_it_and_what_was_replaced,
    operators::who_revokes_alone_is_counted,
    operators::a_proposal_is_decided_once_and_in_its_time,
    operators::a_mass_revocation_goes_on_after_a_crash_until_everything_has_ended,
    operators::of_two_that_carry_out_each_certificate_ends_once,
    operators::people_and_serials_are_found_and_nothing_is_interpreted,
    left_open::what_a_vendor_left_open_ends_with_the_consent,
    left_open::what_an_account_left_open_ends_with_it,
    left_open::what_has_run_out_is_left_alone,
    left_open::what_an_organisation_left_open_ends_with_its_suspension,
    left_open::nothing_is_left_open_during_a_suspension,
    recovery::a_terminal_has_one_open_code_and_the_last_one_is_it,
    recovery::a_code_and_its_certificate_are_recorded_together,
    recovery::of_many_simultaneous_redemptions_one_gets_a_certificate,
    recovery::nothing_is_recovered_for_what_was_stopped,
    recovery::guesses_are_counted_by_source_and_altogether,
    recovery::of_a_hundred_guesses_at_once_the_limit_is_judged,
    told::an_event_and_what_is_told_of_it_are_recorded_together,
    told::a_link_is_kept_until_its_mail_has_ended,
    told::a_proposal_is_told_to_the_other_operators_while_it_waits,
    told::a_mass_revocation_tells_each_organisation_of_its_own,
    told::operators_are_told_once_that_no_code_is_judged,
    told::what_waits_for_a_silent_receiver_waits_together,
    told::rows_of_the_version_before_go_on,
}

//! A small fleet shows what the great one shows: nobody is locked out who could have renewed, and nobody queues.

use koshin_simulate::{
    parameters::{Enrolment, Parameters},
    scenario::Scenario,
    simulate,
};

/// Small enough for a test that is not optimised. Figures of so few are rough: the goals hold with a margin.
fn small(seed: u64) -> Parameters {
    Parameters { terminals: 250, years: 4, ..Parameters::new(seed) }
}

#[test]
fn unattended_nobody_is_locked_out_who_could_have_renewed() {
    for enrolment in [Enrolment::RollOut, Enrolment::OneWeek] {
        let parameters = Parameters { enrolment, ..small(2) };
        let report = simulate(&parameters, &[Scenario::KoshinUnattended]);
        let outcome = &report.outcomes[0];
        assert_eq!(outcome.lockouts.avoidable(), 0, "{outcome:?}");
        assert_eq!(outcome.dialogs, 0.0, "nobody is asked");
        assert!(outcome.renewals > 100, "they do renew: {outcome:?}");
    }
}

/// Whole fleets are switched on within half an hour, after an outage of three days and after Golden Week, both in the middle of
/// their season. Eight hundred PCs make rough figures: an hour's chance alone brings half as much again as with a
/// hundred thousand, for which `docs/simulation.md` has them.
#[test]
fn unattended_nobody_queues_even_if_all_were_enrolled_in_one_week() {
    let parameters =
        Parameters { enrolment: Enrolment::OneWeek, terminals: 800, years: 3, ..Parameters::new(1) };
    let season = simulate(&parameters, &[Scenario::KoshinUnattended]).outcomes[0].season;
    assert!(season.days > 20.0, "{season:?}");
    assert!(season.peak_over_mean() < 5.0, "{:.1}: {season:?}", season.peak_over_mean());
}

#[test]
fn by_the_original_rules_people_and_clocks_lock_terminals_out() {
    let report = simulate(&small(2), &[Scenario::Original, Scenario::KoshinUnattended]);
    let [original, unattended] = &report.outcomes[..] else { panic!("two scenarios") };
    assert!(original.lockouts.avoidable() > 5, "{original:?}");
    assert!(original.lockouts.off_two_months + original.lockouts.off >= unattended.lockouts.off);
    assert!(unattended.days_left.median > original.days_left.median);
}

#[test]
fn the_same_seed_gives_the_same_fleet_whatever_else_is_simulated() {
    let both = simulate(&small(3), &[Scenario::KoshinDialogs, Scenario::KoshinUnattended]);
    let alone = simulate(&small(3), &[Scenario::KoshinUnattended]);
    assert_eq!(both.outcomes[1], alone.outcomes[0]);
    let other = simulate(&small(4), &[Scenario::KoshinUnattended]);
    assert_ne!(other.outcomes[0].renewals, alone.outcomes[0].renewals);
}

/// Also on another machine: the figures are the same to the last digit.
#[test]
fn the_table_of_a_small_fleet() {
    insta::assert_snapshot!(simulate(&small(1), &Scenario::ALL).table());
}

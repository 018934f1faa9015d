//! Recovery codes: how they are written, read, and counted.

use jiff::{SignedDuration, Timestamp};
use koshin_policy::{
    RecoveryCode,
    recovery::{Attempts, counting_span, expires_at},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn written(random: &[u8; 7]) -> String {
    RecoveryCode::from_random(random).written().to_string()
}

#[test]
fn codes_are_three_groups_of_four_that_nobody_misreads() {
    let table = [
        ([0; 7], "0000-0000-0000"),
        ([0, 0, 0, 0, 0, 0, 1], "1000-0000-0007"),
        ([0xff; 7], "ZZZZ-ZZZZ-ZZZK"),
        ([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde], "Y6FN-9WSA-MH4Y"),
    ];
    let made = table.map(|(random, _)| written(&random));
    assert_eq!(made.each_ref().map(String::as_str), table.map(|(_, code)| code));
}

#[test]
fn what_people_type_is_read() {
    let code = RecoveryCode::from_random(&[0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde]);
    let zeros = RecoveryCode::from_random(&[0, 0, 0, 0, 0, 0, 1]);
    for typed in [
        "Y6FN-9WSA-MH4Y",
        "y6fn9wsamh4y",
        "  Y6FN 9WSA MH4Y\n",
        "Ｙ６ＦＮ－９ＷＳＡ－ＭＨ４Ｙ",
        "ｙ６ｆｎ　９ｗｓａ　ｍｈ４ｙ",
        "Y6FNー9WSAーMH4Y",
        "Y6FN–9WSA−MH4Y",
    ] {
        assert_eq!(RecoveryCode::parse(typed), Ok(code.clone()), "{typed:?}");
    }
    for typed in ["1000-0000-0007", "iOOO-oooo-ＯＯo7", "l0000000ooo7", "ｌ０００-００００-０００７"]
    {
        assert_eq!(RecoveryCode::parse(typed), Ok(zeros.clone()), "{typed:?}");
    }
}

#[test]
fn what_is_no_code_is_refused_without_a_panic() {
    for typed in [
        "",
        "----",
        "Y6FN-9WSA-MH4",
        "Y6FN-9WSA-MH4YY",
        "Y6FN-9WSA-MH4U",
        "Y6FN-9WSA-MH4é",
        "復旧コード",
        "Y6FN_9WSA_MH4Y",
        "Y6FN-9WSA-MH4X",
    ] {
        let read = RecoveryCode::parse(typed);
        // The last one differs from a right one in its check symbol only.
        assert!(read.is_err(), "{typed:?}: {read:?}");
    }
}

#[test]
fn a_code_is_not_shown_by_accident() {
    assert_eq!(format!("{:?}", RecoveryCode::from_random(&[7; 7])), "RecoveryCode(…)");
}

#[test]
fn a_code_is_good_for_72_hours() {
    let issued: Timestamp = "2026-11-22T08:00:00Z".parse().expect("a time");
    assert_eq!(expires_at(issued).duration_since(issued), SignedDuration::from_hours(72));
    assert_eq!(expires_at(Timestamp::MAX), Timestamp::MAX);
}

#[test]
fn attempts_are_counted_by_the_hour() {
    let at = |text: &str| counting_span(text.parse().expect("a time"));
    assert_eq!(at("1970-01-01T00:00:00Z"), (0, 3600));
    assert_eq!(at("1970-01-01T01:59:59Z"), (1, 1));
    assert_eq!(at("1969-12-31T23:59:59Z"), (-1, 1));
    assert!(Attempts::FromOneSource.limit() < Attempts::Altogether.limit());
}

const SYMBOLS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

proptest! {
    #[test]
    fn every_code_is_read_as_written(random: [u8; 7]) {
        let code = RecoveryCode::from_random(&random);
        let text = code.written();
        prop_assert_eq!(text.len(), 14);
        prop_assert!(text.chars().all(|symbol| symbol == '-' || SYMBOLS.contains(symbol)));
        prop_assert_eq!(RecoveryCode::parse(&text), Ok(code));
    }

    #[test]
    fn one_wrong_symbol_or_two_that_changed_places_are_noticed(
        random: [u8; 7], at in 0_usize..12, other in 0_usize..12, symbol in 0_usize..32,
    ) {
        let right: Vec<char> = written(&random).chars().filter(|symbol| *symbol != '-').collect();
        let mut wrong = right.clone();
        wrong[at] = SYMBOLS.as_bytes()[symbol].into();
        let mut swapped = right.clone();
        swapped.swap(at, other);
        for typed in [wrong, swapped] {
            let text: String = typed.iter().collect();
            prop_assert_eq!(RecoveryCode::parse(&text).is_ok(), typed == right, "{}", text);
        }
    }

    #[test]
    fn nothing_that_is_typed_brings_it_down(typed: String) {
        drop(RecoveryCode::parse(&typed));
    }

    #[test]
    fn random_bits_are_not_lost(one: [u8; 7], other: [u8; 7]) {
        // The highest bit is the one that is not used.
        let used = |mut bytes: [u8; 7]| { bytes[0] &= 0x7f; bytes };
        prop_assert_eq!(written(&one) == written(&other), used(one) == used(other));
    }
}

#[test]
fn codes_hardly_meet() {
    let codes: BTreeSet<String> = (0..10_000_u64)
        .map(|number| {
            written(
                &number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[..7].try_into().expect("7 bytes"),
            )
        })
        .collect();
    assert_eq!(codes.len(), 10_000);
}

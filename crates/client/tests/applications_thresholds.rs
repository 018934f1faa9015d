//! When each application asks: defaults, settings, and settings that make no sense.
#![allow(clippy::unwrap_used)]

use koshin::applications::thresholds::{files, glclient2, monsiaj, receview};

#[test]
fn the_table_of_thresholds() {
    // (monsiaj's property or glclient2's variable, months in force, whether it is told)
    for (setting, months, told) in [
        (None, 2, false),
        (Some("5"), 5, false),
        (Some(" 60 "), 60, false),
        (Some("2"), 2, false),
        // Never below two: a clinic closed for a month would be locked out.
        (Some("1"), 2, false),
        (Some("0"), 2, false),
        // Nonsense is told, and the default holds.
        (Some("abc"), 2, true),
        (Some(""), 2, true),
        (Some("-3"), 2, true),
        (Some("2.5"), 2, true),
        (Some("99999"), 2, true),
        (Some("99999999999999999999999"), 2, true),
    ] {
        for (window, error) in [monsiaj(setting), glclient2(setting)] {
            assert_eq!((window.in_months(), error.is_some()), (months, told), "{setting:?}");
        }
    }
}

#[test]
fn the_viewer_asks_three_months_before_and_counts_days() {
    for (months, days, expected, told) in [
        (None, None, 3, false),
        (Some("4"), None, 4, false),
        // Koshin's own setting wins over the viewer's.
        (Some("4"), Some("365"), 4, false),
        // Days are rounded up to months: asked too early is better than too late.
        (None, Some("90"), 3, false),
        (None, Some("94"), 4, false),
        (None, Some("10"), 2, false),
        (None, Some("soon"), 3, true),
        (Some("many"), None, 3, true),
    ] {
        let (window, error) = receview(months, days);
        assert_eq!((window.in_months(), error.is_some()), (expected, told), "{months:?} {days:?}");
    }
    assert_eq!(files().in_months(), 3);
}

#[test]
fn a_setting_that_makes_no_sense_is_named_with_its_value() {
    let (_, error) = monsiaj(Some("abc"));
    let text = error.unwrap().to_string();
    assert!(text.contains("monsia.cert_expire_check_monthes") && text.contains("abc"), "{text}");
}

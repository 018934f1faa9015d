//! When the client asks: calendar months before the end, in Japan's time.

use jiff::Timestamp;
use koshin_policy::{ClientWindow, WindowSettingError};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in the table")
}

#[test]
fn months_are_calendar_months_in_japan() {
    let table = [
        // end (UTC)              months  opens (UTC)
        ("2027-03-31T14:59:59Z", 2, "2027-01-31T14:59:59Z"),
        // 30 April − 2 months has no 30th: the last of February.
        ("2027-04-30T14:59:59Z", 2, "2027-02-28T14:59:59Z"),
        ("2028-04-30T14:59:59Z", 2, "2028-02-29T14:59:59Z"),
        // In Japan it is the 1st of May already.
        ("2027-04-30T15:00:00Z", 2, "2027-02-28T15:00:00Z"),
        ("2027-03-31T14:59:59Z", 3, "2026-12-31T14:59:59Z"),
        ("2027-03-31T14:59:59Z", 60, "2022-03-31T14:59:59Z"),
    ];
    for (end, months, opens) in table {
        assert_eq!(ClientWindow::months(months).opens(at(end)), at(opens), "{end} − {months} months");
    }
}

#[test]
fn due_from_the_first_instant_of_the_window() {
    let window = ClientWindow::months(2);
    let end = at("2027-03-31T14:59:59Z");
    assert!(!window.is_due(end, at("2027-01-31T14:59:58Z")));
    assert!(window.is_due(end, at("2027-01-31T14:59:59Z")));
    assert!(window.is_due(end, at("2030-01-01T00:00:00Z")), "an expired one is due, too");
}

#[test]
fn settings_are_raised_to_two_and_nonsense_is_refused() {
    let default = ClientWindow::months(3);
    let read = |text: &str| ClientWindow::from_setting("X", text, default).map(ClientWindow::in_months);
    for (text, months) in [("60", 60), (" 4 ", 4), ("1", 2), ("0", 2), ("1200", 1200)] {
        assert_eq!(read(text), Ok(months), "X={text}");
    }
    for text in ["abc", "", "-1", "2.5", "３", "1e2"] {
        let error = read(text).expect_err("no number of months");
        assert!(matches!(error, WindowSettingError::NotANumber { default: 3, .. }), "X={text}: {error}");
    }
    let error = read("1201").expect_err("too many months");
    assert_eq!(
        error.to_string(),
        "X=1201 is more than 1200 months: the default of 3 months is used; write a number from 2 to 1200"
    );
}

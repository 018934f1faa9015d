use super::*;
use jiff::Timestamp;

fn day(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().expect("a day")
}

#[test]
fn weekly_columns() {
    let column = |label: &str, count, tone| Column { label: label.into(), count, tone };
    let drawn = columns(
        &[
            column("3/2", 1, Tone::Urgent),
            column("3/9", 0, Tone::Due),
            column("3/16", 12, Tone::Due),
            column("<3/23>", 4, Tone::Calm),
        ],
        "週ごとの期限切れ & 台数",
    );
    insta::assert_snapshot!(drawn.replace("/><", "/>\n<").replace("t><", "t>\n<"));
}

#[test]
fn the_life_of_a_terminal_in_the_days_of_its_renewal() {
    let lives = [
        Life { from: day("2023-01-01"), to: day("2023-12-31"), kind: LifeKind::Past },
        Life { from: day("2023-12-01"), to: day("2026-12-01"), kind: LifeKind::Current },
        Life { from: day("2026-11-01"), to: day("2029-11-01"), kind: LifeKind::New },
    ];
    insta::assert_snapshot!(life(&lives, day("2026-11-22"), "受付1").replace("/><", "/>\n<"));
}

#[test]
fn bars_are_in_proportion_and_never_vanish() {
    let filled = |count, most| {
        let svg = bar(count, most);
        let (_, rest) = svg.split_once("bar-fill\" width=\"").expect("a fill");
        rest.split('"').next().and_then(|width| width.parse::<u64>().ok()).expect("a width")
    };
    assert_eq!(filled(5, 10), 500);
    assert_eq!(filled(10, 10), 1000);
    assert_eq!(filled(0, 10), 0);
    assert_eq!(filled(1, 1_000_000), 8, "one of a million is seen");
    assert_eq!(filled(3, 0), 0, "nothing to compare with");
    assert_eq!(filled(u64::MAX, u64::MAX), 1000);
}

#[test]
fn odd_input_is_drawn_all_the_same() {
    assert!(columns(&[], "").contains("<path"));
    let same = Life { from: day("2026-01-01"), to: day("2026-01-01"), kind: LifeKind::Current };
    assert!(life(&[same], day("2026-01-01"), "").contains("life-today"));
    assert!(life(&[], Timestamp::MIN, "").ends_with("</svg>"));
}

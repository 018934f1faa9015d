//! The result as a picture: an SVG document without script, fonts or links.

use crate::{Report, scenario::Scenario};
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 930.0;
/// Days of the middle panel.
const DAYS: usize = 130;

/// Text, lines and what was to be avoided; readable without colours by their labels.
const STYLE: &str = "text{font-family:sans-serif;font-size:14px;fill:#1a1a1a}.h{font-size:17px;font-weight:bold}\
.n{fill:#555}.g{stroke:#ddd}.a{stroke:#555}";

fn colour(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Original => "#b3261e",
        Scenario::KoshinDialogs => "#c77700",
        Scenario::KoshinUnattended => "#0b57d0",
    }
}

pub(crate) fn plot(report: &Report) -> String {
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 900" width="{WIDTH}" height="900" role="img"><title>Fleet simulation</title><style>{STYLE}</style><rect width="{WIDTH}" height="900" fill="#fff"/>"##
    );
    lockouts(&mut svg, report, 40.0);
    busiest_hours(&mut svg, report, 290.0);
    days_left(&mut svg, report, 620.0);
    svg + "</svg>\n"
}

/// Bars: what could have been renewed in colour, what was never on or never in reach in grey.
fn lockouts(svg: &mut String, report: &Report, top: f64) {
    heading(svg, top, "Terminals locked out at least once, per 100,000");
    let note =
        "coloured: switched on in the last two months, and could have renewed; grey: off, or never in reach";
    text(svg, LEFT, top + 22.0, "n", "start", note);
    let per = 100_000.0 / f64::from(report.parameters.terminals.max(1));
    let most = report.outcomes.iter().map(|it| it.lockouts.terminals).max().unwrap_or(0).max(1);
    let scale = (RIGHT - 90.0 - LEFT) / number(most);
    for (outcome, row) in report.outcomes.iter().zip(0_u8..) {
        let y = top + 44.0 + f64::from(row) * 56.0;
        let avoidable = number(outcome.lockouts.avoidable());
        let all = number(outcome.lockouts.terminals);
        text(svg, LEFT - 10.0, y + 24.0, "", "end", outcome.scenario.title());
        bar(svg, (LEFT, y), (avoidable * scale, 36.0), colour(outcome.scenario));
        bar(svg, (LEFT + avoidable * scale, y), ((all - avoidable) * scale, 36.0), "#b8b8b8");
        let label = format!("{:.0} + {:.0}", avoidable * per, (all - avoidable) * per);
        text(svg, LEFT + all * scale + 8.0, y + 24.0, "", "start", &label);
    }
}

/// Lines: the busiest hour of each day, while the first certificates near their end.
fn busiest_hours(svg: &mut String, report: &Report, top: f64) {
    heading(svg, top, "Renewals in the busiest hour of each day");
    let (y, height) = (top + 30.0, 230.0);
    let shown = |busiest: &[u32]| -> Vec<f64> {
        let days = busiest.iter().skip(report.plotted_from).take(DAYS);
        days.map(|count| f64::from(*count)).collect()
    };
    let curves: Vec<Vec<f64>> = report.curves.iter().map(|curve| shown(&curve.busiest_hours)).collect();
    axes(svg, (y, height), curves.iter().flatten().copied().fold(1.0, f64::max));
    for days in [-90, -60, -30, 0, 30] {
        let x = LEFT + (RIGHT - LEFT) * f64::from(days + 100) / number(DAYS as u64);
        let label = format!("{days} days");
        text(svg, x, y + height + 20.0, "n", "middle", &label);
    }
    text(
        svg,
        RIGHT,
        y + height + 40.0,
        "n",
        "end",
        "before and after the day on which the first certificates end",
    );
    curves_of(svg, report, (y, height), &curves);
}

/// Lines: how many days were left at renewals.
fn days_left(svg: &mut String, report: &Report, top: f64) {
    heading(svg, top, "Days left at renewal, of a hundred renewals");
    let (y, height) = (top + 30.0, 170.0);
    let share = |histogram: &[u32]| -> Vec<f64> {
        let all = f64::from(histogram.iter().sum::<u32>()).max(1.0);
        histogram.iter().rev().map(|count| 100.0 * f64::from(*count) / all).collect()
    };
    let curves: Vec<Vec<f64>> = report.outcomes.iter().map(|it| share(&it.days_left.histogram)).collect();
    axes(svg, (y, height), curves.iter().flatten().copied().fold(1.0, f64::max));
    for days in [90, 60, 30, 0] {
        let x = LEFT + (RIGHT - LEFT) * f64::from(93 - days) / 94.0;
        text(svg, x, y + height + 20.0, "n", "middle", &days.to_string());
    }
    curves_of(svg, report, (y, height), &curves);
}

/// Lines from the left to the right edge, each with its name at its highest point.
fn curves_of(svg: &mut String, report: &Report, (y, height): (f64, f64), curves: &[Vec<f64>]) {
    let highest = curves.iter().flatten().copied().fold(1.0, f64::max);
    for ((outcome, curve), row) in report.outcomes.iter().zip(curves).zip(0_u8..) {
        let step = (RIGHT - LEFT) / number(curve.len().max(2) as u64);
        let mut points = String::new();
        let mut x = LEFT;
        for value in curve {
            let _ = write!(points, "{x:.1},{:.1} ", y + height - height * value / highest);
            x += step;
        }
        let colour = colour(outcome.scenario);
        let _ = write!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
            points.trim_end()
        );
        let legend = y + 14.0 + f64::from(row) * 22.0;
        bar(svg, (RIGHT - 210.0, legend - 10.0), (22.0, 10.0), colour);
        text(svg, RIGHT - 180.0, legend, "", "start", outcome.scenario.title());
    }
}

fn axes(svg: &mut String, (y, height): (f64, f64), highest: f64) {
    for quarter in 0_u8..=4 {
        let share = f64::from(quarter) / 4.0;
        let at = y + height - height * share;
        let class = if quarter == 0 { "a" } else { "g" };
        let _ = write!(svg, r#"<line class="{class}" x1="{LEFT}" y1="{at:.1}" x2="{RIGHT}" y2="{at:.1}"/>"#);
        let label = if highest < 20.0 {
            format!("{:.1}", highest * share)
        } else {
            format!("{:.0}", highest * share)
        };
        text(svg, LEFT - 10.0, at + 5.0, "n", "end", &label);
    }
}

fn heading(svg: &mut String, y: f64, words: &str) {
    text(svg, 20.0, y, "h", "start", words);
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, anchor: &str, words: &str) {
    let _ =
        write!(svg, r#"<text x="{x:.1}" y="{y:.1}" class="{class}" text-anchor="{anchor}">{words}</text>"#);
}

fn bar(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
    let _ = write!(
        svg,
        r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{colour}"/>"#
    );
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

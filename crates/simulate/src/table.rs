//! The result as a table for people.

use crate::{Report, parameters::Parameters, scenario::Scenario, statistics::Outcome};

/// One row: what it says, and how to write the figure of a scenario.
type Row = (&'static str, fn(&Outcome) -> String);

const ROWS: [Row; 29] = [
    ("locked out at least once, per 100,000 terminals", |_| String::new()),
    ("  all", |it| it.lockouts.terminals.to_string()),
    ("  on in the last two months, and could have renewed", |it| it.lockouts.avoidable().to_string()),
    ("    of these broken by the renewal itself", |it| it.lockouts.broken.to_string()),
    ("  on, but never with line, server, clock and disk in order", |it| it.lockouts.no_chance.to_string()),
    ("  off in the last two months, on in the month before", |it| it.lockouts.off_two_months.to_string()),
    ("  off for all three months", |it| it.lockouts.off.to_string()),
    ("  strictly: on at any time in the last two months", |it| it.lockouts.on_in_two_months().to_string()),
    ("  strictly: on at any time in the last three months", |it| {
        it.lockouts.on_in_three_months().to_string()
    }),
    ("renewals in the busy season", |_| String::new()),
    ("  its days", |it| format!("{:.0}", it.season.days)),
    ("  mean working hour", |it| format!("{:.1}", it.season.mean_working_hour)),
    ("  99 % of the working hours have at most", |it| it.season.p99_working_hour.to_string()),
    ("  busiest hour", |it| it.season.peak_hour.to_string()),
    ("  busiest hour / mean working hour", |it| format!("{:.1}", it.season.peak_over_mean())),
    ("  busiest hour / mean hour, day and night", |it| format!("{:.1}", it.season.peak_over_mean_hour())),
    ("  busiest 10 minutes", |it| it.season.peak_ten_minutes.to_string()),
    ("  busiest minute", |it| it.season.peak_minute.to_string()),
    ("  busiest minute, of what 1,000 a second could do", |it| {
        format!("{:.2} %", 100.0 * it.season.busiest_minute_of(CAPACITY))
    }),
    ("renewals in all the years", |_| String::new()),
    ("  mean working hour", |it| format!("{:.1}", it.years.mean_working_hour)),
    ("  busiest hour", |it| it.years.peak_hour.to_string()),
    ("  busiest hour / mean working hour", |it| format!("{:.1}", it.years.peak_over_mean())),
    ("  busiest hour / mean hour, day and night", |it| format!("{:.1}", it.years.peak_over_mean_hour())),
    ("sent away with 503", |it| it.sent_away.to_string()),
    ("questions to people, per terminal and year", |it| format!("{:.2}", it.dialogs)),
    ("notices on the desktop, per terminal and year", |it| format!("{:.2}", it.notices)),
    ("requests for the status, per terminal and year", |it| format!("{:.1}", it.asked)),
    ("days left at renewal: least / 1 % / median", |it| {
        format!("{} / {} / {}", it.days_left.least, it.days_left.p1, it.days_left.median)
    }),
];
/// Renewals a second that the real server finishes on two cores with durable commits, keys made by the clients
/// (`docs/performance.md`), rounded down.
const CAPACITY: u32 = 1000;
const FIRST: usize = 60;
const OTHERS: usize = 22;

pub(crate) fn table(report: &Report) -> String {
    let parameters = &report.parameters;
    let mut text = format!(
        "{} terminals for {} years, enrolment {:?}, seed {}\n\n{:FIRST$}",
        parameters.terminals, parameters.years, parameters.enrolment, parameters.seed, ""
    );
    for outcome in &report.outcomes {
        text += &format!("{:>OTHERS$}", outcome.scenario.title());
    }
    for (label, figure) in ROWS {
        text += &format!("\n{label:FIRST$}");
        for outcome in &report.outcomes {
            text += &format!("{:>OTHERS$}", figure(&outcome.scaled(parameters.terminals)));
        }
        text.truncate(text.trim_end().len());
    }
    text + "\n"
}

/// What stands above the lines of several worlds that differ by their seeds.
pub(crate) fn heading_of_seeds(parameters: &Parameters, scenario: Scenario) -> String {
    const HEADINGS: [&str; 8] =
        ["seed", "all", "could", "no chance", "month before", "busiest hour", "/ working h", "/ any hour"];
    let Parameters { terminals, years, enrolment, .. } = parameters;
    let title = scenario.title();
    format!("{terminals} terminals for {years} years, enrolment {enrolment:?}, {title}\n\n{}", line(HEADINGS))
}

/// The first scenario in such a line.
pub(crate) fn line_of_seed(report: &Report) -> String {
    let terminals = report.parameters.terminals;
    let Some(it) = report.outcomes.first().map(|outcome| outcome.scaled(terminals)) else {
        return String::new();
    };
    line([
        report.parameters.seed.to_string(),
        it.lockouts.terminals.to_string(),
        it.lockouts.avoidable().to_string(),
        it.lockouts.no_chance.to_string(),
        it.lockouts.off_two_months.to_string(),
        it.season.peak_hour.to_string(),
        format!("{:.1}", it.season.peak_over_mean()),
        format!("{:.1}", it.season.peak_over_mean_hour()),
    ])
}

fn line(cells: [impl std::fmt::Display; 8]) -> String {
    cells.iter().map(|cell| format!("{cell:>13}")).collect::<String>() + "\n"
}

impl Outcome {
    /// With lock-outs per 100,000 terminals.
    fn scaled(&self, terminals: u32) -> Self {
        let mut scaled = self.clone();
        let found = &mut scaled.lockouts;
        let counts = [
            &mut found.terminals,
            &mut found.missed,
            &mut found.broken,
            &mut found.no_chance,
            &mut found.off_two_months,
            &mut found.off,
        ];
        for count in counts {
            *count = (*count * 100_000).div_ceil(u64::from(terminals.max(1)));
        }
        scaled
    }
}

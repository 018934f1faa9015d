//! One figure, as a line for people, for programs or for a document.

/// The head of the table.
pub(crate) const HEAD: &str = "figure                                                                    value  unit \
                               limit     ratio  goal       met  runs";

/// The head of the same table in Markdown.
pub(crate) const MARKDOWN_HEAD: &str =
    "| figure | value | unit | limit | ratio | goal | met | runs |\n|---|--:|---|--:|--:|---|---|--:|";

/// What a figure is to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// So many times the limit at most.
    MostTimes(f64),
    /// So many times the limit at least.
    LeastTimes(f64),
    /// This value at most.
    Most(f64),
    /// This value at least.
    Least(f64),
}

impl Goal {
    fn words(self) -> String {
        match self {
            Self::MostTimes(factor) => format!("<= {factor} x"),
            Self::LeastTimes(factor) => format!(">= {factor} x"),
            Self::Most(value) => format!("<= {value}"),
            Self::Least(value) => format!(">= {value}"),
        }
    }

    fn is_met(self, value: f64, limit: Option<f64>) -> Option<bool> {
        Some(match self {
            Self::MostTimes(factor) => value <= factor * limit?,
            Self::LeastTimes(factor) => value >= factor * limit?,
            Self::Most(most) => value <= most,
            Self::Least(least) => value >= least,
        })
    }
}

/// A measured value beside the best that could be hoped for on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// What was measured, in words that stay.
    pub(crate) name: String,
    /// The median of the runs.
    pub(crate) value: f64,
    /// Of the value and the limit.
    pub(crate) unit: &'static str,
    /// The same by the bare work, where there is such a thing.
    pub(crate) limit: Option<f64>,
    /// What it is to reach, where something was promised.
    pub(crate) goal: Option<Goal>,
    /// How many runs.
    pub(crate) runs: usize,
}

impl Figure {
    /// A figure that stands alone.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str, runs: usize) -> Self {
        Self { name: name.into(), value, unit, limit: None, goal: None, runs }
    }

    /// Beside this.
    pub(crate) fn beside(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// With this goal.
    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Value by limit: 1 is the bare work itself.
    fn ratio(&self) -> Option<f64> {
        self.limit.map(|limit| self.value / limit)
    }

    /// Whether it reaches its goal, if it has one.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.goal.and_then(|goal| goal.is_met(self.value, self.limit))
    }

    /// `{"name", "value", "unit", "limit", "ratio", "goal", "met", "runs"}`.
    pub(crate) fn json(&self) -> String {
        serde_json::json!({
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "limit": self.limit.map(rounded),
            "ratio": self.ratio().map(rounded),
            "goal": self.goal.map(Goal::words),
            "met": self.is_met(),
            "runs": self.runs,
        })
        .to_string()
    }

    /// A line under [`HEAD`].
    pub(crate) fn line(&self) -> String {
        let [value, limit, ratio, goal, met] = self.words();
        let Self { name, unit, runs, .. } = self;
        format!("{name:<68} {value:>9}  {unit:<4} {limit:>8}  {ratio:>8}  {goal:<9}  {met:<3}  {runs:>4}")
    }

    /// A line under [`MARKDOWN_HEAD`].
    pub(crate) fn markdown(&self) -> String {
        let [value, limit, ratio, goal, met] = self.words();
        let Self { name, unit, runs, .. } = self;
        format!("| {name} | {value} | {unit} | {limit} | {ratio} | {goal} | {met} | {runs} |")
    }

    fn words(&self) -> [String; 5] {
        let or_dash =
            |number: Option<f64>| number.map_or("-".to_owned(), |number| rounded(number).to_string());
        let met = match self.is_met() {
            None => "-",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        [
            rounded(self.value).to_string(),
            or_dash(self.limit),
            or_dash(self.ratio()),
            self.goal.map_or("-".to_owned(), Goal::words),
            met.to_owned(),
        ]
    }
}

/// Three significant digits; whole numbers from a hundred on.
fn rounded(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    let digits = (2.0 - number.abs().log10().floor()).max(0.0);
    let scale = 10_f64.powf(digits);
    (number * scale).round() / scale
}

/// The middle of the values; of an even number, the upper of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_to_what_they_can_say() {
        assert_eq!(rounded(1234.567), 1235.0);
        assert_eq!(rounded(12.3456), 12.3);
        assert_eq!(rounded(0.012_345), 0.0123);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn json_has_the_agreed_members() {
        let figure = Figure::new("x", 50.0, "1/s", 3).beside(100.0).goal(Goal::LeastTimes(0.4));
        let value: serde_json::Value = serde_json::from_str(&figure.json()).expect("JSON");
        assert_eq!(
            value,
            serde_json::json!({
                "name": "x", "value": 50.0, "unit": "1/s", "limit": 100.0, "ratio": 0.5, "goal": ">= 0.4 x",
                "met": true, "runs": 3
            })
        );
    }

    #[test]
    fn goals_are_met_up_to_their_very_edge() {
        let of = |value: f64, goal| Figure::new("x", value, "ms", 5).beside(2.0).goal(goal).is_met();
        for (value, goal, met) in [
            (2.5, Goal::MostTimes(1.25), true),
            (2.51, Goal::MostTimes(1.25), false),
            (1.8, Goal::LeastTimes(0.9), true),
            (1.79, Goal::LeastTimes(0.9), false),
            (40.0, Goal::Most(40.0), true),
            (0.0, Goal::Least(1.0), false),
        ] {
            assert_eq!(of(value, goal), Some(met), "{value} {goal:?}");
        }
        let without_limit = Figure::new("x", 1.0, "ms", 5).goal(Goal::MostTimes(1.0));
        assert_eq!(without_limit.is_met(), None, "nothing to compare with");
    }

    #[test]
    fn a_missed_goal_catches_the_eye_in_each_form() {
        let figure = Figure::new("CPU", 1.5, "ms", 5).beside(0.5).goal(Goal::MostTimes(1.25));
        assert!(figure.line().contains("<= 1.25 x") && figure.line().contains(" NO "));
        assert_eq!(figure.markdown(), "| CPU | 1.5 | ms | 0.5 | 3 | <= 1.25 x | NO | 5 |");
    }
}

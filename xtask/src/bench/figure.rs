//! One figure, as a line for people or for programs.

/// The head of the table.
pub(crate) const HEAD: &str =
    "figure                                                            value  unit    limit     ratio  runs";

/// A measured value beside the best that could be hoped for on this machine.
pub(crate) struct Figure {
    /// What was measured, in words that stay.
    pub(crate) name: String,
    /// The median of the runs.
    pub(crate) value: f64,
    /// Of the value and the limit.
    pub(crate) unit: &'static str,
    /// The same by the bare work, where there is such a thing.
    pub(crate) limit: Option<f64>,
    /// How many runs.
    pub(crate) runs: usize,
}

impl Figure {
    /// Value by limit: 1 is the bare work itself.
    fn ratio(&self) -> Option<f64> {
        self.limit.map(|limit| self.value / limit)
    }

    /// `{"name", "value", "unit", "limit", "ratio", "runs"}`.
    pub(crate) fn json(&self) -> String {
        serde_json::json!({
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "limit": self.limit.map(rounded),
            "ratio": self.ratio().map(rounded),
            "runs": self.runs,
        })
        .to_string()
    }

    /// A line under [`HEAD`].
    pub(crate) fn line(&self) -> String {
        let or_dash =
            |number: Option<f64>| number.map_or("-".to_owned(), |number| rounded(number).to_string());
        format!(
            "{:<61} {:>9}  {:<4} {:>8}  {:>8}  {:>4}",
            self.name,
            rounded(self.value),
            self.unit,
            or_dash(self.limit),
            or_dash(self.ratio()),
            self.runs
        )
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

/// The middle of the values.
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
        let figure = Figure { name: "x".into(), value: 50.0, unit: "1/s", limit: Some(100.0), runs: 3 };
        let value: serde_json::Value = serde_json::from_str(&figure.json()).expect("JSON");
        assert_eq!(
            value,
            serde_json::json!({
                "name": "x", "value": 50.0, "unit": "1/s", "limit": 100.0, "ratio": 0.5, "runs": 3
            })
        );
    }
}

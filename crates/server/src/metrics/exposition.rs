//! The registry as text: OpenMetrics 1.0, or the older format of Prometheus (0.0.4), as is asked for.

use prometheus_client::{encoding::text, registry::Registry};
use std::fmt::{self, Write};

/// A format of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>
    OpenMetrics,
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>, which everything reads.
    Prometheus,
}

impl Format {
    /// The better of the two by `Accept` (RFC 9110, 12.5.1): OpenMetrics only for who names it.
    pub fn of(accept: &str) -> Self {
        let open = weight(accept, &["application/openmetrics-text"]);
        let plain = weight(accept, &["text/plain", "text/*", "*/*"]);
        if open > 0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The media type of the answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The highest weight, in thousandths, that the header gives to one of these media types.
fn weight(accept: &str, media_types: &[&str]) -> u32 {
    let weights = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next()?;
        media_types.iter().find(|wanted| media_type.eq_ignore_ascii_case(wanted))?;
        let quality = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        let quality: f32 = quality.parse().unwrap_or(0.0);
        // In 0..=1000 after the clamp, so the cast cannot lose anything.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some((quality.clamp(0.0, 1.0) * 1000.0) as u32)
    });
    weights.max().unwrap_or(0)
}

/// All values of the registry as they are now.
///
/// # Errors
/// When a metric cannot be written.
pub fn render(registry: &Registry, format: Format) -> Result<String, fmt::Error> {
    let mut open = String::new();
    text::encode(&mut open, registry)?;
    match format {
        Format::OpenMetrics => Ok(open),
        Format::Prometheus => as_prometheus(&open),
    }
}

/// The same in the older format, which differs in its descriptions only: it names a counter by its
/// samples (`…_total`), and knows neither information nor units nor an end.
fn as_prometheus(open: &str) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(open.len());
    let mut help = None;
    for line in open.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ');
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|typed| typed.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                same => ("", same),
            };
            let words = help.take().map_or("", |(_, words)| words);
            writeln!(text, "# HELP {name}{suffix} {words}\n# TYPE {name}{suffix} {kind}")?;
        } else if !line.starts_with("# UNIT ") && line != "# EOF" {
            writeln!(text, "{line}")?;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Metrics, RenewalDoor};
    use jiff::Timestamp;

    #[test]
    fn who_asks_for_openmetrics_gets_it_and_others_the_older_format() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        let table = [
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Prometheus),
            ("application/openmetrics-text", Format::OpenMetrics),
            (prometheus, Format::OpenMetrics),
            ("text/plain;version=0.0.4;q=0.6, application/openmetrics-text;q=0.5", Format::Prometheus),
            ("application/openmetrics-text;q=0", Format::Prometheus),
        ];
        for (accept, expected) in table {
            assert_eq!(Format::of(accept), expected, "Accept: {accept}");
        }
    }

    #[test]
    fn both_formats_describe_the_same_samples() {
        let metrics = Metrics::default();
        metrics.renewals.begin(RenewalDoor::Est).ended(Ok(())).expect("it went well");
        let registry = metrics.registry(Timestamp::UNIX_EPOCH);
        let text = |format| render(&registry, format).expect("text");
        let (open, plain) = (text(Format::OpenMetrics), text(Format::Prometheus));

        let issued = "koshin_renewals_total{door=\"est\",outcome=\"issued\"} 1\n";
        assert!(open.contains("# TYPE koshin_renewals counter\n") && open.contains(issued), "{open}");
        assert!(open.ends_with("# EOF\n"), "{open}");
        assert!(
            plain.contains("# TYPE koshin_renewals_total counter\n") && plain.contains(issued),
            "{plain}"
        );
        assert!(plain.contains("# TYPE koshin_build_info gauge\nkoshin_build_info{version="), "{plain}");
        for word in ["# UNIT", "# EOF", " info\n"] {
            assert!(!plain.contains(word), "{word} in {plain}");
        }
        // The process's own figures change between two looks.
        let samples = |text: &str| -> Vec<String> {
            let koshin = text.lines().filter(|line| line.starts_with("koshin_"));
            koshin.map(str::to_owned).collect()
        };
        assert_eq!(samples(&open), samples(&plain));
    }
}

//! The sum of what the test programs say of themselves.

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    /// Adds a line like `test result: ok. 12 passed; 0 failed; 3 ignored; …`; others add nothing.
    pub(crate) fn read_line(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let Some((_, numbers)) = result.split_once(". ") else { return };
        for part in numbers.split(';') {
            let Some((number, what)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// A test that cannot run here returns at once and says why: to cargo it has passed.
    pub(crate) fn move_to_skipped(&mut self, reasons: &[String]) {
        let moved = reasons.len().min(self.passed);
        self.passed -= moved;
        self.skipped += moved;
    }

    /// The line that ends the run. A test program that crashed prints no result: it counts as one failure.
    pub(crate) fn closing_line(&self, success: bool) -> String {
        let failed = if success { self.failed } else { self.failed.max(1) };
        format!("{} passed, {failed} failed, {} skipped", self.passed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_programs_add_up() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.50s",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.50s",
            "test result was fine",
        ] {
            counts.read_line(line);
        }
        counts.move_to_skipped(&["no pk12util".into()]);
        assert_eq!(counts.closing_line(false), "15 passed, 2 failed, 4 skipped");
    }

    #[test]
    fn a_crash_is_a_failure_though_nothing_was_counted() {
        assert_eq!(Counts::default().closing_line(false), "0 passed, 1 failed, 0 skipped");
    }
}

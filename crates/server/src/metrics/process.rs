//! What the system says of this process, under the names that all exporters use. Linux only.

use super::jobs::seconds;
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use std::{fmt, fs};

/// Ticks of a second in `/proc` (`USER_HZ`): the same on every architecture that we build for.
const TICKS: f64 = 100.0;

/// Reads `/proc/self` at each scrape.
#[derive(Debug)]
pub(super) struct Process {
    /// Since when it runs.
    pub(super) started: Timestamp,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, value: Option<f64>| -> fmt::Result {
            let Some(value) = value else { return Ok(()) };
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970.",
            Some(seconds(self.started)),
        )?;
        gauge(
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM.",
            kilobytes(&status, "VmRSS:"),
        )?;
        gauge(
            "process_virtual_memory_bytes",
            "Memory that the process has mapped.",
            kilobytes(&status, "VmSize:"),
        )?;
        gauge("process_threads", "Threads of the process.", number(&status, "Threads:"))?;
        gauge("process_open_fds", "Open file descriptors.", open_files())?;
        gauge("process_max_fds", "File descriptors that may be open.", most_files())?;
        let Some(cpu) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| processor_seconds(&stat))
        else {
            return Ok(());
        };
        let help = "Processor time of the process, in user mode and in the kernel.";
        let metric = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
        ConstCounter::new(cpu).encode(metric)
    }
}

/// The first number of the line that begins with `key`.
fn number(text: &str, key: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

fn kilobytes(status: &str, key: &str) -> Option<f64> {
    Some(number(status, key)? * 1024.0)
}

/// Fields 14 and 15 of `/proc/PID/stat` (proc(5)), in seconds. The program's name, which may
/// hold anything, ends with the last parenthesis; after it comes field 3.
fn processor_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

#[expect(clippy::cast_precision_loss, reason = "a process has no 2⁵³ files")]
fn open_files() -> Option<f64> {
    // The directory that is being listed is one of them.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

fn most_files() -> Option<f64> {
    number(&fs::read_to_string("/proc/self/limits").ok()?, "Max open files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 9 0 1000 1 1";
        assert_eq!(processor_seconds(stat), Some(2.0));
        assert_eq!(processor_seconds("42 (x"), None);
    }

    #[test]
    fn sizes_are_bytes() {
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12288.0));
        assert_eq!(
            number("Max open files            1024     4096   files\n", "Max open files"),
            Some(1024.0)
        );
        assert_eq!(
            number("Max open files            unlimited  unlimited   files\n", "Max open files"),
            None
        );
    }
}

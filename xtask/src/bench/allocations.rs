//! How often and how much a renewal allocates: valgrind's DHAT counts every allocation, the C libraries' too, in two
//! runs that differ in the number of renewals only.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::figure::Figure;
use super::fleet::{Prepared, Size};
use super::load::{Target, Turn};
use crate::keeper::Kept;
use crate::test::tools;

/// Renewals of the short run, before which everything is made that is made once.
const SHORT: usize = 50;
/// Renewals of the long run.
const LONG: usize = 250;

/// Prints allocations and bytes of a renewal by EST, beside the bare server's. Left out where valgrind is missing.
pub(crate) fn measure(programs: &Path, print: impl Fn(&Figure)) -> Result<()> {
    let Some(valgrind) = tools::find("valgrind") else {
        eprintln!("bench: no allocations are counted: valgrind is not installed");
        return Ok(());
    };
    let prepared = Prepared::make(programs, Size::of_live(LONG))?;
    let count = |start: &dyn Fn(&Command) -> Result<Kept>| -> Result<Allocations> {
        let run = |renewals| one(programs, &valgrind, &prepared, start, renewals);
        let (short, long) = (run(SHORT)?, run(LONG)?);
        let more = f64::from(u32::try_from(LONG - SHORT)?);
        let each = |value: fn(&Allocations) -> f64| (value(&long) - value(&short)) / more;
        Ok(Allocations { blocks: each(|all| all.blocks), bytes: each(|all| all.bytes) })
    };
    let bare = count(&|under| prepared.serve_bare_under(under))?;
    let real = count(&|under| prepared.serve_under(under))?;
    let figure = |what: &str, real, bare, unit| {
        print(&Figure::new(format!("EST: {what} a renewal"), real, unit, 1).beside(bare));
    };
    figure("allocations", real.blocks, bare.blocks, "");
    figure("allocated", real.bytes / 1024.0, bare.bytes / 1024.0, "kB");
    Ok(())
}

/// What DHAT has counted.
struct Allocations {
    blocks: f64,
    bytes: f64,
}

fn one(
    programs: &Path,
    valgrind: &Path,
    prepared: &Prepared,
    start: &dyn Fn(&Command) -> Result<Kept>,
    renewals: usize,
) -> Result<Allocations> {
    let scratch = tempfile::Builder::new().prefix("koshin-dhat-").tempdir()?;
    let log = scratch.path().join("log");
    let mut under = Command::new(valgrind);
    under.args(["--tool=dhat", "--dhat-out-file=/dev/null"]);
    under.arg(format!("--log-file={}", log.display()));
    let server = start(&under)?;
    Target::new(programs, prepared, &[&server])?.run(Turn {
        door: "est",
        concurrency: 4,
        first: 0,
        renewals,
    })?;
    drop(server);
    let text = fs::read_to_string(&log)?;
    total(&text).with_context(|| format!("valgrind has counted nothing: {}", text.trim()))
}

/// Out of `==123== Total:     1,234,567 bytes in 8,901 blocks`.
fn total(log: &str) -> Option<Allocations> {
    let line = log.lines().find_map(|line| line.split_once("Total:"))?.1;
    let mut numbers = line.split_whitespace().filter_map(|word| word.replace(',', "").parse().ok());
    Some(Allocations { bytes: numbers.next()?, blocks: numbers.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_out_of_the_log() {
        let log = "==7== DHAT, a dynamic heap analysis tool\n==7== Total:     1,234,567 bytes in 8,901 blocks\n\
                   ==7== At t-gmax: 12 bytes in 1 blocks\n";
        let found = total(log).expect("a total");
        assert_eq!((found.bytes, found.blocks), (1_234_567.0, 8_901.0));
        assert!(total("==7== killed").is_none());
    }
}

//! The legacy door with RSA-2048 keys that the server makes: a burst from its full pool of keys, and as fast as it goes
//! on when the pool is empty.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Extent;
use super::figure::{Figure, Goal, median};
use super::fleet::{Prepared, Size, rest, set};
use super::keys;
use super::load::{Load, Target, Turn};
use super::renewals::{one, report};
use crate::keeper::Kept;

/// Renewals before those of EST that count.
const WARM_UP: usize = 200;
/// Of the sustained rate, of the burst.
const CONCURRENCY: usize = 64;
/// Sustained renewals a run: some twenty seconds. How long a prime takes to be found is luck, and of 320 keys the luck was 3 %.
const SUSTAINED: usize = 640;
/// Longest wait for the pool to fill.
const LONGEST_FILL: Duration = Duration::from_secs(300);
/// The pool's gauge.
const GAUGE: &str = "koshin_key_pool_keys{algorithm=\"rsa-2048\"}";

/// Prints the burst beside EST, and the sustained rate beside raw key generation.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let (runs, burst) = (extent.repeats, extent.burst);
    let sustained = SUSTAINED.min(burst * 2);
    let terminals = (burst + sustained).max(extent.renewals + WARM_UP);
    let prepared = Prepared::make(programs, Size::of_live(terminals))?;
    let (mut est, mut bursts, mut endless, mut raw) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let turn = Turn { door: "est", concurrency: CONCURRENCY, first: WARM_UP, renewals: extent.renewals };
        est.push(one(programs, &prepared, &prepared.serve()?, turn)?);
        raw.push(keys::rate(programs)?);
        let server = serve(&prepared, burst)?;
        let filled = wait_for_keys(&server, burst)?;
        eprintln!("bench: the pool has {} keys after {:.0} s", filled.keys, filled.seconds);
        let target = Target::new(programs, &prepared, &[&server.kept])?;
        let turn = Turn { door: "legacy", concurrency: CONCURRENCY, first: 0, renewals: burst };
        bursts.push(target.run_and_leave(turn)?);
        // What the burst has left is no key of this run.
        let left = server.keys()?;
        let found = target.run_and_leave(Turn { first: burst, renewals: sustained, ..turn })?;
        let made = (f64::from(u32::try_from(sustained)?) - left).max(0.0);
        endless.push(Load { rate: found.rate * made / f64::from(u32::try_from(sustained)?), ..found });
    }
    let (est, raw) = (Load::median(&est), median(raw));
    let (bursts, endless) = (Load::median(&bursts), Load::median(&endless));
    let name = format!("legacy RSA-2048, burst of {burst}, full pool");
    let burst_rate = Figure::new(format!("{name}: renewals, beside EST"), bursts.rate, "1/s", runs);
    print(&burst_rate.beside(est.rate).goal(Goal::LeastTimes(0.4)));
    report(&name, &bursts, None, runs, false, &print);
    let name = "legacy RSA-2048, sustained";
    let rate = Figure::new(format!("{name}: renewals, beside raw keys"), endless.rate, "1/s", runs);
    print(&rate.beside(raw).goal(Goal::LeastTimes(0.95)));
    print(&Figure::new(format!("{name}: p99"), endless.p99, "ms", runs));
    print(&Figure::new(format!("{name}: 503 with Retry-After"), endless.put_off, "", runs));
    Ok(())
}

/// A server whose metrics can be asked for.
pub(crate) struct Measured {
    pub(crate) kept: Kept,
    metrics: String,
}

/// How full the pool has become, and in what time.
pub(crate) struct Filled {
    keys: f64,
    seconds: f64,
}

/// A server on a copy, with metrics and a pool of so many keys.
pub(crate) fn serve(prepared: &Prepared, pool: usize) -> Result<Measured> {
    let (free, pool) = (TcpListener::bind("127.0.0.1:0")?.local_addr()?, i64::try_from(pool)?);
    let kept = prepared.serve_with(|config| {
        set(config, "metrics", "listen", free.to_string());
        set(config, "keys", "pool", pool);
    })?;
    Ok(Measured { kept, metrics: free.to_string() })
}

/// Waits until the pool has so many keys, or is as full as it gets.
pub(crate) fn wait_for_keys(server: &Measured, wanted: usize) -> Result<Filled> {
    const LOOK: Duration = Duration::from_secs(2);
    /// A pool that has not grown for so many looks is full.
    const STILL: u32 = 5;
    let wanted = f64::from(u32::try_from(wanted)?);
    let (begin, mut keys, mut still) = (Instant::now(), server.keys()?, 0);
    while keys < wanted && still < STILL {
        if begin.elapsed() > LONGEST_FILL {
            bail!("the pool has only {keys} keys after {LONGEST_FILL:?}");
        }
        sleep(LOOK);
        let now = server.keys()?;
        still = if now > keys { 0 } else { still + 1 };
        keys = now;
    }
    rest_unless_filling(server, keys < wanted)?;
    Ok(Filled { keys, seconds: begin.elapsed().as_secs_f64() })
}

/// A pool that is full makes no more keys.
fn rest_unless_filling(server: &Measured, full: bool) -> Result<()> {
    if full {
        rest(server.kept.pid())?;
    }
    Ok(())
}

impl Measured {
    /// Keys that wait in the pool.
    pub(crate) fn keys(&self) -> Result<f64> {
        let text = get(&self.metrics, "/metrics")?;
        gauge(&text, GAUGE).with_context(|| format!("no {GAUGE} among the metrics"))
    }
}

/// `GET` by plain HTTP, answered to the end of the connection.
fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("no metrics at {address}"))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// The value of a metric, whose labels are in the order of the name.
fn gauge(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_found_among_the_metrics() {
        let text =
            format!("# TYPE koshin_key_pool_keys gauge\n{GAUGE} 37\nother{{algorithm=\"rsa-2048\"}} 2\n");
        assert_eq!(gauge(&text, GAUGE), Some(37.0));
        assert_eq!(gauge("", GAUGE), None);
    }
}

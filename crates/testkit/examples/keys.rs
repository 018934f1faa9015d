//! How many RSA-2048 keys this machine makes a second on all its processors, by the library that the server uses and
//! as ready for use as the server wants them: what bounds a door whose keys are made by the server. Prints one JSON
//! object.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use koshin_issuance::PrivateKey;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

/// Some hundreds of keys: how long a prime takes to be found is luck.
const SPAN: Duration = Duration::from_secs(15);

fn main() -> Result<()> {
    let processors = thread::available_parallelism()?.get();
    let (count, begin) = (AtomicU32::new(0), Instant::now());
    let make = || -> Result<()> {
        while begin.elapsed() < SPAN {
            let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
            PrivateKey::from_pkcs8_der(key.serialize_der().into())?;
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(make)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("making a key does not panic"))
    })?;
    let rate = f64::from(count.load(Ordering::Relaxed)) / begin.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({ "keys_per_second": rate, "processors": processors }));
    Ok(())
}

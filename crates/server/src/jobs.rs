//! What the server does unasked: erase bundles that nobody fetched, and keep its own
//! certificate from running out.

use crate::{clock, home::Home, listener, setup, use_cases::Koshin};
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// At most so long between two rounds.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// At least so long.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// Rounds between two looks at the server's own certificate: an hour at least.
const OWN_CERTIFICATE_EVERY: u32 = 60;

/// Runs until it is dropped. A round that fails is logged and tried again at the next.
pub async fn run(koshin: Arc<Koshin>, home: Home, tls: Arc<ArcSwap<ServerConfig>>) {
    let lifetime = Duration::try_from(koshin.config().bundle_lifetime).unwrap_or(LONGEST_PAUSE);
    let mut ticks = interval((lifetime / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round: u32 = 0;
    loop {
        ticks.tick().await;
        match koshin.erase_outlived(clock::now()).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "certificates that were never delivered have ended"),
            Err(error) => tracing::warn!(%error, "outlived bundles were not erased"),
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(OWN_CERTIFICATE_EVERY) {
            renew_own_certificate(&koshin, &home, &tls);
        }
    }
}

fn renew_own_certificate(koshin: &Koshin, home: &Home, tls: &ArcSwap<ServerConfig>) {
    let (authority, config) = (koshin.authority(), koshin.config());
    let renewed = setup::renew_server_certificate(home, &authority, &config.host, config.demo, clock::now());
    match renewed {
        Ok(false) => {}
        Ok(true) => match listener::server_config(home, &authority) {
            Ok(config) => {
                tls.store(Arc::new(config));
                tracing::info!("the server's own certificate was renewed");
            }
            Err(error) => tracing::error!(%error, "the server's new certificate cannot be used"),
        },
        Err(error) => tracing::error!(%error, "the server's own certificate was not renewed"),
    }
}

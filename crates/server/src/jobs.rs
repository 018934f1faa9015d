//! What the server does unasked: erase bundles that nobody fetched, and keep its own
//! certificate from running out.

use crate::{authority::load_certificates, clock, home::Home, listener, setup, use_cases::Koshin};
use arc_swap::ArcSwap;
use koshin_issuance::CertificateFacts;
use koshin_policy::calendar;
use rustls::ServerConfig;
use std::{sync::Arc, time::Duration};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// At most so long between two erasures.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// At least so long.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at the certificates of this server.
const LOOK_AFTER: Duration = Duration::from_secs(3600);
/// So long before the issuing CA's end certificates of full length cannot be issued any
/// more, and then some for a roll-over in peace.
const CA_ALARM_DAYS: i64 = 3 * 366 + 90;
/// A server certificate that this CA did not issue is somebody else's to renew.
const FOREIGN_ALARM_DAYS: i64 = 30;

/// Runs until it is dropped. A round that fails is logged and tried again at the next.
pub async fn run(koshin: Arc<Koshin>, home: Home, tls: Arc<ArcSwap<ServerConfig>>) {
    tokio::join!(erase_outlived(&koshin), look_after_certificates(&koshin, &home, &tls));
}

async fn erase_outlived(koshin: &Koshin) {
    let lifetime = Duration::try_from(koshin.config().bundle_lifetime).unwrap_or(LONGEST_PAUSE);
    let mut ticks = every((lifetime / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
    loop {
        ticks.tick().await;
        match koshin.erase_outlived(clock::now()).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "certificates that were never delivered have ended"),
            Err(error) => tracing::warn!(%error, "outlived bundles were not erased"),
        }
    }
}

async fn look_after_certificates(koshin: &Arc<Koshin>, home: &Home, tls: &Arc<ArcSwap<ServerConfig>>) {
    let mut ticks = every(LOOK_AFTER);
    loop {
        ticks.tick().await;
        let (koshin, home, tls) = (Arc::clone(koshin), home.clone(), Arc::clone(tls));
        // Files and a signature: not for an async thread.
        let looked = tokio::task::spawn_blocking(move || {
            warn_of_the_end(&koshin, &home);
            renew_own_certificate(&koshin, &home, &tls);
        });
        if let Err(error) = looked.await {
            tracing::error!(%error, "the certificates of this server were not looked after");
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn warn_of_the_end(koshin: &Koshin, home: &Home) {
    let (authority, now) = (koshin.authority(), clock::now());
    let days = calendar::days_left(authority.facts().not_after, now);
    if days < CA_ALARM_DAYS {
        tracing::warn!(days, "the issuing CA nears its end: roll it over, or renewals will be refused");
    }
    let own = load_certificates(&home.server_certificate()).ok();
    let own = own.and_then(|chain| CertificateFacts::from_der(chain.first()?).ok());
    let Some(own) = own.filter(|own| !authority.issued(&own.der)) else { return };
    let days = calendar::days_left(own.not_after, now);
    if days < FOREIGN_ALARM_DAYS {
        tracing::warn!(days, "the server's own certificate nears its end, and this CA did not issue it");
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

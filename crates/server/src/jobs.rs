//! What the server does unasked: erase bundles that nobody fetched, end what is over, keep
//! the end of the audit trail, and keep its own certificate from running out. Of several nodes
//! one does what concerns the records ([`Duties`]); what concerns a node, each does for itself.

use crate::{
    authority::load_certificates, clock, home::Home, listener::TlsSides, metrics::Job, setup, store::Duty,
    use_cases::Koshin,
};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_policy::calendar;
use std::{sync::Arc, time::Duration};
use tokio::time::{Interval, MissedTickBehavior, interval};

mod duties;
mod names;
mod notices;
mod operators;
mod trail;

pub use duties::Duties;
pub use notices::Notifier;

/// At most so long between two erasures.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// At least so long.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at the certificates of this server, and at its audit trail.
const LOOK_AFTER: Duration = Duration::from_secs(3600);
/// So long before the issuing CA's end certificates of full length cannot be issued any
/// more, and then some for a roll-over in peace.
const CA_ALARM_DAYS: i64 = 3 * 366 + 90;
/// A server certificate that this CA did not issue is somebody else's to renew.
const FOREIGN_ALARM_DAYS: i64 = 30;

/// Runs until it is dropped. A round that fails is logged and tried again at the next.
pub async fn run(koshin: Arc<Koshin>, home: Home, tls: TlsSides, duties: Arc<Duties>) {
    // What was left when the server stopped is not late: nobody was there.
    trail::link(&koshin).await;
    tokio::join!(
        duties.keep(),
        erase_outlived(&koshin, &duties),
        keep_house(&koshin, &home, &duties),
        operators::follow_policies(&koshin),
        operators::revoke(&koshin, &duties),
        names::keep_indexed(&koshin, &duties),
        trail::keep_linking(&koshin, &duties),
        trail::check(&koshin, &home),
        look_after_certificates(&koshin, &home, &tls)
    );
}

/// What is over is forgotten or made final, and the end of the audit chain is kept.
async fn keep_house(koshin: &Koshin, home: &Home, duties: &Duties) {
    let mut ticks = every(LONGEST_PAUSE);
    loop {
        ticks.tick().await;
        let now = clock::now();
        if duties.has(Duty::Housekeeping) {
            put_away(koshin, now).await;
        }
        // Each node in its own directory: who rules one of them does not rule the others.
        let kept = koshin.keep_chain_head(home, now).await;
        if let Err(error) = koshin.metrics().jobs.ended(Job::KeepTrail, kept) {
            tracing::error!(%error, "the end of the audit trail was not kept");
        }
    }
}

async fn put_away(koshin: &Koshin, now: Timestamp) {
    let jobs = &koshin.metrics().jobs;
    match jobs.ended(Job::FinishStops, koshin.finish_stops(now).await) {
        Ok(0) => {}
        Ok(stopped) => tracing::info!(stopped, "terminals were stopped for good"),
        Err(error) => tracing::warn!(%error, "stopped terminals were not stopped for good"),
    }
    if let Err(error) = jobs.ended(Job::ForgetOutlived, koshin.forget_outlived(now).await) {
        tracing::warn!(%error, "sessions and attempts that are over were not forgotten");
    }
}

async fn erase_outlived(koshin: &Koshin, duties: &Duties) {
    let lifetime = Duration::try_from(koshin.config().bundle_lifetime).unwrap_or(LONGEST_PAUSE);
    let mut ticks = every((lifetime / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
    loop {
        ticks.tick().await;
        duties.turn(Duty::Erasing).await;
        let erased = koshin.erase_outlived(clock::now()).await;
        match koshin.metrics().jobs.ended(Job::EraseOutlived, erased) {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "certificates that were never delivered have ended"),
            Err(error) => tracing::warn!(%error, "outlived bundles were not erased"),
        }
    }
}

async fn look_after_certificates(koshin: &Arc<Koshin>, home: &Home, tls: &TlsSides) {
    let mut ticks = every(LOOK_AFTER);
    loop {
        ticks.tick().await;
        let (koshin, home, tls) = (Arc::clone(koshin), home.clone(), tls.clone());
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

fn renew_own_certificate(koshin: &Koshin, home: &Home, tls: &TlsSides) {
    let (authority, config, now) = (koshin.authority(), koshin.config(), clock::now());
    let own = setup::renew_server_certificate(home, &authority, &config.host, config.demo, now);
    let site = config.site.as_ref().map_or(Ok(false), |site| {
        setup::renew_site_certificate(home, &authority, &site.hostname, config.demo, now)
    });
    let mut fresh = false;
    for renewed in [own, site] {
        match koshin.metrics().jobs.ended(Job::OwnCertificates, renewed) {
            Ok(new) => fresh |= new,
            Err(error) => tracing::error!(%error, "the server's own certificate was not renewed"),
        }
    }
    if !fresh {
        return;
    }
    match TlsSides::load(home, &authority, config) {
        Ok(fresh) => {
            tls.replace(fresh);
            tracing::info!("the server's own certificate was renewed");
        }
        Err(error) => tracing::error!(%error, "the server's new certificate cannot be used"),
    }
}

//! `koshin-server serve`

use super::{CliError, Place};
use crate::{
    api,
    authority::Authority,
    clock,
    config::{Config, Limits, MetricsListener, Site},
    home::Home,
    jobs::{self, Duties},
    listener::{Listener, TlsSide, TlsSides},
    metrics::{Endpoint, Metrics, Side},
    setup, site,
    store::Store,
    use_cases::{Koshin, Notices, SecondFactorKey, SiteError, UseCaseError},
};
use arc_swap::ArcSwap;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

/// Records that do not answer keep nobody from stopping for longer. What is left undone, others do, or the next start.
const FAREWELL: Duration = Duration::from_secs(3);

pub(super) async fn run(place: &Place) -> Result<(), CliError> {
    start_log();
    let config = place.config()?;
    let authority = Authority::load(&place.home)?;
    renew_own_certificates(&place.home, &authority, &config)?;
    let tls = TlsSides::load(&place.home, &authority, &config)?;
    let metrics = Metrics::default();
    let store = Store::open_measured(&config.database, metrics.store.clone())?;
    check_services(&config, &store).await?;
    let key = SecondFactorKey::load_or_create(&place.home).map_err(SiteError::from)?;
    let notices = Notices::new(store.clone(), &config, key.clone())?;
    let socket = bind(config.listen).await?;
    let public_url = public_url(&config, &socket)?;
    let (limits, site, metrics_listener) = (config.limits, config.site.clone(), config.metrics);
    let koshin = Koshin::new(store, authority, config, public_url.clone())
        .with_second_factor_key(key)
        .with_notices(notices.clone())
        .with_home(place.home.clone())
        .with_metrics(metrics.clone());
    koshin.refresh_services().await?;
    let koshin = Arc::new(koshin);
    let listener = Listener {
        tls: Arc::clone(&tls.api),
        router: api::router(Arc::clone(&koshin)),
        took_too_long: api::took_too_long,
        limits,
        metrics: metrics.http.of(Side::Api, limits.connections),
    };
    let signals = |kind| signal(kind).map_err(|error| CliError::Defect(format!("no signals: {error}")));

    let (reload, stop) = (signals(SignalKind::hangup())?, Stop::new(signals)?.announced());
    let site = match (site, &tls.site) {
        (Some(site), Some(tls)) => Some(open_site(&site, tls, &koshin, limits).await?),
        _ => None,
    };
    let endpoint = match metrics_listener {
        Some(listener) => Some(open_metrics(&listener, metrics, &koshin, stop.clone()).await?),
        None => None,
    };
    let reloader = tokio::spawn(reload_on(reload, place.home.clone(), Arc::clone(&koshin), tls.clone()));
    let unasked = Unasked::start(&koshin, &place.home, tls, notices).await;
    if let Some((_, _, url)) = &site {
        say!("koshin-server: administration site on {url}");
    }
    say!("koshin-server: listening on {public_url}");
    let serve_site = async {
        if let Some((listener, socket, _)) = site {
            listener.serve(socket, stopped(stop.clone())).await;
        }
    };
    tokio::join!(listener.serve(socket, stopped(stop.clone())), serve_site);
    reloader.abort();
    unasked.end(&koshin, limits).await;
    drop(endpoint);
    say!("koshin-server: stopped");
    Ok(())
}

/// What nears its end is made anew before it is used.
fn renew_own_certificates(home: &Home, authority: &Authority, config: &Config) -> Result<(), CliError> {
    setup::renew_server_certificate(home, authority, &config.host, config.demo, clock::now())?;
    if let Some(site) = &config.site {
        setup::renew_site_certificate(home, authority, &site.hostname, config.demo, clock::now())?;
    }
    Ok(())
}

/// What this process does unasked.
struct Unasked {
    duties: Arc<Duties>,
    jobs: JoinHandle<()>,
    notifier: jobs::Notifier,
}

impl Unasked {
    async fn start(koshin: &Arc<Koshin>, home: &Home, tls: TlsSides, notices: Notices) -> Self {
        koshin.key_pool().fill_in_idle_time();
        let duties = Arc::new(Duties::new(koshin.store().clone()));
        duties.take().await;
        let jobs = jobs::run(Arc::clone(koshin), home.clone(), tls, Arc::clone(&duties));
        let notifier = jobs::Notifier::start(notices, Arc::clone(&duties), koshin.metrics().jobs.clone());
        Self { duties, jobs: tokio::spawn(jobs), notifier }
    }

    /// Leaves nothing to wait for to the other nodes, or to the next start.
    async fn end(self, koshin: &Koshin, limits: Limits) {
        self.jobs.abort();
        koshin.key_pool().stop();
        self.notifier.end(limits.stop()).await;
        let farewell = async {
            self.duties.give_up().await;
            if let Err(error) = koshin.link_trail(clock::now()).await {
                tracing::warn!(%error, "the last events of the audit trail get their places later");
            }
        };
        if timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!(
                "the records do not answer: other nodes take over when the leases of this one have run out"
            );
        }
    }
}

/// Where metrics and health are asked for, from now on until it is dropped.
async fn open_metrics(
    listener: &MetricsListener,
    metrics: Metrics,
    koshin: &Arc<Koshin>,
    stop: watch::Receiver<bool>,
) -> Result<Endpoint, CliError> {
    let socket = bind(listener.listen).await?;
    let address = listener.listen.to_string();
    let bound = socket.local_addr().map_err(|source| CliError::Listen { address, source })?;
    if listener.public {
        tracing::warn!(%bound, "metrics may be public: a firewall should keep others than Prometheus away");
    }
    let endpoint = Endpoint::start(socket, metrics, Arc::clone(koshin), stop);
    say!("koshin-server: metrics on http://{bound}/metrics");
    Ok(endpoint)
}

/// The administration site's listener, its socket and where browsers find it.
async fn open_site(
    site: &Site,
    tls: &Arc<ArcSwap<TlsSide>>,
    koshin: &Arc<Koshin>,
    limits: Limits,
) -> Result<(Listener, TcpListener, String), CliError> {
    let socket = bind(site.listen).await?;
    let address = site.listen.to_string();
    let bound = socket.local_addr().map_err(|source| CliError::Listen { address, source })?;
    let listener = Listener {
        tls: Arc::clone(tls),
        router: site::router(Arc::clone(koshin), &site.hostname),
        took_too_long: site::took_too_long,
        limits,
        metrics: koshin.metrics().http.of(Side::Site, limits.connections),
    };
    Ok((listener, socket, format!("https://{}:{}", site.hostname, bound.port())))
}

/// A tenant whose service is gone would fail at each request: better not to start.
async fn check_services(config: &Config, store: &Store) -> Result<(), CliError> {
    let in_use = store.services_in_use().await?;
    match in_use.into_iter().find(|id| !config.services.contains_key(id)) {
        Some(id) => Err(UseCaseError::UnknownService(id).into()),
        None => Ok(()),
    }
}

/// Errors and warnings to standard error; `RUST_LOG` widens it.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).init();
}

async fn bind(listen: SocketAddr) -> Result<TcpListener, CliError> {
    let address = listen.to_string();
    TcpListener::bind(listen).await.map_err(|source| CliError::Listen { address, source })
}

/// As configured, or made from the host and the port that was bound.
fn public_url(config: &Config, socket: &TcpListener) -> Result<String, CliError> {
    if let Some(url) = &config.public_url {
        return Ok(url.clone());
    }
    let address = config.listen.to_string();
    let bound = socket.local_addr().map_err(|source| CliError::Listen { address, source })?;
    let host = match config.host.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => config.host.clone(),
    };
    Ok(format!("https://{host}:{}", bound.port()))
}

struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new(signals: impl Fn(SignalKind) -> Result<Signal, CliError>) -> Result<Self, CliError> {
        Ok(Self {
            terminate: signals(SignalKind::terminate())?,
            interrupt: signals(SignalKind::interrupt())?,
        })
    }

    /// Turns true when it is time; every listener holds a copy.
    fn announced(self) -> watch::Receiver<bool> {
        let (announce, stop) = watch::channel(false);
        tokio::spawn(async move {
            self.requested().await;
            announce.send_replace(true);
        });
        stop
    }

    async fn requested(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that has gone would be the end, too.
    drop(stop.wait_for(|stop| *stop).await);
}

/// Validates before it publishes: a reload that fails leaves everything as it was.
async fn reload_on(mut hangup: Signal, home: Home, koshin: Arc<Koshin>, tls: TlsSides) {
    while hangup.recv().await.is_some() {
        match load(&home, koshin.config()) {
            Ok((authority, fresh)) => {
                koshin.replace_authority(authority);
                tls.replace(fresh);
                tracing::info!("certificates reloaded");
            }
            Err(error) => tracing::error!(%error, "certificates were not reloaded; the old ones stay"),
        }
    }
}

fn load(home: &Home, config: &Config) -> Result<(Authority, TlsSides), CliError> {
    let authority = Authority::load(home)?;
    let tls = TlsSides::load(home, &authority, config)?;
    Ok((authority, tls))
}

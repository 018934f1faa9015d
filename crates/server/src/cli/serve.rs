//! `koshin-server serve`

use super::{CliError, Place};
use crate::{
    api,
    authority::Authority,
    clock,
    config::Config,
    home::Home,
    jobs,
    listener::{self, Listener},
    setup,
    store::Store,
    use_cases::{Koshin, UseCaseError},
};
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use std::{io, sync::Arc};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

pub(super) async fn run(place: &Place) -> Result<(), CliError> {
    start_log();
    let config = place.config()?;
    let authority = Authority::load(&place.home)?;
    setup::renew_server_certificate(&place.home, &authority, &config.host, config.demo, clock::now())?;
    let tls = Arc::new(ArcSwap::from_pointee(listener::server_config(&place.home, &authority)?));
    let store = Store::open(&config.database)?;
    check_services(&config, &store).await?;
    let socket = bind(&config).await?;
    let public_url = public_url(&config, &socket)?;
    let limits = config.limits;
    let koshin = Arc::new(Koshin::new(store, authority, config, public_url.clone()));
    let listener = Listener { tls: Arc::clone(&tls), router: api::router(Arc::clone(&koshin)), limits };
    let signals = |kind| signal(kind).map_err(|error| CliError::Defect(format!("no signals: {error}")));

    let (reload, stop) = (signals(SignalKind::hangup())?, Stop::new(signals)?);
    let reloader = tokio::spawn(reload_on(reload, place.home.clone(), Arc::clone(&koshin), tls));
    let jobs = tokio::spawn(jobs::run(koshin, place.home.clone(), Arc::clone(&listener.tls)));
    say!("koshin-server: listening on {public_url}");
    listener.serve(socket, stop.requested()).await;
    reloader.abort();
    jobs.abort();
    say!("koshin-server: stopped");
    Ok(())
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

async fn bind(config: &Config) -> Result<TcpListener, CliError> {
    let address = config.listen.to_string();
    TcpListener::bind(config.listen).await.map_err(|source| CliError::Listen { address, source })
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

    async fn requested(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Validates before it publishes: a reload that fails leaves everything as it was.
async fn reload_on(mut hangup: Signal, home: Home, koshin: Arc<Koshin>, tls: Arc<ArcSwap<ServerConfig>>) {
    while hangup.recv().await.is_some() {
        match load(&home) {
            Ok((authority, config)) => {
                koshin.replace_authority(authority);
                tls.store(Arc::new(config));
                tracing::info!("certificates reloaded");
            }
            Err(error) => tracing::error!(%error, "certificates were not reloaded; the old ones stay"),
        }
    }
}

fn load(home: &Home) -> Result<(Authority, ServerConfig), CliError> {
    let authority = Authority::load(home)?;
    let config = listener::server_config(home, &authority)?;
    Ok((authority, config))
}

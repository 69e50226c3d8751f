//! `pinfold serve`: from the configuration to the last connection.

use std::sync::Arc;
use std::time::Duration;

use gateway::Gateway;
use hyper_util::service::TowerToHyperService;
use listener::Listener;
use metrics_exporter_prometheus::PrometheusHandle;
use runtime_core::{Agent, Core, SandboxBackend};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store_sqlite::SqliteStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Settings};
use crate::data_dir::{API_ADDRESS, DataDir, OPERATOR_ADDRESS};
use crate::error::Error;
use crate::http::layers;
use crate::http::router;
use crate::operator::{self, Operator};
use crate::shutdown::Signals;
use crate::{listeners, metrics, telemetry, wiring};

/// What a call may take beside its hold (contract §1.11).
const CALL: Duration = Duration::from_secs(10);
/// For the core and the store each to finish what is under way.
const FINISH: Duration = Duration::from_secs(10);
/// For the operator's last request.
const OPERATOR_DRAIN: Duration = Duration::from_secs(1);
/// How often it is looked whether the certificate changed.
const LOOK_AT_CERTIFICATE: Duration = Duration::from_secs(2);
/// How often figures that nobody asks for are folded together.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves sandboxes that are processes of this machine, until SIGTERM or SIGINT. They outlive the server.
///
/// # Errors
/// [`Error`] when it cannot start, or a part of it broke.
pub async fn serve(settings: Settings) -> Result<(), Error> {
    run(settings, World::ThisMachine).await
}

/// As [`serve`], with a backend and agents of the embedder's own.
///
/// # Errors
/// As [`serve`].
pub async fn serve_over(
    settings: Settings,
    backend: Arc<dyn SandboxBackend>,
    agent: Arc<dyn Agent>,
) -> Result<(), Error> {
    run(settings, World::Given { backend, agent }).await
}

/// Where sandboxes run, and how what is inside them is asked.
enum World {
    /// As processes of this machine, with agents that speak HTTP.
    ThisMachine,
    /// Wherever an embedder wants.
    Given {
        backend: Arc<dyn SandboxBackend>,
        agent: Arc<dyn Agent>,
    },
}

async fn run(settings: Settings, world: World) -> Result<(), Error> {
    let config = &settings.config;
    telemetry::install(config.log.format, &config.log.level).or(Err(Error::LogLevel))?;
    for warning in &settings.warnings {
        tracing::warn!(%warning, "the configuration can be used, and is odd");
    }
    let mut signals = Signals::listen().map_err(Error::Begin)?;
    let figures = metrics::install().map_err(Error::Metrics)?;
    raise_open_files();

    let data = DataDir::open(&settings.data_dir).map_err(|source| Error::DataDir {
        path: settings.data_dir.clone(),
        source,
    })?;
    let store = wiring::store(&settings, &data).await?;
    // The directory is ours from here on: what a killed server left is wrong.
    data.forget_addresses();
    let server = match Server::start(&settings, world, data, Arc::clone(&store), figures).await {
        Ok(server) => server,
        Err(error) => {
            store.close().await;
            return Err(error);
        }
    };
    let broken = server.core.failed();
    let ended = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "stopping; sandboxes go on");
            Ok(())
        }
        () = broken.cancelled() => Err(Error::Broken),
    };
    tokio::select! {
        () = server.drain() => {}
        signal = signals.next() => tracing::warn!(signal, "stopping at once"),
    }
    server.finish(&store).await;
    ended
}

/// A server that listens.
struct Server {
    data: DataDir,
    core: Arc<Core>,
    gateway: Gateway,
    tasks: TaskTracker,
    stop: CancellationToken,
    stop_operator: CancellationToken,
    drain: Duration,
}

impl Server {
    async fn start(
        settings: &Settings,
        world: World,
        data: DataDir,
        store: Arc<SqliteStore>,
        figures: PrometheusHandle,
    ) -> Result<Self, Error> {
        let config = &settings.config;
        let keys = wiring::keys(&settings.api_keys, &data)?;
        // Bound before anything acts: a taken port must not cost a sandbox.
        let tls = listeners::tls(config).await?;
        let api_listener = listeners::api(config, tls.as_ref())?;
        let operator_listener = listeners::operator(config)?;
        let (backend, agent) = match world {
            World::ThisMachine => (
                wiring::backend(settings, &data, &store).await?,
                wiring::agent(),
            ),
            World::Given { backend, agent } => (backend, agent),
        };
        let gateway = wiring::gateway(config);
        let core = Arc::new(wiring::core(config, &store, &backend, agent, &gateway).await?);
        gateway.serve(core.routes());

        let server = Self {
            core: Arc::clone(&core),
            gateway,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            stop_operator: CancellationToken::new(),
            drain: config.drain,
            data,
        };
        if let Some(tls) = tls {
            server
                .tasks
                .spawn(tls.keep_current(LOOK_AT_CERTIFICATE, server.stop.clone()));
        }
        let api = wiring::api(config, keys, core.lifecycle().clone(), backend);
        server.serve_api(api_listener, api, config)?;
        server.serve_operator(operator_listener, core, figures)?;
        Ok(server)
    }

    fn serve_api(
        &self,
        listener: Listener,
        api: crate::handlers::Api,
        config: &Config,
    ) -> Result<(), Error> {
        self.note(&listener, API_ADDRESS)?;
        let service = layers::around(router::service(Arc::new(api)), CALL + config.hold);
        self.tasks.spawn(listener.serve(
            TowerToHyperService::new(service),
            self.stop.clone(),
            self.drain,
        ));
        Ok(())
    }

    fn serve_operator(
        &self,
        listener: Listener,
        core: Arc<Core>,
        metrics: PrometheusHandle,
    ) -> Result<(), Error> {
        self.note(&listener, OPERATOR_ADDRESS)?;
        let upkeep = metrics.clone();
        let stop = self.stop_operator.clone();
        self.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(UPKEEP);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                upkeep.run_upkeep();
            }
        });
        let service = operator::service(Arc::new(Operator { core, metrics }));
        self.tasks.spawn(listener.serve(
            TowerToHyperService::new(service),
            self.stop_operator.clone(),
            OPERATOR_DRAIN,
        ));
        Ok(())
    }

    /// Tells people and programs where a listener listens.
    fn note(&self, listener: &Listener, name: &str) -> Result<(), Error> {
        let address = listener.address();
        let tls = listener.is_encrypted();
        tracing::info!(listener = listener.name(), %address, tls, "listening");
        self.data
            .write_address(name, address)
            .map_err(|source| Error::DataDir {
                path: self.data.join(name),
                source,
            })
    }

    /// Takes no new requests, and lets those in flight finish within the drain time. Figures are served meanwhile.
    async fn drain(&self) {
        self.stop.cancel();
        self.data.forget_addresses();
        self.gateway.shutdown(self.drain).await;
        self.stop_operator.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends the core, then the store, so that nothing is written into a closed one.
    async fn finish(self, store: &SqliteStore) {
        for (part, ended) in [
            (
                "core",
                tokio::time::timeout(FINISH, self.core.shutdown()).await,
            ),
            ("store", tokio::time::timeout(FINISH, store.close()).await),
        ] {
            if ended.is_err() {
                tracing::warn!(part, "not finished in time");
            }
        }
    }
}

/// Every connection through the gateway takes two open files. Where the limit cannot be raised, the old one holds.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

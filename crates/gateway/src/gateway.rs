//! The gateway as a whole: what its parts share, its beginning and its end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use runtime_core::{Addresses, Routes};
use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::PortDoors;
use crate::config::GatewaySettings;
use crate::connection;
use crate::metrics::Metrics;
use crate::upstream::Upstreams;

/// How often idle connections to sandboxes are looked through.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How long the last tasks may take to end after they were told to.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// What the parts of the gateway share.
pub(crate) struct Shared {
    /// As given by the operator.
    pub(crate) settings: GatewaySettings,
    /// How client connections are served.
    pub(crate) http: http1::Builder,
    /// Connections to sandboxes.
    pub(crate) upstreams: Upstreams,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Where tasks run that are begun outside of one.
    pub(crate) runtime: Handle,
    /// Owns the listeners' tasks.
    pub(crate) doors: TaskTracker,
    /// Owns the client connections' tasks.
    pub(crate) connections: TaskTracker,
    /// Owns the tunnels' tasks.
    pub(crate) tunnels: TaskTracker,
    /// Cancelled when no new work is taken any more.
    pub(crate) stop: CancellationToken,
    /// Cancelled when tunnels must end.
    pub(crate) tunnels_end: CancellationToken,
    /// Cancelled when what is still under way is cut.
    pub(crate) cut: CancellationToken,
    routes: SetOnce<Arc<dyn Routes>>,
}

impl Shared {
    /// The routes; none before they are known, and none any more when the gateway stops.
    pub(crate) fn routes(&self) -> Option<&dyn Routes> {
        if self.stop.is_cancelled() {
            return None;
        }
        self.routes.get().map(|routes| &**routes)
    }

    /// The routes, for a task that outlives the request.
    pub(crate) fn shared_routes(&self) -> Option<Arc<dyn Routes>> {
        self.routes.get().cloned()
    }

    /// Waits until the routes are known.
    pub(crate) async fn routes_known(&self) {
        self.routes.wait().await;
    }
}

/// The reverse proxy to sandboxes, in port mode. Dropping it cuts everything; [`shutdown`](Self::shutdown) is polite.
pub struct Gateway {
    shared: Arc<Shared>,
    addresses: Arc<dyn Addresses>,
}

impl Gateway {
    /// A gateway that serves nobody yet. The metrics recorder should be installed before.
    ///
    /// # Panics
    /// Outside of a tokio runtime: its tasks run in the runtime that it is made in.
    pub fn new(settings: GatewaySettings) -> Self {
        let shared = Arc::new(Shared {
            http: connection::builder(settings.header_read),
            upstreams: Upstreams::new(settings.connections_per_sandbox, settings.upstream_idle),
            settings,
            metrics: Metrics::new(),
            runtime: Handle::current(),
            doors: TaskTracker::new(),
            connections: TaskTracker::new(),
            tunnels: TaskTracker::new(),
            stop: CancellationToken::new(),
            tunnels_end: CancellationToken::new(),
            cut: CancellationToken::new(),
            routes: SetOnce::new(),
        });
        let addresses = Arc::new(PortDoors::new(Arc::clone(&shared)));
        Self { shared, addresses }
    }

    /// Gives sandboxes their addresses. Usable at once: connections that come before [`serve`](Self::serve) wait.
    pub fn addresses(&self) -> Arc<dyn Addresses> {
        Arc::clone(&self.addresses)
    }

    /// Begins to answer, by these routes. A second call changes nothing.
    pub fn serve(&self, routes: Arc<dyn Routes>) {
        if self.shared.routes.set(routes).is_err() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.shared.doors.spawn_on(
            async move {
                let mut ticks = interval(SWEEP_EVERY);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    tokio::select! {
                        _ = ticks.tick() => shared.upstreams.sweep(),
                        () = shared.stop.cancelled() => return,
                    }
                }
            },
            &self.shared.runtime,
        );
    }

    /// Takes no new connections, lets requests that are under way finish within `drain`, then ends the tunnels, and cuts
    /// what is left. Returns when everything has ended.
    ///
    /// # Cancel safety
    /// A shutdown that was dropped can be called again.
    pub async fn shutdown(&self, drain: Duration) {
        let shared = &self.shared;
        shared.stop.cancel();
        for tasks in [&shared.doors, &shared.connections, &shared.tunnels] {
            tasks.close();
        }
        let drained = timeout(drain, shared.connections.wait()).await.is_ok();
        shared.tunnels_end.cancel();
        shared.cut.cancel();
        let last = async {
            shared.connections.wait().await;
            shared.tunnels.wait().await;
            shared.doors.wait().await;
        };
        let ended = timeout(LAST_TASKS, last).await.is_ok();
        if !drained || !ended {
            tracing::warn!(drained, ended, "requests were cut when the gateway stopped");
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.shared.tunnels_end.cancel();
        self.shared.cut.cancel();
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

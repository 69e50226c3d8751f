//! Waiting for a route that a request can take. What one request waits in all is bounded; what waits for one sandbox is
//! bounded by its connections.

use std::net::SocketAddr;
use std::time::Duration;

use runtime_core::sandbox::Service;
use runtime_core::{Route, Routes, Standing, Why};
use tokio::time::{Instant, timeout_at};

use crate::decide::{Decision, decide};
use crate::reply::Refusal;
use crate::target::{Kind, Target};
use crate::time::now;

/// The search for a way to `target`, with what is left of the time that it may take.
pub(crate) struct Search<'a> {
    routes: &'a dyn Routes,
    target: &'a Target,
    kind: Kind,
    hold: Duration,
    /// Set when it waits for the first time.
    until: Option<Instant>,
}

impl<'a> Search<'a> {
    /// A search that may wait for `hold` in all.
    pub(crate) fn new(
        routes: &'a dyn Routes,
        target: &'a Target,
        kind: Kind,
        hold: Duration,
    ) -> Self {
        Self {
            routes,
            target,
            kind,
            hold,
            until: None,
        }
    }

    /// The route as it is, looked up in the store if it is not known here.
    pub(crate) async fn find(&mut self) -> Result<Route, Refusal> {
        match self.routes.lookup(&self.target.label, self.target.service) {
            Some(route) => Ok(route),
            None => self.resolve(Why::Missing, Refusal::NotFoundOut).await,
        }
    }

    /// Where the request goes, after a wait if the sandbox is on its way back; `route` is then the newer one.
    pub(crate) async fn address(&mut self, route: &mut Route) -> Result<SocketAddr, Refusal> {
        if decide(route.standing, self.kind) == Decision::Hold {
            *route = self.resolve(Why::Dead(route.boot), Refusal::Late).await?;
        }
        match decide(route.standing, self.kind) {
            Decision::Forward(address) => Ok(address),
            // It waited, and the routes say that there is nothing more to wait for.
            Decision::Hold => Err(Refusal::Late),
            Decision::Refuse(refusal) => Err(refusal),
        }
    }

    /// Whether a successor of this boot is worth waiting for when it does not answer. Only the agent's silence means that
    /// the boot is dead: behind the other services often nobody listens.
    pub(crate) fn may_heal(&self, route: &Route) -> bool {
        matches!(route.standing, Standing::Running(_))
            && self.kind == Kind::Ordinary
            && self.target.service == Service::Agent
    }

    /// What a client hears when this boot does not answer and nothing is waited for.
    pub(crate) fn unanswered(route: &Route) -> Refusal {
        match route.standing {
            Standing::Starting { .. } => Refusal::Starting,
            Standing::Running(_) | Standing::Paused | Standing::Failed | Standing::Stopped => {
                Refusal::Unreachable
            }
        }
    }

    /// Where the request goes after the boot of `route` did not answer it.
    pub(crate) async fn successor(&mut self, route: &mut Route) -> Result<SocketAddr, Refusal> {
        *route = self
            .resolve(Why::Dead(route.boot), Refusal::Unreachable)
            .await?;
        self.address(route).await
    }

    async fn resolve(&mut self, why: Why, too_late: Refusal) -> Result<Route, Refusal> {
        let until = *self.until.get_or_insert_with(|| now() + self.hold);
        let resolved = self
            .routes
            .resolve(&self.target.label, self.target.service, why);
        match timeout_at(until, resolved).await {
            Ok(Ok(Some(route))) => Ok(route),
            Ok(Ok(None)) => Err(Refusal::Unknown),
            Ok(Err(_store)) => Err(Refusal::NotFoundOut),
            Err(_elapsed) => Err(too_late),
        }
    }
}

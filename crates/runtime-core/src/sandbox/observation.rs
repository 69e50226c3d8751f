//! What was seen of a sandbox, as `step` gets it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use super::spec::Service;
use crate::ids::Boot;

/// Where the services of one boot listen, as the gateway reaches them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Endpoints(BTreeMap<Service, SocketAddr>);

impl Endpoints {
    /// The address of a service.
    pub fn get(&self, service: Service) -> Option<SocketAddr> {
        self.0.get(&service).copied()
    }
}

impl FromIterator<(Service, SocketAddr)> for Endpoints {
    fn from_iter<I: IntoIterator<Item = (Service, SocketAddr)>>(addresses: I) -> Self {
        Self(addresses.into_iter().collect())
    }
}

/// One incarnation of the compute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootState {
    /// On its way: pulling, waiting for room, mounting.
    Booting {
        /// What it waits for, in words for the owner.
        detail: String,
    },
    /// It runs and has addresses; whether it answers is the agent's word.
    Up {
        /// Where its services listen.
        endpoints: Endpoints,
    },
    /// Stopped with its memory kept.
    Frozen,
    /// Being removed: still there, still holds the disk.
    Leaving {
        /// Why.
        reason: Reason,
    },
    /// It ended.
    Exited {
        /// Why.
        reason: Reason,
        /// Exit code, where the program ended by itself; 128 + signal where a signal ended it.
        code: Option<i32>,
        /// The last lines that it wrote.
        log_tail: String,
    },
}

/// The disk of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiskState {
    /// The backend does not tell.
    #[default]
    Unknown,
    /// There is none.
    Absent,
    /// It is there.
    Present,
}

/// What the agent said when it was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AgentState {
    /// It was not asked.
    #[default]
    Unknown,
    /// It does not answer, or not as it should.
    Silent,
    /// It waits for its initialisation (contract §9.4).
    Dormant,
    /// It serves.
    Ready {
        /// For how long it has had nothing to do, where it tells.
        idle: Option<Duration>,
    },
}

/// All that is known of a sandbox's compute and disk now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observation {
    /// Every boot that exists in any form.
    pub boots: BTreeMap<Boot, BootState>,
    /// The disk.
    pub disk: DiskState,
    /// The agent of the newest boot.
    pub agent: AgentState,
    /// Why clients cannot reach the sandbox at its addresses although its boot may be up, where that is known.
    pub obstacle: Option<String>,
    /// Whether this can be relied on: false while the watch is being set up or the backend cannot be reached.
    pub fresh: bool,
}

//! What is stored of a sandbox: four parts that change and weigh differently, and annotations for the API layer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Actor;
use super::observation::Endpoints;
use super::phase::{Desired, Phase};
use super::reason::Reason;
use super::sealed::Sealed;
use super::spec::{ImageRef, Service, Spec};
use crate::clock::Timestamp;
use crate::ids::{BackendName, Boot, Generation, SandboxId, SessionId, TenantId, Version};
use crate::secret::SessionKey;

/// Notes of the API layer (the command as sent, the dialect): the core keeps them and does not read them.
pub type Annotations = serde_json::Map<String, serde_json::Value>;

/// The name of a sandbox in host names and paths; unique in an installation. It is the sandbox's id unless told
/// otherwise (contract §7.1).
pub type Label = SandboxId;

/// The gateway's ports of a sandbox, where it is reached by port; empty elsewhere.
pub type GatewayPorts = BTreeMap<Service, u16>;

/// What the last accepted command wants, and who wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What is wanted.
    pub desired: Desired,
    /// Number of this intent.
    pub generation: Generation,
    /// Who wants it.
    pub by: Actor,
    /// Since when.
    pub at: Timestamp,
}

/// A boot that was lost and replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// The lost one.
    pub boot: Boot,
    /// When it was noticed.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// How a boot ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The one that ended.
    pub boot: Boot,
    /// When it was noticed.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Exit code, or 128 + signal.
    pub code: Option<i32>,
    /// The last lines that it wrote.
    pub log_tail: String,
}

/// Why a sandbox cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The intent that could not be met; a newer one may try again.
    pub generation: Generation,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// The part that each step rewrites: small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What is wanted.
    pub intent: Intent,
    /// Where it is.
    pub phase: Phase,
    /// Since when it is there.
    pub phase_since: Timestamp,
    /// The boot that is wanted or was last.
    pub boot: Boot,
    /// Since when that boot is wanted; deadlines count from here.
    pub boot_since: Timestamp,
    /// The first boot of this intent: `boot - intent_boot` is the restart count.
    pub intent_boot: Boot,
    /// The boot that was initialised, where that is needed.
    #[serde(default)]
    pub bound_boot: Option<Boot>,
    /// The newest boot that was ready.
    #[serde(default)]
    pub ready_boot: Option<Boot>,
    /// When the current boot was first seen up.
    #[serde(default)]
    pub up_since: Option<Timestamp>,
    /// Where the current boot listens, while it is up.
    #[serde(default)]
    pub endpoints: Option<Endpoints>,
    /// The gateway's ports, for the sandbox's life.
    #[serde(default)]
    pub ports: GatewayPorts,
    /// What it waits for or what is odd, in words for its owner.
    #[serde(default)]
    pub detail: Option<String>,
    /// When the detail was last written for progress alone.
    #[serde(default)]
    pub detail_at: Option<Timestamp>,
    /// Boots lost since the intent, newest last; the oldest are forgotten.
    #[serde(default)]
    pub restarts: Vec<Restart>,
    /// Not launched again before this time.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// Since when the backend refuses to launch it.
    #[serde(default)]
    pub refused_since: Option<Timestamp>,
    /// How the last boot ended that did not end by our wish.
    #[serde(default)]
    pub last_exit: Option<Exit>,
    /// Why it failed.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Whether its disk was ever seen: from then on it must exist.
    #[serde(default)]
    pub disk_seen: bool,
    /// Whether it was ever running: from then on it is on its way *back*.
    #[serde(default)]
    pub ran: bool,
}

impl State {
    /// The state of a sandbox that was just asked for.
    pub fn new(by: Actor, ports: GatewayPorts, now: Timestamp) -> Self {
        Self {
            intent: Intent {
                desired: Desired::Running,
                generation: Generation::FIRST,
                by,
                at: now,
            },
            phase: Phase::Starting,
            phase_since: now,
            boot: Boot::FIRST,
            boot_since: now,
            intent_boot: Boot::FIRST,
            bound_boot: None,
            ready_boot: None,
            up_since: None,
            endpoints: None,
            ports,
            detail: None,
            detail_at: None,
            restarts: Vec::new(),
            not_before: None,
            refused_since: None,
            last_exit: None,
            failure: None,
            disk_seen: false,
            ran: false,
        }
    }

    /// Whether it failed and nobody has wanted anything since.
    pub fn failed_for_good(&self) -> bool {
        self.phase == Phase::Failed
            && self
                .failure
                .as_ref()
                .is_none_or(|failure| failure.generation >= self.intent.generation)
    }

    /// Live: wanted running and not failed. This is what `/list` shows and the limit counts.
    pub fn is_live(&self) -> bool {
        self.intent.desired == Desired::Running && !self.failed_for_good()
    }

    /// Open: it holds its session's place until it is stopped.
    pub fn is_open(&self) -> bool {
        self.intent.desired != Desired::Stopped
    }

    /// Boots of this intent up to the current one, since the last that was ready.
    pub fn boots_never_ready(&self) -> u32 {
        let before = self
            .ready_boot
            .map_or(0, |boot| boot.0)
            .max(self.intent_boot.0.saturating_sub(1));
        self.boot.0.saturating_sub(before)
    }

    /// Boots since the last intent, less one.
    pub fn restart_count(&self) -> u32 {
        self.boot.0.saturating_sub(self.intent_boot.0)
    }
}

/// One sandbox as it is stored.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its name; never changes.
    pub id: SandboxId,
    /// Its name for clients; unique.
    pub label: Label,
    /// Who owns it.
    pub tenant: TenantId,
    /// The client's name for the piece of work.
    pub session: SessionId,
    /// Where it runs.
    pub backend: BackendName,
    /// How often it was written. [`StateStore::update`](crate::StateStore::update) compares it.
    pub version: Version,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// Rewritten by each step.
    pub state: State,
    /// Written once.
    pub spec: Arc<Spec>,
    /// Written once, not readable.
    pub sealed: Arc<Sealed>,
    /// Written once, for the API layer.
    pub annotations: Arc<Annotations>,
}

impl Record {
    /// The part that clients may see.
    pub fn summary(&self) -> Summary {
        Summary {
            id: self.id.clone(),
            label: self.label.clone(),
            tenant: self.tenant.clone(),
            session: self.session.clone(),
            backend: self.backend.clone(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            state: self.state.clone(),
            image: self.spec.image.clone(),
            session_key: self.sealed.session_key.clone(),
            annotations: Arc::clone(&self.annotations),
        }
    }
}

/// What a client may see of a sandbox, and what routes are made from. Reads answer from it alone.
#[derive(Debug, Clone)]
pub struct Summary {
    /// See [`Record::id`].
    pub id: SandboxId,
    /// See [`Record::label`].
    pub label: Label,
    /// See [`Record::tenant`].
    pub tenant: TenantId,
    /// See [`Record::session`].
    pub session: SessionId,
    /// See [`Record::backend`].
    pub backend: BackendName,
    /// See [`Record::version`].
    pub version: Version,
    /// See [`Record::created_at`].
    pub created_at: Timestamp,
    /// See [`Record::updated_at`].
    pub updated_at: Timestamp,
    /// See [`Record::state`].
    pub state: State,
    /// The image.
    pub image: ImageRef,
    /// The key that the owner needs to reach the agent.
    pub session_key: SessionKey,
    /// See [`Record::annotations`].
    pub annotations: Arc<Annotations>,
}

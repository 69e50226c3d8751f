//! One sandbox: what was asked for, what is stored, what was seen, and the two pure functions that move it.

mod accept;
#[cfg(test)]
pub(crate) mod builders;
mod environment;
mod event;
mod observation;
mod phase;
mod reason;
mod record;
mod sealed;
mod spec;
mod step;

pub use accept::{Accepted, Command, Refusal, Verb, accept};
pub use environment::{Identity, ServicePorts, plain};
pub use event::{Actor, Event, EventKind};
pub use observation::{AgentState, BootState, DiskState, Endpoints, Observation};
pub use phase::{Desired, Phase};
pub use reason::{Reason, ReasonCode};
pub use record::{
    Annotations, Exit, Failure, GatewayPorts, Intent, Label, Record, Restart, State, Summary,
};
pub use sealed::{Sealed, SealedError};
pub use spec::{DiskSpec, Entrypoint, ImageRef, PullPolicy, ResourceFactor, Service, Spec, User};
pub use step::{Decision, Effect, Outcome, OutcomeKind, PauseMode, Policy, step};

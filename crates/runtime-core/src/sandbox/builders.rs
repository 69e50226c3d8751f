//! Short ways to a record, for this crate's tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::Actor;
use super::record::{Annotations, Record, State};
use super::sealed::Sealed;
use super::spec::{DiskSpec, Entrypoint, ResourceFactor, Spec, User};
use crate::clock::Timestamp;
use crate::ids::{TenantId, Version};

/// A spec that asks for `tiny`.
pub(crate) fn spec() -> Spec {
    Spec {
        image: "tiny".parse().unwrap(),
        entrypoint: Entrypoint::Image { args: Vec::new() },
        working_dir: None,
        environment: Vec::new(),
        resources: ResourceFactor::ONE,
        runtime_class: None,
        user: User::default(),
        pull_policy: None,
        disk: DiskSpec::Empty,
    }
}

/// A sandbox `abc` that was asked for at time 0.
pub(crate) fn record() -> Record {
    let now = Timestamp::from_millis(0);
    Record {
        id: "abc".parse().unwrap(),
        label: "abc".parse().unwrap(),
        tenant: TenantId::default_tenant(),
        session: "session".parse().unwrap(),
        backend: "local".parse().unwrap(),
        version: Version::FIRST,
        created_at: now,
        updated_at: now,
        state: State::new(Actor::Client, BTreeMap::new(), now),
        spec: Arc::new(spec()),
        sealed: Arc::new(Sealed {
            environment: BTreeMap::new(),
            session_key: "session-key".to_owned().into(),
            secret_key: "secret-key".to_owned().into(),
        }),
        annotations: Arc::new(Annotations::new()),
    }
}

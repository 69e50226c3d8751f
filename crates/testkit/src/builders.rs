//! Short ways to a record.

use std::collections::BTreeMap;
use std::sync::Arc;

use runtime_core::sandbox::{
    Actor, Annotations, Desired, DiskSpec, Entrypoint, Event, EventKind, Failure, Phase, Reason,
    ReasonCode, Record, ResourceFactor, Sealed, Spec, State, User,
};
use runtime_core::{SandboxId, SessionId, TenantId, Timestamp, Version};

/// Part of every value of [`sealed`]: whoever finds this word where it should not be has found a leak.
pub const HIDDEN: &str = "very-hidden";

/// Milliseconds since 1970.
pub const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A timeline entry of a client.
pub fn event(kind: EventKind, message: &str) -> Event {
    Event {
        at: at(5),
        kind,
        by: Actor::Client,
        message: message.to_owned(),
    }
}

/// Asks for an image with nothing special.
///
/// # Panics
/// When `image` is not an image's name.
pub fn spec(image: &str) -> Spec {
    Spec {
        image: image.parse().unwrap(),
        entrypoint: Entrypoint::Image { args: Vec::new() },
        working_dir: Some("/workspace".to_owned()),
        environment: vec!["TOKEN".to_owned()],
        resources: ResourceFactor::ONE,
        runtime_class: None,
        user: User::default(),
        pull_policy: None,
        disk: DiskSpec::Empty,
    }
}

/// Keys and one environment value, `TOKEN`, each with [`HIDDEN`] in it.
pub fn sealed() -> Sealed {
    Sealed {
        environment: BTreeMap::from([("TOKEN".to_owned(), format!("{HIDDEN}-value").into())]),
        session_key: format!("{HIDDEN}-session-key").into(),
        secret_key: format!("{HIDDEN}-secret-key").into(),
    }
}

/// A sandbox of the default tenant that was just asked for, at time 1.
///
/// # Panics
/// When the names are not valid.
pub fn record(id: &str, session: &str) -> Record {
    let id: SandboxId = id.parse().unwrap();
    let session: SessionId = session.parse().unwrap();
    Record {
        label: id.clone(),
        id,
        tenant: TenantId::default_tenant(),
        session,
        backend: "local".parse().unwrap(),
        version: Version::FIRST,
        created_at: at(1),
        updated_at: at(1),
        state: State::new(Actor::Client, BTreeMap::new(), at(1)),
        spec: Arc::new(spec("tiny")),
        sealed: Arc::new(sealed()),
        annotations: Arc::new(Annotations::from_iter([(
            "command".to_owned(),
            serde_json::json!("tiny --port 60000"),
        )])),
    }
}

/// The record with another intent and phase, written a millisecond later.
#[must_use]
pub fn moved(record: &Record, desired: Desired, phase: Phase) -> Record {
    let mut next = record.clone();
    next.state.intent.desired = desired;
    next.state.phase = phase;
    next.updated_at = at(record.updated_at.as_millis() + 1);
    next
}

/// The record after it failed for good.
#[must_use]
pub fn failed(record: &Record) -> Record {
    let mut next = moved(record, Desired::Running, Phase::Failed);
    next.state.failure = Some(Failure {
        generation: next.state.intent.generation,
        at: next.updated_at,
        reason: Reason::new(ReasonCode::NotReady, "never answered"),
    });
    next
}

/// All of a record as text, its secrets included, to compare and to show.
///
/// # Panics
/// When JSON cannot carry it.
pub fn whole(record: &Record) -> String {
    let sealed = record.sealed.to_document().unwrap();
    format!(
        "{record:?}\nspec: {}\nsealed: {}\nannotations: {}",
        serde_json::to_string(&record.spec).unwrap(),
        String::from_utf8(sealed).unwrap(),
        serde_json::to_string(&record.annotations).unwrap(),
    )
}

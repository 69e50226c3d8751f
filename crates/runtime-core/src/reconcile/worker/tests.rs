//! Single looks against mocks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::Reconciler;
use crate::backend::{BackendError, BackendEvent, ErrorClass, Seen, Sighting};
use crate::ids::{BackendName, Boot, Version};
use crate::sandbox::builders::record;
use crate::sandbox::{
    AgentState, BootState, Desired, DiskState, Effect, Endpoints, Outcome, OutcomeKind, Phase,
    Record, Service,
};
use crate::store::{StoreError, Updated};
use crate::testing::Mocks;

fn local() -> BackendName {
    "local".parse().unwrap()
}

fn up() -> BootState {
    let address = "127.0.0.1:10000".parse().unwrap();
    BootState::Up {
        endpoints: Endpoints::from_iter([(Service::Agent, address)]),
    }
}

/// The watch has told of exactly these.
fn observe(reconciler: &Reconciler, seen: Vec<Seen>) {
    reconciler
        .observations
        .apply(&local(), BackendEvent::ResyncBegins);
    for seen in seen {
        let sighting = Sighting {
            id: record().id,
            installation: None,
            created_at: None,
            seen,
        };
        reconciler
            .observations
            .apply(&local(), BackendEvent::Exists(sighting));
    }
    reconciler
        .observations
        .apply(&local(), BackendEvent::ResyncEnds);
}

/// A store that has `stored` and keeps every update.
fn store(mocks: &mut Mocks, stored: Record) {
    let kept = Arc::new(Mutex::new(stored));
    let read = Arc::clone(&kept);
    mocks
        .store
        .expect_get()
        .returning(move |_| Ok(Some(read.lock().unwrap().clone())));
    mocks.store.expect_update().returning(move |next, _, _| {
        let mut kept = kept.lock().unwrap();
        assert_eq!(kept.version, next.version, "a look writes what it has read");
        *kept = next.clone();
        kept.version = next.version.next();
        Ok(Updated::Yes(kept.version))
    });
}

async fn look(reconciler: &Arc<Reconciler>) -> Result<(), StoreError> {
    reconciler.look(&record().id).await
}

fn phase(reconciler: &Reconciler) -> Phase {
    reconciler
        .records
        .views
        .get(&record().id)
        .unwrap()
        .summary
        .state
        .phase
}

#[tokio::test]
async fn a_look_at_a_new_record_launches_its_boot_and_remembers_how_it_went() {
    let mut mocks = Mocks::default();
    store(&mut mocks, record());
    mocks.backend.expect_launch().times(1).returning(|launch| {
        assert_eq!((launch.id(), launch.boot), (&record().id, Boot::FIRST));
        assert_eq!(launch.identity.url, "http://127.0.0.1:20000");
        Ok(())
    });
    let (_, reconciler) = mocks.build();
    observe(&reconciler, Vec::new());
    look(&reconciler).await.unwrap();
    let last = reconciler.outcomes.last(&record().id).unwrap();
    assert_eq!(
        (last.effect, last.kind),
        (Effect::Launch(Boot::FIRST), OutcomeKind::Done)
    );
    // The launch was accepted: it is not repeated while its sighting is on its way.
    look(&reconciler).await.unwrap();
}

#[tokio::test]
async fn nothing_is_done_before_the_watch_has_told_what_exists() {
    let mut mocks = Mocks::default();
    store(&mut mocks, record());
    let (_, reconciler) = mocks.build();
    look(&reconciler).await.unwrap();
    assert_eq!(phase(&reconciler), Phase::Starting);
}

#[tokio::test]
async fn a_stale_write_is_followed_by_no_effect() {
    let mut mocks = Mocks::default();
    let mut paused = record();
    paused.state.intent.desired = Desired::Paused;
    mocks
        .store
        .expect_get()
        .returning(move |_| Ok(Some(paused.clone())));
    mocks.store.expect_update().times(1).returning(|_, _, _| {
        let mut newer = record();
        newer.version = Version(2);
        Ok(Updated::Stale(Box::new(newer)))
    });
    let (_, reconciler) = mocks.build();
    observe(&reconciler, vec![Seen::Boot(Boot::FIRST, up())]);
    look(&reconciler).await.unwrap();
    assert!(reconciler.outcomes.last(&record().id).is_none());
    assert_eq!(reconciler.queue.take().await, record().id);
}

#[tokio::test]
async fn an_effect_that_does_not_work_waits_longer_each_time() {
    let mut mocks = Mocks::default();
    store(&mut mocks, record());
    mocks.backend.expect_launch().returning(|_| {
        Err(BackendError::new(ErrorClass::Retry, "starting the process")
            .because(std::io::Error::other("no room")))
    });
    let (_, reconciler) = mocks.build();
    observe(&reconciler, Vec::new());
    look(&reconciler).await.unwrap();
    let Outcome { kind, .. } = reconciler.outcomes.last(&record().id).unwrap();
    assert_eq!(
        kind,
        OutcomeKind::Retry("starting the process: no room".to_owned())
    );
    assert_eq!(reconciler.outcomes.failures(&record().id), 1);
    // The clock stands still, so the wait is not over: it is not tried again, but the owner is told.
    look(&reconciler).await.unwrap();
    assert_eq!(reconciler.outcomes.failures(&record().id), 1);
    let view = reconciler.records.views.get(&record().id).unwrap();
    assert_eq!(
        view.summary.state.detail.as_deref(),
        Some("starting the process: no room")
    );
}

#[tokio::test]
async fn it_runs_when_the_agent_answers_where_clients_ask_and_not_before() {
    let mut mocks = Mocks::default();
    let mut stored = record();
    stored.state.up_since = Some(stored.created_at);
    stored.state.endpoints = Some(Endpoints::from_iter([(
        Service::Agent,
        "127.0.0.1:10000".parse().unwrap(),
    )]));
    store(&mut mocks, stored);
    let mut answers = [
        AgentState::Silent,
        AgentState::Silent,
        AgentState::Ready { idle: None },
    ]
    .into_iter();
    mocks.agent.expect_probe().times(3).returning(move |at| {
        assert_eq!(at.as_str(), "http://127.0.0.1:20000");
        answers.next().unwrap()
    });
    let (_, reconciler) = mocks.build();
    observe(
        &reconciler,
        vec![
            Seen::Boot(Boot::FIRST, up()),
            Seen::Disk(DiskState::Present),
        ],
    );
    look(&reconciler).await.unwrap();
    assert_eq!(phase(&reconciler), Phase::Starting);
    let ready = async {
        while phase(&reconciler) != Phase::Running {
            let id = reconciler.queue.take().await;
            reconciler.look(&id).await.unwrap();
            reconciler.queue.done(&id);
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ready)
        .await
        .unwrap();
    let state = reconciler
        .records
        .views
        .get(&record().id)
        .unwrap()
        .summary
        .state
        .clone();
    assert!(state.ran && state.disk_seen);
}

#[tokio::test]
async fn a_store_that_does_not_answer_stops_nothing() {
    let mut mocks = Mocks::default();
    mocks
        .store
        .expect_get()
        .returning(|_| Err(StoreError::Closed));
    let (_, reconciler) = mocks.build();
    observe(&reconciler, Vec::new());
    assert!(look(&reconciler).await.is_err());
    assert!(reconciler.outcomes.last(&record().id).is_none());
}

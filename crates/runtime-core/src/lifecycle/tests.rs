//! The use cases against a mocked store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Lifecycle, StartRequest};
use crate::backend::{BackendError, ErrorClass};
use crate::error::Error;
use crate::ids::{Boot, TenantId, Version};
use crate::sandbox::builders::{record, spec};
use crate::sandbox::{Actor, Annotations, Desired, Failure, Phase, Reason, ReasonCode, Record};
use crate::store::{Admit, Inserted, Updated};
use crate::testing::Mocks;
use crate::views::View;

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

fn request() -> StartRequest {
    StartRequest {
        spec: spec(),
        environment: BTreeMap::new(),
        annotations: Annotations::new(),
        by: Actor::Client,
    }
}

async fn start(lifecycle: &Lifecycle) -> Result<View, Error> {
    lifecycle
        .start(&tenant(), Some("session".parse().unwrap()), request())
        .await
}

fn paused() -> Record {
    let mut record = record();
    record.state.intent.desired = Desired::Paused;
    record.state.phase = Phase::Paused;
    record
}

fn failed() -> Record {
    let mut record = record();
    record.state.phase = Phase::Failed;
    record.state.failure = Some(Failure {
        generation: record.state.intent.generation,
        at: record.created_at,
        reason: Reason::new(ReasonCode::CrashLoopBackOff, "it ended too often"),
    });
    record
}

#[tokio::test]
async fn a_new_session_is_stored_before_the_answer_and_its_sandbox_is_woken() {
    let mut mocks = Mocks::default();
    mocks.stored(&[]);
    mocks
        .store
        .expect_insert()
        .times(1)
        .returning(|_, events, admit, replacing| {
            assert_eq!(
                (events.len(), admit, replacing.is_none()),
                (1, Admit::Always, true)
            );
            Ok(Inserted::Created)
        });
    let (lifecycle, _) = mocks.build();
    let view = start(&lifecycle).await.unwrap();
    assert_eq!(view.summary.session.as_str(), "session");
    assert_eq!(view.summary.state.phase, Phase::Starting);
    assert_eq!(lifecycle.parts.queue.take().await, view.summary.id);
}

#[tokio::test]
async fn the_loser_of_a_race_gets_the_winners_sandbox_and_gives_its_ports_back() {
    let mut mocks = Mocks::default();
    mocks.stored(&[]);
    mocks
        .store
        .expect_insert()
        .times(1)
        .returning(|_, _, _, _| Ok(Inserted::Exists(Box::new(record()))));
    mocks.addresses.expect_release().times(1).return_const(());
    let (lifecycle, _) = mocks.build();
    let view = start(&lifecycle).await.unwrap();
    assert_eq!(view.summary.id, record().id);
}

#[tokio::test]
async fn a_start_over_the_limit_creates_nothing_and_says_what_to_do() {
    let mut mocks = Mocks::default();
    mocks.settings.max_live = Some(3);
    mocks.stored(&[]);
    mocks
        .store
        .expect_insert()
        .times(1)
        .returning(|_, _, admit, _| {
            assert_eq!(admit, Admit::MaxLive(3));
            Ok(Inserted::OverQuota { live: 3 })
        });
    mocks.addresses.expect_release().times(1).return_const(());
    let (lifecycle, _) = mocks.build();
    let error = start(&lifecycle).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "3 sandboxes are live and at most 3 may be: pause or stop one, or raise `limits.max_live`"
    );
}

#[tokio::test]
async fn a_live_session_is_answered_from_the_record_without_a_write() {
    let mut mocks = Mocks::default();
    mocks.stored(&[record()]);
    let (lifecycle, _) = mocks.build();
    assert_eq!(start(&lifecycle).await.unwrap().fragment.as_str(), "abc@1");
}

#[tokio::test]
async fn a_start_of_a_paused_session_resumes_it() {
    let mut mocks = Mocks::default();
    mocks.stored(&[paused()]);
    mocks.store.expect_get().returning(|_| Ok(Some(paused())));
    mocks
        .store
        .expect_update()
        .times(1)
        .returning(|next, events, _| {
            assert_eq!(next.state.intent.desired, Desired::Running);
            assert_eq!(events.len(), 1);
            Ok(Updated::Yes(next.version.next()))
        });
    let (lifecycle, _) = mocks.build();
    let view = start(&lifecycle).await.unwrap();
    assert_eq!(view.summary.id, paused().id);
    assert!(view.summary.state.is_live());
}

#[tokio::test]
async fn a_start_of_a_failed_session_closes_it_and_makes_another_in_one_write() {
    let mut mocks = Mocks::default();
    mocks.stored(&[failed()]);
    mocks.store.expect_get().returning(|_| Ok(Some(failed())));
    mocks
        .store
        .expect_insert()
        .times(1)
        .returning(|new, _, _, replacing| {
            let closed = replacing.unwrap().closed;
            assert_eq!(
                (closed.id.clone(), closed.state.intent.desired),
                (failed().id, Desired::Stopped)
            );
            assert_ne!(new.id, closed.id);
            Ok(Inserted::Created)
        });
    let (lifecycle, _) = mocks.build();
    let view = start(&lifecycle).await.unwrap();
    assert_ne!(view.summary.id, failed().id);
    let woken = [
        lifecycle.parts.queue.take().await,
        lifecycle.parts.queue.take().await,
    ];
    assert_eq!(woken, [view.summary.id.clone(), failed().id]);
}

#[tokio::test]
async fn a_pause_that_comes_too_late_is_decided_anew() {
    let mut mocks = Mocks::default();
    let mut reads = 0;
    mocks.store.expect_get().times(2).returning(move |_| {
        reads += 1;
        let mut record = record();
        record.version = Version(reads);
        Ok(Some(record))
    });
    mocks
        .store
        .expect_update()
        .times(2)
        .returning(|next, _, _| match next.version {
            Version(1) => {
                let mut newer = record();
                newer.version = Version(2);
                Ok(Updated::Stale(Box::new(newer)))
            }
            version => Ok(Updated::Yes(version.next())),
        });
    let (lifecycle, _) = mocks.build();
    let view = lifecycle
        .pause(&tenant(), "abc", Actor::Client)
        .await
        .unwrap();
    assert_eq!(view.summary.version, Version(3));
    assert_eq!(view.summary.state.intent.desired, Desired::Paused);
}

#[tokio::test]
async fn another_tenants_sandbox_is_unknown() {
    let mut mocks = Mocks::default();
    mocks.store.expect_get().returning(|_| Ok(Some(record())));
    mocks.store.expect_of_session().returning(|_, _| Ok(None));
    let (lifecycle, _) = mocks.build();
    let error = lifecycle
        .stop(&"other".parse().unwrap(), "abc", Actor::Client)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::UnknownSandbox));
}

#[tokio::test]
async fn a_stopped_sandbox_can_be_stopped_again_but_not_paused_or_resumed() {
    let mut mocks = Mocks::default();
    mocks.store.expect_get().returning(|_| {
        let mut record = record();
        record.state.intent.desired = Desired::Stopped;
        record.state.phase = Phase::Stopped;
        Ok(Some(record))
    });
    let (lifecycle, _) = mocks.build();
    assert!(
        lifecycle
            .stop(&tenant(), "abc", Actor::Client)
            .await
            .is_ok()
    );
    for result in [
        lifecycle.pause(&tenant(), "abc", Actor::Client).await,
        lifecycle.resume(&tenant(), "abc", Actor::Client).await,
    ] {
        assert!(matches!(result, Err(Error::Stopped)), "{result:?}");
    }
}

#[tokio::test]
async fn a_start_whose_client_goes_away_is_finished() {
    let mut mocks = Mocks::default();
    mocks.stored(&[]);
    let inserted = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&inserted);
    mocks
        .store
        .expect_insert()
        .times(1)
        .returning(move |_, _, _, _| {
            tell.notify_one();
            Ok(Inserted::Created)
        });
    let (lifecycle, _) = mocks.build();
    // One poll hands the work over; then the caller is gone.
    let gone = tokio::time::timeout(Duration::ZERO, start(&lifecycle)).await;
    drop(gone);
    tokio::time::timeout(Duration::from_secs(5), inserted.notified())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_hold_ends_when_the_sandbox_runs() {
    let mut mocks = Mocks::default();
    mocks.settings.hold = Duration::from_secs(600);
    mocks.stored(&[record()]);
    let (lifecycle, _) = mocks.build();
    let ready = async {
        let mut running = record();
        running.version = Version(2);
        running.state.phase = Phase::Running;
        lifecycle.parts.records.views.apply(running.summary());
    };
    // biased: the start comes first and waits.
    let (view, ()) = tokio::join!(biased; start(&lifecycle), async {
        while lifecycle.parts.records.views.get(&record().id).is_none() {
            tokio::task::yield_now().await;
        }
        ready.await;
    });
    assert_eq!(view.unwrap().fragment.as_str(), "abc@2");
}

#[tokio::test]
async fn the_log_of_a_restarted_sandbox_begins_with_the_boot_that_was_lost() {
    let mut mocks = Mocks::default();
    mocks.store.expect_get().returning(|_| {
        let mut record = record();
        record.state.boot = Boot(3);
        Ok(Some(record))
    });
    mocks.backend.expect_logs().returning(|_, boot, bytes| {
        let text = match boot {
            Boot(3) => "begun again\n",
            Boot(2) => "out of memory\n",
            _ => return Err(BackendError::new(ErrorClass::Gone, "nothing is kept of it")),
        };
        let begin = text.len().saturating_sub(usize::try_from(bytes).unwrap());
        Ok(text.chars().skip(begin).collect())
    });
    let (lifecycle, _) = mocks.build();
    let mut logs = Vec::new();
    for bytes in [1000, 18, 5] {
        logs.push(lifecycle.logs(&tenant(), "abc", bytes).await.unwrap());
    }
    assert_eq!(
        logs,
        [
            "out of memory\nbegun again\n",
            "emory\nbegun again\n",
            "gain\n"
        ]
    );
}

#[tokio::test]
async fn a_list_is_made_once_and_anew_after_a_change() {
    let mut mocks = Mocks::default();
    mocks.stored(&[record()]);
    let (lifecycle, _) = mocks.build();
    let parts = async |tenant: &TenantId| lifecycle.list(tenant).await.unwrap().parts;
    let (first, second) = (parts(&tenant()).await, parts(&tenant()).await);
    assert_eq!(first[0].as_str(), "abc@1");
    assert!(Arc::ptr_eq(&first[0].to_shared(), &second[0].to_shared()));
    let mut newer = record();
    newer.version = Version(2);
    lifecycle.parts.records.views.apply(newer.summary());
    assert_eq!(parts(&tenant()).await[0].as_str(), "abc@2");
    assert!(parts(&"other".parse().unwrap()).await.is_empty());
}

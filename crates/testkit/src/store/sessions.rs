//! `of_session` and `of_sessions`.

use std::collections::BTreeMap;

use runtime_core::sandbox::{Desired, Phase};
use runtime_core::{SandboxId, SessionId, StateStore, TenantId};

use super::acts::{change, create};
use crate::builders::{at, moved, record, whole};

async fn serving(store: &dyn StateStore, session: &str) -> Option<SandboxId> {
    let session = session.parse().unwrap();
    let found = store
        .of_session(&TenantId::default_tenant(), &session)
        .await;
    found.unwrap().map(|record| record.id)
}

pub(super) async fn a_session_is_served_by_its_open_record_else_by_its_newest(
    store: &dyn StateStore,
) {
    assert_eq!(serving(store, "s").await, None);
    for (number, id) in ["third", "second", "first"].into_iter().enumerate() {
        let mut new = record(id, "s");
        new.created_at = at(10 * i64::try_from(number).unwrap());
        new.updated_at = new.created_at;
        create(store, &new).await;
        assert_eq!(
            serving(store, "s").await.as_ref(),
            Some(&new.id),
            "it is open"
        );
        change(store, moved(&new, Desired::Stopped, Phase::Stopped)).await;
        assert_eq!(
            serving(store, "s").await.as_ref(),
            Some(&new.id),
            "it is the newest"
        );
    }
    assert_eq!(serving(store, "t").await, None);
}

pub(super) async fn a_session_of_another_tenant_is_unknown(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let other: TenantId = "somebody".parse().unwrap();
    let one = store.of_session(&other, &new.session).await.unwrap();
    let many = store.of_sessions(&other, &[new.session]).await.unwrap();
    assert!(one.is_none() && many.is_empty(), "{one:?} {many:?}");
}

pub(super) async fn each_known_session_has_one_answer_and_the_others_none(store: &dyn StateStore) {
    let mut expected = BTreeMap::new();
    for session in ["one", "two", "three"] {
        let old = record(&format!("{session}-old"), session);
        create(store, &old).await;
        let mut last = change(store, moved(&old, Desired::Stopped, Phase::Stopped)).await;
        if session != "three" {
            last = record(session, session);
            last.created_at = at(100);
            create(store, &last).await;
        }
        expected.insert(last.session.clone(), whole(&last));
    }
    create(store, &record("not-asked-for", "four")).await;
    let asked: Vec<SessionId> = ["two", "nobody", "three", "two", "one", "one"]
        .map(|name| name.parse().unwrap())
        .to_vec();
    let tenant = TenantId::default_tenant();
    let found = store.of_sessions(&tenant, &asked).await.unwrap();
    assert_eq!(found.len(), 3, "{found:?}");
    let found: BTreeMap<_, _> = found
        .iter()
        .map(|record| (record.session.clone(), whole(record)))
        .collect();
    assert_eq!(found, expected);
}

pub(super) async fn a_thousand_sessions_are_found_at_once(store: &dyn StateStore) {
    let names: Vec<SessionId> = (0..1_000)
        .map(|number| format!("session {number}").parse().unwrap())
        .collect();
    let new: Vec<_> = (0..1_000)
        .step_by(2)
        .map(|number| record(&format!("s{number}"), names[number].as_str()))
        .collect();
    futures::future::join_all(new.iter().map(|record| create(store, record))).await;
    let tenant = TenantId::default_tenant();
    let found = store.of_sessions(&tenant, &names).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|record| record.id).collect();
    found.sort();
    let mut expected: Vec<_> = new.into_iter().map(|record| record.id).collect();
    expected.sort();
    assert_eq!(found, expected);
}

pub(super) async fn no_sessions_have_no_records(store: &dyn StateStore) {
    create(store, &record("abc", "s")).await;
    let found = store.of_sessions(&TenantId::default_tenant(), &[]).await;
    assert!(found.unwrap().is_empty());
}

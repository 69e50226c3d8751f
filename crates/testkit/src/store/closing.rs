//! A closed store.

use runtime_core::sandbox::{Desired, Phase};
use runtime_core::{Admit, Cursor, StateStore, StoreError, TenantId};

use super::acts::create;
use crate::builders::{at, moved, record};
use crate::place::Place;

pub(super) async fn a_closed_store_says_so(place: &mut dyn Place<dyn StateStore>) {
    let store = place.store();
    let new = record("abc", "s");
    create(&*store, &new).await;
    let cursor = store.changes(&Cursor::default()).await.unwrap().cursor;
    place.close().await;
    let next = moved(&new, Desired::Running, Phase::Running);
    let tenant = TenantId::default_tenant();
    let sessions = [new.session.clone()];
    let seen = [(new.id.clone(), at(9))];
    let other = record("def", "t");
    let answers = [
        (
            "insert",
            store.insert(&other, &[], Admit::Always, None).await.err(),
        ),
        (
            "update",
            store.update(&next, &[], Admit::Always).await.err(),
        ),
        ("get", store.get(&new.id).await.err()),
        (
            "of_session",
            store.of_session(&tenant, &new.session).await.err(),
        ),
        (
            "of_sessions",
            store.of_sessions(&tenant, &sessions).await.err(),
        ),
        ("events", store.events(&new.id).await.err()),
        ("changes", store.changes(&Cursor::default()).await.err()),
        ("touch", store.touch(&seen).await.err()),
        ("purge", store.purge(at(9), 1).await.err()),
        ("installation", store.installation().await.err()),
    ];
    for (method, error) in answers {
        assert!(
            matches!(error, Some(StoreError::Closed)),
            "{method}: {error:?}"
        );
    }
    // Nothing can have changed, so this one may know the answer.
    match store.changes(&cursor).await {
        Ok(changes) => assert!(changes.changed.is_empty(), "{changes:?}"),
        Err(error) => assert!(matches!(error, StoreError::Closed), "{error:?}"),
    }
    place.open().await;
    assert!(place.store().get(&other.id).await.unwrap().is_none());
}

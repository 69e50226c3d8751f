//! Values that must not be read by others.

use runtime_core::StateStore;

use super::acts::{create, stored};
use crate::builders::{HIDDEN, record, whole};
use crate::place::Place;

pub(super) async fn sealed_values_are_not_readable_where_they_are_stored(
    place: &mut dyn Place<dyn StateStore>,
) {
    let new = record("abc", "a-session-to-be-found");
    create(&*place.store(), &new).await;
    let holds = |bytes: &[u8], text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    let open = place.bytes();
    assert!(
        holds(&open, "a-session-to-be-found"),
        "these bytes are not those of the store"
    );
    assert!(!holds(&open, HIDDEN));
    place.close().await;
    assert!(!holds(&place.bytes(), HIDDEN));
    place.open().await;
    assert_eq!(
        whole(&stored(&*place.store(), &new.id).await),
        whole(&new),
        "the owner reads them"
    );
}

pub(super) async fn nothing_prints_a_sealed_value(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let found = stored(store, &new.id).await;
    let again = store
        .insert(&new, &[], runtime_core::Admit::Always, None)
        .await;
    let taken = store
        .insert(&record("abc", "t"), &[], runtime_core::Admit::Always, None)
        .await;
    let shown = format!("{store:?} {found:?} {again:?} {taken:?}");
    assert!(!shown.contains(HIDDEN), "{shown}");
}

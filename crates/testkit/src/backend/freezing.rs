//! `freeze` and `thaw`.

use runtime_core::Boot;
use runtime_core::ErrorClass;
use runtime_core::sandbox::BootState;

use super::platform::Behaviour::{ExitsWhenTold, Stays};
use super::world::{World, class, id, within};

pub(super) async fn a_frozen_boot_does_nothing_until_it_is_thawed(world: &mut World) {
    world.up("abc", 1, ExitsWhenTold).await;
    for _ in 0..2 {
        within(world.backend().freeze(&id("abc"), Boot(1)))
            .await
            .unwrap();
    }
    let frozen = |state: Option<&BootState>| matches!(state, Some(BootState::Frozen));
    world.state("abc", 1, frozen).await;
    world.site().write(&id("abc"), "go", "").await;
    world.state("abc", 1, frozen).await;
    for _ in 0..2 {
        within(world.backend().thaw(&id("abc"), Boot(1)))
            .await
            .unwrap();
    }
    assert_eq!(world.exit("abc", 1).await.0, Some(7), "it went on");
    assert_eq!(world.starts("abc", 1).await, 1, "in the same process");
}

pub(super) async fn what_is_not_there_any_more_cannot_be_thawed(world: &mut World) {
    let thawed = within(world.backend().thaw(&id("abc"), Boot(1))).await;
    assert_eq!(class(thawed), ErrorClass::Gone);
}

pub(super) async fn freezing_is_refused_where_it_cannot_be(world: &mut World) {
    world.up("abc", 1, Stays).await;
    let frozen = within(world.backend().freeze(&id("abc"), Boot(1))).await;
    assert_eq!(class(frozen), ErrorClass::Refused);
    let state = world.list().await.boot("abc", 1).cloned();
    assert!(matches!(state, Some(BootState::Up { .. })), "{state:?}");
}

//! `erase`.

use runtime_core::ErrorClass;
use runtime_core::sandbox::BootState;

use super::platform::Behaviour::{Exits, Stays};
use super::world::{World, class, id, within};

async fn erase(world: &World, id: &str) {
    let id = super::world::id(id);
    within(world.backend().erase(&id)).await.unwrap();
}

pub(super) async fn nothing_is_erased_while_a_boot_is_there(world: &mut World) {
    world.up("abc", 1, Stays).await;
    let refused = within(world.backend().erase(&id("abc"))).await;
    assert_eq!(class(refused), ErrorClass::Retry);
    let state = world.list().await.boot("abc", 1).cloned();
    assert!(matches!(state, Some(BootState::Up { .. })), "{state:?}");
    world.launch("def", 1, Exits).await;
    world.exit("def", 1).await;
    let refused = within(world.backend().erase(&id("def"))).await;
    assert_eq!(class(refused), ErrorClass::Retry, "one that ended is there");
}

pub(super) async fn nothing_is_left_of_an_erased_sandbox(world: &mut World) {
    world.up("abc", 1, Stays).await;
    world.up("def", 1, Stays).await;
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
    erase(world, "abc").await;
    world.disk("abc", None).await;
    let listing = world.list().await;
    let others = |sighting: &runtime_core::Sighting| sighting.id.as_str() == "def";
    assert!(listing.sightings.iter().all(others), "{listing:?}");
    world.open().await;
    let listing = world.list().await;
    assert!(listing.sightings.iter().all(others), "{listing:?}");
    assert_eq!(world.starts("def", 1).await, 1);
}

pub(super) async fn nothing_left_is_no_error(world: &mut World) {
    erase(world, "unknown").await;
    world.up("abc", 1, Stays).await;
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
    for _ in 0..3 {
        erase(world, "abc").await;
    }
}

//! A second backend over the same site, as after the server ended and began again; and one of somebody else.

use runtime_core::sandbox::{BootState, DiskState};
use runtime_core::{Seen, Sighting};

use super::platform::Behaviour::{Exits, ExitsWhenTold, Stays};
use super::world::{World, id, within};

pub(super) async fn a_boot_goes_on_and_is_found_as_it_was(world: &mut World) {
    world.up("abc", 1, Stays).await;
    let before = world.list().await;
    world.open().await;
    let is_up = |state: Option<&BootState>| matches!(state, Some(BootState::Up { .. }));
    world.state("abc", 1, is_up).await;
    let after = world.list().await;
    assert_eq!(after.boots, before.boots, "with the same addresses");
    assert_eq!(after.disks, before.disks);
    world.launch("abc", 1, Stays).await;
    assert_eq!(world.starts("abc", 1).await, 1, "one program was started");
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
}

pub(super) async fn an_end_that_nobody_watched_is_told_afterwards(world: &mut World) {
    world.up("abc", 1, ExitsWhenTold).await;
    world.close().await;
    world.site().write(&id("abc"), "go", "").await;
    world.open().await;
    let (code, tail) = world.exit("abc", 1).await;
    assert_eq!(code, Some(7));
    assert!(tail.trim_end().ends_with("a last word"), "{tail:?}");
}

pub(super) async fn an_end_is_remembered(world: &mut World) {
    world.launch("abc", 1, Exits).await;
    let before = world.exit("abc", 1).await;
    for _ in 0..2 {
        world.open().await;
        assert_eq!(world.exit("abc", 1).await, before);
    }
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
    world.open().await;
    world.gone("abc", 1).await;
}

pub(super) async fn a_disk_without_a_boot_is_found_and_not_erased(world: &mut World) {
    world.up("abc", 1, Stays).await;
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
    world.open().await;
    world.disk("abc", Some(DiskState::Present)).await;
    world.launch("abc", 2, Stays).await;
    world.is_up("abc", 2).await;
    assert_eq!(world.starts("abc", 2).await, 2);
}

pub(super) async fn sandboxes_of_another_installation_are_not_claimed(world: &mut World) {
    world.up("abc", 1, Stays).await;
    let (stranger, theirs) = world.stranger().await;
    let listing = world.list_of(&*theirs).await;
    let ours = world.site().installation();
    assert_ne!(stranger, ours);
    let claimed = |sighting: &Sighting| {
        sighting.installation == Some(stranger) && matches!(sighting.seen, Seen::Boot(..))
    };
    assert!(
        !listing.sightings.iter().any(claimed),
        "{stranger} lists {listing:?}"
    );
    within(world.site().close(theirs)).await;
    world.is_up("abc", 1).await;
    assert_eq!(world.starts("abc", 1).await, 1);
}

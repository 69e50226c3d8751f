//! `watch` and what it delivers.

use futures::StreamExt as _;
use runtime_core::sandbox::{BootState, DiskState};
use runtime_core::{BackendEvent, Boot, Seen, Thing};

use super::platform::Behaviour::{Exits, Stays};
use super::world::{World, id};

pub(super) async fn an_empty_site_lists_nothing(world: &mut World) {
    let listing = world.list().await;
    assert!(listing.sightings.is_empty(), "{listing:?}");
}

pub(super) async fn everything_that_exists_is_listed_first(world: &mut World) {
    world.up("abc", 1, Stays).await;
    world.launch("def", 1, Exits).await;
    world.exit("def", 1).await;
    let listing = world.list().await;
    assert!(matches!(listing.boot("abc", 1), Some(BootState::Up { .. })));
    assert!(matches!(
        listing.boot("def", 1),
        Some(BootState::Exited { code: Some(3), .. })
    ));
    assert_eq!(listing.boots.len(), 2, "{listing:?}");
    if world.capabilities().keeps_disk {
        let disks: Vec<_> = listing.disks.into_iter().collect();
        let present = DiskState::Present;
        assert_eq!(disks, [(id("abc"), present), (id("def"), present)]);
    }
}

pub(super) async fn a_sighting_says_whose_it_is_and_when_it_was_made(world: &mut World) {
    world.up("abc", 1, Stays).await;
    let ours = world.site().installation();
    let listing = world.list().await;
    assert!(!listing.sightings.is_empty());
    for sighting in listing.sightings {
        assert_eq!(sighting.installation, Some(ours), "{sighting:?}");
        let made = sighting.created_at.map(|at| at.as_millis());
        assert!(made.is_none_or(|at| at > 1_700_000_000_000), "{sighting:?}");
    }
}

pub(super) async fn each_change_is_told_after_the_listing(world: &mut World) {
    let mut events = world.backend().watch();
    let listing = world.listed(&mut events).await;
    assert!(listing.sightings.is_empty(), "{listing:?}");
    world.launch("abc", 1, Stays).await;
    let is = |event: &BackendEvent, wanted: fn(&BootState) -> bool| match event {
        BackendEvent::Changed(sighting) if sighting.id == id("abc") => {
            matches!(&sighting.seen, Seen::Boot(Boot(1), state) if wanted(state))
        }
        _ => false,
    };
    while !is(&world.next(&mut events).await, |state| {
        matches!(state, BootState::Up { .. })
    }) {}
    world.release("abc", 1).await;
    let gone = BackendEvent::Gone(id("abc"), Thing::Boot(Boot(1)));
    while world.next(&mut events).await != gone {}
    if world.capabilities().keeps_disk {
        world.backend().erase(&id("abc")).await.unwrap();
        let gone = BackendEvent::Gone(id("abc"), Thing::Disk);
        while world.next(&mut events).await != gone {}
    }
}

pub(super) async fn a_program_that_ends_by_itself_is_told(world: &mut World) {
    let mut events = world.backend().watch();
    world.listed(&mut events).await;
    world.launch("abc", 1, Exits).await;
    loop {
        if let BackendEvent::Changed(sighting) = world.next(&mut events).await
            && let Seen::Boot(Boot(1), BootState::Exited { code, .. }) = sighting.seen
        {
            assert_eq!((sighting.id, code), (id("abc"), Some(3)));
            return;
        }
    }
}

pub(super) async fn it_may_be_taken_once_more(world: &mut World) {
    let first = world.backend().watch();
    drop(first);
    let mut second = world.backend().watch();
    world.listed(&mut second).await;
    drop(second);
    world.up("abc", 1, Stays).await;
    let mut third = world.backend().watch();
    let listing = world.listed(&mut third).await;
    assert!(listing.boot("abc", 1).is_some(), "{listing:?}");
    world.release("abc", 1).await;
    let gone = BackendEvent::Gone(id("abc"), Thing::Boot(Boot(1)));
    while world.next(&mut third).await != gone {}
}

pub(super) async fn the_stream_ends_with_the_backend(world: &mut World) {
    let events = world.backend().watch();
    world.close().await;
    // Bounded by the check's own time.
    events.collect::<Vec<_>>().await;
}

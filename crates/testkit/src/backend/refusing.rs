//! `check`, and launches that cannot be.

use runtime_core::ErrorClass;

use super::platform::Behaviour::{Impossible, Stays};
use super::world::{World, class, within};
use crate::builders::HIDDEN;

pub(super) async fn what_can_never_be_launched_is_refused_with_a_message(world: &mut World) {
    let spec = world.site().spec(Impossible);
    let refused = world.backend().check(&spec).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Refused);
    let message = refused.to_string();
    assert!(
        message.len() > 20,
        "it does not say what to do: {message:?}"
    );
    assert_eq!(message, message.trim());
    assert!(!message.contains(HIDDEN), "{message}");
}

pub(super) async fn what_can_be_launched_is_not_refused_and_nothing_is_made(world: &mut World) {
    world.backend().check(&world.site().spec(Stays)).unwrap();
    let listing = world.list().await;
    assert!(
        listing.boots.is_empty() && listing.disks.is_empty(),
        "{listing:?}"
    );
}

pub(super) async fn a_refused_launch_leaves_no_boot(world: &mut World) {
    let spec = world.spec("abc", 1, Impossible);
    let launched = within(world.backend().launch(&spec)).await;
    assert_eq!(class(launched), ErrorClass::Refused);
    world.gone("abc", 1).await;
}

//! `launch`.

use futures::future::join_all;
use runtime_core::sandbox::{BootState, Service};

use super::platform::Behaviour::{Exits, Stays};
use super::world::{World, id, within};
use crate::builders::HIDDEN;

pub(super) async fn a_launched_boot_comes_up_with_the_agents_address(world: &mut World) {
    world.launch("abc", 1, Stays).await;
    let up = |state: Option<&BootState>| matches!(state, Some(BootState::Up { .. }));
    match world.state("abc", 1, up).await {
        Some(BootState::Up { endpoints }) => {
            assert!(endpoints.get(Service::Agent).is_some(), "{endpoints:?}");
        }
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_program_is_told_who_it_is_and_its_secrets(world: &mut World) {
    world.up("abc", 1, Stays).await;
    let expected = format!("abc\nhttp://abc.example:8080\n{HIDDEN}-session-key\n{HIDDEN}-value\n");
    let look = async || match world.site().read(&id("abc"), "told").await {
        Some(told) if told == expected => Ok(()),
        other => Err(format!("it was told {other:?}")),
    };
    world.wait(look).await;
}

pub(super) async fn launching_again_and_again_makes_one_boot(world: &mut World) {
    let spec = world.spec("abc", 1, Stays);
    let launches = join_all((0..5).map(|_| within(world.backend().launch(&spec)))).await;
    for launched in launches {
        launched.unwrap();
    }
    world.up("abc", 1, Stays).await;
    let before = world.list().await;
    world.launch("abc", 1, Stays).await;
    let after = world.list().await;
    assert_eq!(after.boots, before.boots);
    assert_eq!(world.starts("abc", 1).await, 1, "one program was started");
}

pub(super) async fn a_boot_that_has_ended_is_not_started_again(world: &mut World) {
    world.launch("abc", 1, Exits).await;
    let before = world.exit("abc", 1).await;
    world.launch("abc", 1, Exits).await;
    world.launch("abc", 1, Stays).await;
    assert_eq!(world.exit("abc", 1).await, before);
}

pub(super) async fn a_boot_that_leaves_is_not_called_back(world: &mut World) {
    world.up("abc", 1, super::Behaviour::Stubborn).await;
    world.release("abc", 1).await;
    let leaving = |state: Option<&BootState>| !matches!(state, Some(BootState::Up { .. }));
    let state = world.state("abc", 1, leaving).await;
    if state.is_some() {
        world.launch("abc", 1, super::Behaviour::Stubborn).await;
        let state = world.list().await.boot("abc", 1).cloned();
        assert!(!matches!(state, Some(BootState::Up { .. })), "{state:?}");
    }
    world.gone("abc", 1).await;
}

pub(super) async fn many_boots_come_up_side_by_side(world: &mut World) {
    let ids: Vec<_> = (0..10).map(|number| format!("s{number}")).collect();
    join_all(ids.iter().map(|id| world.launch(id, 1, Stays))).await;
    join_all(ids.iter().map(|id| world.is_up(id, 1))).await;
    let listing = world.list().await;
    assert_eq!(listing.boots.len(), 10, "{listing:?}");
}

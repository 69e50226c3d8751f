//! `release`.

use runtime_core::sandbox::{BootState, DiskState};

use super::platform::Behaviour::{Exits, Stays, Stubborn};
use super::world::{World, id, within};

pub(super) async fn a_released_boot_goes_and_the_others_stay(world: &mut World) {
    world.up("abc", 1, Stays).await;
    world.up("def", 1, Stays).await;
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
    let other = world.list().await.boot("def", 1).cloned();
    assert!(matches!(other, Some(BootState::Up { .. })), "{other:?}");
}

pub(super) async fn the_disk_stays_and_the_next_boot_finds_it(world: &mut World) {
    world.up("abc", 1, Stays).await;
    world.site().write(&id("abc"), "note", "kept").await;
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
    world.disk("abc", Some(DiskState::Present)).await;
    world.launch("abc", 2, Stays).await;
    world.is_up("abc", 2).await;
    assert_eq!(world.starts("abc", 2).await, 2, "once per boot");
    let note = world.site().read(&id("abc"), "note").await;
    assert_eq!(note.as_deref(), Some("kept"));
}

pub(super) async fn the_release_of_a_program_that_does_not_listen_is_accepted_and_done(
    world: &mut World,
) {
    world.up("abc", 1, Stubborn).await;
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
}

pub(super) async fn a_boot_that_does_not_exist_is_no_error(world: &mut World) {
    world.release("abc", 1).await;
    world.up("abc", 1, Stays).await;
    world.release("abc", 2).await;
    world.release("ab", 1).await;
    let state = world.list().await.boot("abc", 1).cloned();
    assert!(matches!(state, Some(BootState::Up { .. })), "{state:?}");
}

pub(super) async fn releasing_again_is_no_error(world: &mut World) {
    world.up("abc", 1, Stays).await;
    for _ in 0..3 {
        world.release("abc", 1).await;
    }
    world.gone("abc", 1).await;
    world.release("abc", 1).await;
}

pub(super) async fn a_boot_on_its_way_is_called_off(world: &mut World) {
    let spec = world.spec("abc", 1, Stays);
    let abc = id("abc");
    let (launched, released) = tokio::join!(
        within(world.backend().launch(&spec)),
        within(world.backend().release(&abc, spec.boot))
    );
    launched.unwrap();
    released.unwrap();
    // Which of the two came first is nobody's to say; after one more release it must go.
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
}

pub(super) async fn a_boot_that_ended_stays_until_it_is_released(world: &mut World) {
    world.launch("abc", 1, Exits).await;
    world.exit("abc", 1).await;
    world.exit("abc", 1).await;
    world.release("abc", 1).await;
    world.gone("abc", 1).await;
}

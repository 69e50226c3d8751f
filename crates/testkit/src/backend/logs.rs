//! `logs`, and the last lines of a boot that ended.

use runtime_core::{Boot, ErrorClass};

use super::platform::Behaviour::{Exits, Talks};
use super::world::{World, class, id, within};

async fn log(world: &World, bytes: u64) -> String {
    let id = id("abc");
    within(world.backend().logs(&id, Boot(1), bytes))
        .await
        .unwrap()
}

pub(super) async fn no_more_than_the_last_bytes_are_read(world: &mut World) {
    world.up("abc", 1, Talks).await;
    let look = async || {
        let whole = log(world, 1 << 20).await;
        if whole.ends_with("line 1000\n") {
            Ok(whole)
        } else {
            Err(format!("{} bytes were written", whole.len()))
        }
    };
    let whole = world.wait(look).await;
    assert!(whole.starts_with("started\n"), "{whole:.50}");
    for bytes in [0, 1, 10, 1_000] {
        let end = log(world, bytes).await;
        assert!(whole.ends_with(&end), "not the end: {end:?}");
        assert!(
            u64::try_from(end.len()).unwrap() <= bytes,
            "{bytes}: {end:?}"
        );
    }
    assert_eq!(log(world, 10).await, "line 1000\n");
}

pub(super) async fn a_log_outlives_the_programs_end(world: &mut World) {
    world.launch("abc", 1, Exits).await;
    world.exit("abc", 1).await;
    assert_eq!(log(world, 1 << 20).await, "started\na last word\n");
}

pub(super) async fn nothing_is_kept_of_a_boot_that_never_was(world: &mut World) {
    let unknown = within(world.backend().logs(&id("abc"), Boot(1), 100)).await;
    assert_eq!(class(unknown), ErrorClass::Gone);
    world.launch("abc", 1, Exits).await;
    world.exit("abc", 1).await;
    let unknown = within(world.backend().logs(&id("abc"), Boot(2), 100)).await;
    assert_eq!(class(unknown), ErrorClass::Gone);
}

pub(super) async fn how_a_boot_ended_is_told_with_code_and_last_lines(world: &mut World) {
    world.launch("abc", 1, Exits).await;
    let (code, tail) = world.exit("abc", 1).await;
    assert_eq!(code, Some(3));
    assert!(tail.trim_end().ends_with("a last word"), "{tail:?}");
}

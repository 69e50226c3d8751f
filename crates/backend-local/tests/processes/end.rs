//! How boots end, by themselves and by release.

use std::time::Duration;

use crate::world::{World, ended, is_running};
use runtime_core::sandbox::BootState;
use runtime_core::{Boot, ErrorClass, SandboxBackend as _};

#[tokio::test]
async fn an_exit_code_and_the_last_lines_are_told() {
    let world = World::new("echo first; echo last >&2; exit 3");
    world.backend.launch(&world.launch("abc", 1)).await.unwrap();
    let (code, reason, tail) = world.exited("abc", 1).await;
    assert_eq!((code, reason.as_str()), (Some(3), "Error"));
    assert_eq!(tail, "first\nlast");
    let id = "abc".parse().unwrap();
    world.backend.release(&id, Boot(1)).await.unwrap();
    world.gone("abc", 1).await;
    let log = world.backend.logs(&id, Boot(1), 5).await.unwrap();
    assert_eq!(log, "last\n", "the log outlives the boot");
    let none = world.backend.logs(&id, Boot(7), 5).await.unwrap_err();
    assert_eq!(none.class(), ErrorClass::Gone);
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed_after_the_grace_time() {
    let world = World::new("trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done");
    world.up("abc", 1).await;
    let pid = world.file("abc", "pid").await.parse().unwrap();
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world
        .state("abc", 1, |state| {
            matches!(state, None | Some(BootState::Leaving { .. }))
        })
        .await;
    world.gone("abc", 1).await;
    assert!(!is_running(pid));
}

#[tokio::test]
async fn a_grandchild_with_a_session_of_its_own_is_killed_on_release() {
    let world = World::with(
        "setsid sh -c 'trap \"\" TERM; (env -i sleep 1000 & echo $! > env; wait) & echo $$ > pid; wait' & wait",
        |settings| settings.grace = Duration::from_secs(10),
    );
    world.up("abc", 1).await;
    let one = world.file("abc", "pid").await.parse().unwrap();
    let two = world.file("abc", "env").await.parse().unwrap();
    assert!(is_running(one) && is_running(two));
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world.gone("abc", 1).await;
    assert!(!is_running(one) && !is_running(two));
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let world = World::new("setsid sleep 1000 & echo $! > pid; exit 0");
    world.backend.launch(&world.launch("abc", 1)).await.unwrap();
    let (code, reason, _) = world.exited("abc", 1).await;
    assert_eq!((code, reason.as_str()), (Some(0), "Completed"));
    assert!(!is_running(world.file("abc", "pid").await.parse().unwrap()));
}

#[tokio::test]
async fn a_boot_that_is_released_while_it_starts_goes() {
    let world = World::new("exec sleep 1000");
    let id = "abc".parse().unwrap();
    let spec = world.launch("abc", 1);
    let (launched, released) = tokio::join!(
        world.backend.launch(&spec),
        world.backend.release(&id, Boot(1))
    );
    assert!(launched.is_ok() && released.is_ok());
    world.gone("abc", 1).await;
}

#[tokio::test]
async fn a_killed_program_and_a_killed_group_are_told_by_their_signal() {
    let world = World::new("sleep 1000 & echo $! > child; echo $$ > pid; wait");
    world.up("one", 1).await;
    world.up("two", 1).await;
    let child = world.file("one", "child").await.parse().unwrap();
    crate::world::send(
        world.file("one", "pid").await.parse().unwrap(),
        rustix::process::Signal::KILL,
    );
    let group: i32 = world.file("two", "pid").await.parse().unwrap();
    let group = rustix::process::Pid::from_raw(group).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    for id in ["one", "two"] {
        let (code, reason, _) = world.exited(id, 1).await;
        assert_eq!((code, reason.as_str()), (Some(137), "Error"));
    }
    ended(child).await;
}

//! The server, the shim or the files are lost, and found again.

use std::fs;

use crate::world::{World, ended, is_running, send};
use runtime_core::sandbox::{BootState, DiskState};
use runtime_core::{Boot, SandboxBackend as _};
use rustix::process::Signal;

#[tokio::test]
async fn a_new_backend_finds_what_an_old_one_started() {
    let mut world = World::new("echo $$ > pid; exec sleep 1000");
    world.up("abc", 1).await;
    let pid: i32 = world.file("abc", "pid").await.parse().unwrap();
    let before = world.state("abc", 1, |state| state.is_some()).await;
    world.restart().await;
    let after = world.state("abc", 1, |state| state.is_some()).await;
    assert_eq!(before, after, "the same ports");
    world.disk("abc", Some(DiskState::Present)).await;
    assert!(is_running(pid));
    world.backend.launch(&world.launch("abc", 1)).await.unwrap();
    assert_eq!(world.file("abc", "pid").await.parse::<i32>().unwrap(), pid);
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world.gone("abc", 1).await;
    assert!(!is_running(pid));
}

#[tokio::test]
async fn an_exit_code_is_kept_while_no_server_watches() {
    let mut world =
        World::new("echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; echo bye; exit 7");
    world.up("abc", 1).await;
    let (shim, _) = world.pids("abc", 1).await;
    world.backend.shutdown().await;
    fs::write(world.workspace("abc").join("go"), "").unwrap();
    ended(shim).await;
    world.restart().await;
    let (code, reason, tail) = world.exited("abc", 1).await;
    assert_eq!(
        (code, reason.as_str(), tail.as_str()),
        (Some(7), "Error", "bye")
    );
    world.restart().await;
    assert_eq!(
        world.exited("abc", 1).await.0,
        Some(7),
        "until it is released"
    );
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world.gone("abc", 1).await;
    world.restart().await;
    world.gone("abc", 1).await;
    world.disk("abc", Some(DiskState::Present)).await;
}

const FAMILY: &str = "(env -i sleep 1000 & echo $! > bare; wait) & setsid sleep 1000 & echo $! > far; \
                      echo $$ > pid; exec sleep 1000";

async fn family(world: &World) -> Vec<i32> {
    let mut pids = Vec::new();
    for name in ["pid", "bare", "far"] {
        pids.push(world.file("abc", name).await.parse().unwrap());
    }
    assert!(pids.iter().all(|pid| is_running(*pid)));
    pids
}

#[tokio::test]
async fn nothing_outlives_a_killed_shim() {
    let world = World::new(FAMILY);
    world.up("abc", 1).await;
    let pids = family(&world).await;
    let (shim, _) = world.pids("abc", 1).await;
    send(shim, Signal::KILL);
    let (code, reason, _) = world.exited("abc", 1).await;
    assert_eq!((code, reason.as_str()), (None, "SupervisorLost"));
    assert!(!pids.iter().any(|pid| is_running(*pid)));
}

#[tokio::test]
async fn nothing_outlives_a_shim_that_was_killed_while_no_server_watched() {
    let mut world = World::new(FAMILY);
    world.up("abc", 1).await;
    let pids = family(&world).await;
    let (shim, _) = world.pids("abc", 1).await;
    world.backend.shutdown().await;
    send(shim, Signal::KILL);
    ended(shim).await;
    world.restart().await;
    let (code, reason, _) = world.exited("abc", 1).await;
    assert_eq!((code, reason.as_str()), (None, "SupervisorLost"));
    assert!(!pids.iter().any(|pid| is_running(*pid)));
}

#[tokio::test]
async fn a_launch_that_the_server_did_not_live_to_finish_is_undone() {
    let mut world = World::new("echo $$ > pid; exec sleep 1000");
    world.up("abc", 1).await;
    let pid = world.file("abc", "pid").await.parse().unwrap();
    let (shim, _) = world.pids("abc", 1).await;
    world.backend.shutdown().await;
    // As if the shim had not come to note who runs the program.
    fs::remove_file(world.sandbox("abc").join("boot-1/shim.json")).unwrap();
    world.restart().await;
    world.gone("abc", 1).await;
    assert!(!is_running(pid) && !is_running(shim));
    world.up("abc", 1).await;
}

#[tokio::test]
async fn numbers_of_an_earlier_start_of_the_machine_mean_nothing() {
    let mut world = World::new("echo $$ > pid; exec sleep 1000");
    world.up("abc", 1).await;
    let (shim, program) = world.pids("abc", 1).await;
    world.backend.shutdown().await;
    let path = world.sandbox("abc").join("boot-1/shim.json");
    let noted = fs::read_to_string(&path).unwrap();
    let mut changed: serde_json::Value = serde_json::from_str(&noted).unwrap();
    changed["machine"] = "another-start".into();
    fs::write(&path, changed.to_string()).unwrap();
    world.restart().await;
    let (code, reason, _) = world.exited("abc", 1).await;
    assert_eq!((code, reason.as_str()), (None, "SupervisorLost"));
    assert!(is_running(program), "it could be anybody's");
    send(shim, Signal::TERM);
    ended(program).await;
}

#[tokio::test]
async fn a_pid_that_now_belongs_to_somebody_else_is_left_alone() {
    let mut world = World::new("echo $$ > pid; exec sleep 1000");
    world.up("abc", 1).await;
    let (shim, program) = world.pids("abc", 1).await;
    world.backend.shutdown().await;
    send(shim, Signal::KILL);
    send(program, Signal::KILL);
    ended(shim).await;
    ended(program).await;
    let path = world.sandbox("abc").join("boot-1/shim.json");
    let mut noted: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    // This test's own process, which was not started when the shim was.
    noted["shim"]["pid"] = std::process::id().into();
    fs::write(&path, noted.to_string()).unwrap();
    world.restart().await;
    assert_eq!(world.exited("abc", 1).await.1, "SupervisorLost");
}

#[tokio::test]
async fn files_of_strangers_are_left_alone() {
    let mut world = World::new("exec sleep 1000");
    world.backend.shutdown().await;
    let root = &world.settings.root;
    fs::create_dir(root.join("Not-An-Id")).unwrap();
    fs::write(root.join("file"), "").unwrap();
    fs::create_dir_all(root.join("half-made/boot-1")).unwrap();
    fs::create_dir(root.join(".trash-abc-0")).unwrap();
    world.restart().await;
    let listing = world.list().await;
    assert!(
        listing.boots.is_empty() && listing.disks.is_empty(),
        "{listing:?}"
    );
    let root = &world.settings.root;
    crate::world::wait_for("the trash to go", || {
        (!root.join(".trash-abc-0").exists()).then_some(())
    })
    .await;
    assert!(root.join("Not-An-Id").exists() && root.join("half-made").exists());
}

#[tokio::test]
async fn the_ports_of_a_found_boot_are_not_given_to_another() {
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let first = (21000..32000)
        .step_by(8)
        .find(|port| (*port..port + 7).all(|port| free(&port)));
    let first = first.unwrap();
    let mut world = World::with("exec sleep 1000", |settings| {
        settings.agent_ports = first..=first + 6;
    });
    world.up("abc", 1).await;
    world.restart().await;
    world
        .state("abc", 1, |state| {
            matches!(state, Some(BootState::Up { .. }))
        })
        .await;
    let used_up = world
        .backend
        .launch(&world.launch("def", 1))
        .await
        .unwrap_err();
    assert!(used_up.to_string().contains("local.ports"), "{used_up}");
}

#[tokio::test]
async fn a_boot_whose_directory_was_removed_while_no_server_watched_is_ended() {
    let mut world = World::new(FAMILY);
    world.up("abc", 1).await;
    let pids = family(&world).await;
    let (shim, _) = world.pids("abc", 1).await;
    let groups = world.groups("abc");
    world.backend.shutdown().await;
    fs::remove_dir_all(world.sandbox("abc")).unwrap();
    world.restart().await;
    ended(shim).await;
    for pid in pids {
        ended(pid).await;
    }
    world.gone("abc", 1).await;
    crate::world::wait_for("the end of its control groups", || {
        groups
            .iter()
            .all(|dir| !fs::exists(dir).unwrap())
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_boot_in_another_directory_is_left_alone() {
    let mut world = World::new("exec sleep 1000");
    world.up("abc", 1).await;
    let (shim, program) = world.pids("abc", 1).await;
    let root = world.settings.root.clone();
    world.settings.root = root.with_file_name("elsewhere");
    world.restart().await;
    world.gone("abc", 1).await;
    world.settings.root = root;
    world.restart().await;
    world
        .state("abc", 1, |state| {
            matches!(state, Some(BootState::Up { .. }))
        })
        .await;
    assert!(is_running(shim) && is_running(program));
}

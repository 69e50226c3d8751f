//! A boot from launch to erasure.

use std::fs;

use crate::world::{World, is_gone, is_running};
use futures::StreamExt as _;
use runtime_core::sandbox::{BootState, DiskState, Service};
use runtime_core::{Boot, ErrorClass, SandboxBackend as _};

/// Tells its pid and waits.
const WAITS: &str = "echo $$ > pid; exec sleep 1000";

#[tokio::test]
async fn a_program_runs_where_it_was_asked_to_and_keeps_its_disk() {
    let world =
        World::new("echo $0 $port $WORKER_1 > ports; pwd > cwd; echo $$ > pid; exec sleep 1000");
    world.up("abc", 1).await;
    let state = world.state("abc", 1, |state| state.is_some()).await;
    let Some(BootState::Up { endpoints }) = state else {
        panic!("{state:?}");
    };
    let port = |service| endpoints.get(service).unwrap().port();
    let ports = format!("{0} {0} {1}", port(Service::Agent), port(Service::Work1));
    assert_eq!(world.file("abc", "ports").await, ports);
    assert!(world.settings.agent_ports.contains(&port(Service::Vscode)));
    let workspace = world.workspace("abc").canonicalize().unwrap();
    assert_eq!(
        world.file("abc", "cwd").await,
        workspace.display().to_string()
    );

    let pid = world.file("abc", "pid").await.parse().unwrap();
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world.gone("abc", 1).await;
    assert!(!is_running(pid));
    world.disk("abc", Some(DiskState::Present)).await;
    world.up("abc", 2).await;
    assert!(world.workspace("abc").join("ports").exists());
}

#[tokio::test]
async fn erasing_waits_for_the_boots_and_leaves_nothing() {
    let world = World::new("chmod 500 .; mkdir -m 700 x 2>/dev/null; echo ready; exec sleep 1000");
    let id = "abc".parse().unwrap();
    world.up("abc", 1).await;
    let busy = world.backend.erase(&id).await.unwrap_err();
    assert_eq!(busy.class(), ErrorClass::Retry);
    world.backend.release(&id, Boot(1)).await.unwrap();
    world.gone("abc", 1).await;
    world.backend.erase(&id).await.unwrap();
    world.disk("abc", None).await;
    crate::world::wait_for("an empty root", || {
        fs::read_dir(&world.settings.root)
            .unwrap()
            .next()
            .is_none()
            .then_some(())
    })
    .await;
    world.backend.erase(&id).await.unwrap();
    let lost = world
        .backend
        .launch(&world.launch("abc", 2))
        .await
        .unwrap_err();
    assert_eq!(lost.class(), ErrorClass::Gone);
}

#[tokio::test]
async fn launching_twice_makes_one_boot() {
    let world = World::new("echo started; exec sleep 1000");
    let spec = world.launch("abc", 1);
    let both = tokio::join!(world.backend.launch(&spec), world.backend.launch(&spec));
    assert!(both.0.is_ok() && both.1.is_ok());
    world.up("abc", 1).await;
    world.backend.launch(&spec).await.unwrap();
    let pids = world.pids("abc", 1).await;
    world.backend.launch(&spec).await.unwrap();
    assert_eq!(world.pids("abc", 1).await, pids);
}

#[tokio::test]
async fn the_log_is_rotated_and_what_is_kept_is_whole() {
    let script = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; exit 0";
    let world = World::with(script, |settings| {
        settings.log.max_bytes = 4096;
        settings.log.files = 3;
    });
    world.backend.launch(&world.launch("abc", 1)).await.unwrap();
    world.exited("abc", 1).await;
    let log = world
        .backend
        .logs(&"abc".parse().unwrap(), Boot(1), 1 << 20)
        .await
        .unwrap();
    assert!((8192..=12288).contains(&log.len()), "{}", log.len());
    let numbers: Vec<u32> = log
        .lines()
        .map(|line| line.strip_prefix("line ").unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers.last(), Some(&1999));
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
}

#[tokio::test]
async fn a_workspace_that_was_removed_by_hand_is_noticed_and_not_made_anew() {
    let world = World::new("exec sleep 1000");
    world.up("abc", 1).await;
    world.disk("abc", Some(DiskState::Present)).await;
    fs::remove_dir_all(world.sandbox("abc")).unwrap();
    world.disk("abc", Some(DiskState::Absent)).await;
    let id = "abc".parse().unwrap();
    world.backend.release(&id, Boot(1)).await.unwrap();
    world.gone("abc", 1).await;
    let lost = world
        .backend
        .launch(&world.launch("abc", 2))
        .await
        .unwrap_err();
    assert_eq!(lost.class(), ErrorClass::Gone);
    assert!(!world.sandbox("abc").exists());
    world.backend.erase(&id).await.unwrap();
}

#[tokio::test]
async fn secrets_are_in_the_programs_environment_and_nowhere_else() {
    let world = World::new("echo $A_SECRET $SESSION_API_KEY > seen; exec sleep 1000");
    world.up("abc", 1).await;
    assert_eq!(
        world.file("abc", "seen").await,
        "very-hidden-value very-hidden-session-key"
    );
    fs::remove_file(world.workspace("abc").join("seen")).unwrap();
    let (shim, program) = world.pids("abc", 1).await;
    for place in [
        format!("/proc/{shim}/cmdline"),
        format!("/proc/{shim}/environ"),
        format!("/proc/{program}/cmdline"),
    ] {
        let text = fs::read(&place).unwrap();
        assert!(
            !String::from_utf8_lossy(&text).contains("very-hidden"),
            "{place}"
        );
    }
    let mut dirs = vec![world.sandbox("abc")];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                let text = fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&text);
                assert!(!text.contains("very-hidden"), "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn the_watch_tells_every_step() {
    let world = World::new(WAITS);
    let mut events = world.backend.watch();
    let mut seen = vec![events.next().await.unwrap()];
    world.up("abc", 1).await;
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    loop {
        let event = tokio::time::timeout(crate::world::BOUND, events.next())
            .await
            .unwrap()
            .unwrap();
        let last = is_gone(&event, 1);
        seen.push(event);
        if last {
            break;
        }
    }
    let words = format!("{seen:?}");
    let mut rest = words.as_str();
    for word in [
        "ResyncBegins",
        "ResyncEnds",
        "Booting",
        "Up",
        "Leaving",
        "Gone",
    ] {
        rest = rest
            .split_once(word)
            .unwrap_or_else(|| panic!("no {word} in {words}"))
            .1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_launches_at_once_come_up_and_go() {
    let world = World::new("exec sleep 1000");
    let launches: Vec<_> = (0..200)
        .map(|n| world.launch(&format!("s{n}"), 1))
        .collect();
    let all = launches.iter().map(|spec| world.backend.launch(spec));
    for launched in futures::future::join_all(all).await {
        launched.unwrap();
    }
    let listing = world.list().await;
    let up = listing
        .boots
        .values()
        .filter(|state| matches!(state, BootState::Up { .. }));
    assert_eq!(up.count(), 200);
    for spec in &launches {
        world.backend.release(spec.id(), Boot(1)).await.unwrap();
    }
    for n in 0..200 {
        world.gone(&format!("s{n}"), 1).await;
    }
}

#[tokio::test]
async fn temporary_files_go_with_the_boot_wherever_they_are() {
    for depth in ["root", "a-directory-with-a-long-name/and-another/root"] {
        let world = World::with("echo $TMPDIR > temporary; exec sleep 1000", |settings| {
            settings.root = settings.root.with_file_name(depth);
        });
        world.up("abc", 1).await;
        let temporary = world.file("abc", "temporary").await;
        assert!(temporary.len() <= 47 && fs::exists(&temporary).unwrap());
        fs::write(format!("{temporary}/file"), "").unwrap();
        world
            .backend
            .release(&"abc".parse().unwrap(), Boot(1))
            .await
            .unwrap();
        world.gone("abc", 1).await;
        assert!(!fs::exists(&temporary).unwrap(), "{temporary}");
    }
}

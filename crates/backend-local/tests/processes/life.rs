//! A boot from launch to erasure.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use crate::world::{World, ended, is_gone, is_running, spec};
use futures::StreamExt as _;
use runtime_core::sandbox::{BootState, DiskState, Entrypoint, Service};
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
async fn a_port_that_somebody_took_is_not_given_to_a_boot() {
    let (taken, first) = loop {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        if port < 32760 {
            break (taken, port);
        }
        // Not every system hands out ports below its ephemeral range: then take one there.
        if let Some(taken) =
            (20000..32000).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        {
            let port = taken.local_addr().unwrap().port();
            break (taken, port);
        }
    };
    let world = World::with("exec sleep 1000", |settings| {
        settings.agent_ports = first..=first + 7;
    });
    world.up("abc", 1).await;
    let state = world.state("abc", 1, |state| state.is_some()).await;
    let Some(BootState::Up { endpoints }) = state else {
        panic!("{state:?}");
    };
    assert!(
        Service::ALL
            .iter()
            .all(|service| { endpoints.get(*service).unwrap() != taken.local_addr().unwrap() })
    );
    let used_up = world
        .backend
        .launch(&world.launch("def", 1))
        .await
        .unwrap_err();
    assert_eq!(used_up.class(), ErrorClass::Retry);
    assert!(used_up.to_string().contains("local.ports"), "{used_up}");
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world.gone("abc", 1).await;
    world.up("def", 1).await;
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
async fn an_unknown_image_is_refused_with_the_name_of_the_setting() {
    let world = World::new("exit 0");
    for refused in [
        world.backend.check(&spec("busybox")).unwrap_err(),
        world
            .backend
            .launch(&world.launch_of("abc", 1, spec("busybox")))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.class(), ErrorClass::Refused);
        assert!(
            refused.to_string().contains("[[local.images]]"),
            "{refused}"
        );
    }
    world.gone("abc", 1).await;
    assert!(world.backend.check(&spec("tiny")).is_ok());
}

#[tokio::test]
async fn a_missing_program_is_refused_by_its_name() {
    let world = World::new("exit 0");
    for refused in [
        world.backend.check(&spec("absent")).unwrap_err(),
        world
            .backend
            .launch(&world.launch_of("abc", 1, spec("absent")))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.class(), ErrorClass::Refused);
        let message = refused.to_string();
        assert!(message.contains("no-such-program"), "{message}");
        assert!(message.contains("[[local.images]]"), "{message}");
    }
}

#[tokio::test]
async fn a_program_whose_interpreter_is_missing_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = tempfile::tempdir().unwrap();
    let path = bin.path().join("broken");
    fs::write(&path, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let world = World::with("", |settings| {
        let program = backend_local::Program::new("tiny", vec![path.display().to_string()]);
        settings.programs = backend_local::Programs::new([program.unwrap()]);
    });
    let refused = world
        .backend
        .launch(&world.launch("abc", 1))
        .await
        .unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Refused, "{refused}");
    assert!(refused.to_string().contains("broken"), "{refused}");
    world.gone("abc", 1).await;
}

#[tokio::test]
async fn a_shell_script_as_command_is_refused() {
    let world = World::new("exit 0");
    let mut spec = spec("tiny");
    let words = ["sh", "-c", "a && b"];
    spec.entrypoint = Entrypoint::Exec(words.map(str::to_owned).to_vec());
    let refused = world.backend.check(&spec).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Refused);
    assert!(refused.to_string().contains("`command`"), "{refused}");
}

#[tokio::test]
async fn a_shim_that_cannot_run_is_tried_again() {
    let world = World::with("exit 0", |settings| {
        settings.shim = vec!["/bin/true".into()];
    });
    let failed = world
        .backend
        .launch(&world.launch("abc", 1))
        .await
        .unwrap_err();
    assert_eq!(failed.class(), ErrorClass::Retry, "{failed}");
    world.gone("abc", 1).await;
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

#[tokio::test]
async fn a_boot_that_is_released_while_it_starts_goes() {
    let world = World::new(WAITS);
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

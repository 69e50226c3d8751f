//! Limits of memory and processes, where this machine lets us make control groups.

use std::fs;

use crate::world::World;
use runtime_core::{Boot, SandboxBackend as _};

#[tokio::test]
async fn a_program_that_needs_too_much_memory_is_told_as_oom_killed() {
    let world = World::with(
        "read x < /dev/null; x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo ${#x} > size; exec sleep 1000",
        |settings| settings.limits.memory_bytes = Some(32 << 20),
    );
    world.backend.launch(&world.launch("oom", 1)).await.unwrap();
    let groups = world.groups("oom");
    if !groups.iter().any(|dir| dir.contains("memory")) {
        eprintln!("skipped: no control group of memory can be made here");
        return;
    }
    let (code, reason, _) = world.exited("oom", 1).await;
    assert_eq!((code, reason.as_str()), (Some(137), "OOMKilled"));
    assert!(
        groups.iter().all(|dir| !fs::exists(dir).unwrap()),
        "{groups:?}"
    );
}

#[tokio::test]
async fn the_shim_is_outside_of_its_programs_groups_and_removes_them() {
    let world = World::new("echo $$ > pid; exec sleep 1000");
    world.up("grouped", 1).await;
    let (shim, program) = world.pids("grouped", 1).await;
    let groups = world.groups("grouped");
    if groups.is_empty() {
        eprintln!("skipped: no control group can be made here");
        return;
    }
    for dir in &groups {
        let inside = fs::read_to_string(format!("{dir}/cgroup.procs")).unwrap();
        let inside: Vec<i32> = inside.lines().map(|pid| pid.parse().unwrap()).collect();
        assert!(
            inside.contains(&program) && !inside.contains(&shim),
            "{dir}: {inside:?}"
        );
    }
    world
        .backend
        .release(&"grouped".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world.gone("grouped", 1).await;
    assert!(
        groups.iter().all(|dir| !fs::exists(dir).unwrap()),
        "{groups:?}"
    );
}

#[tokio::test]
async fn no_core_is_dumped_and_open_files_are_bounded() {
    let world = World::with(
        "ulimit -c > core; ulimit -n > files; exec sleep 1000",
        |settings| {
            settings.limits.open_files = 123;
        },
    );
    world.up("abc", 1).await;
    assert_eq!(world.file("abc", "core").await, "0");
    assert_eq!(world.file("abc", "files").await, "123");
}

#[tokio::test]
async fn the_shim_needs_less_than_two_mebibytes_of_its_own() {
    let world = World::new("exec sleep 1000");
    world.up("abc", 1).await;
    let (shim, _) = world.pids("abc", 1).await;
    let rollup = fs::read_to_string(format!("/proc/{shim}/smaps_rollup")).unwrap();
    let kib: u64 = rollup
        .lines()
        .filter(|line| line.starts_with("Private_"))
        .map(|line| {
            line.split_ascii_whitespace()
                .nth(1)
                .unwrap()
                .parse::<u64>()
                .unwrap()
        })
        .sum();
    let status = fs::read_to_string(format!("/proc/{shim}/status")).unwrap();
    assert!(status.contains("Threads:\t1\n"), "{status}");
    eprintln!("private memory of a shim: {kib} KiB");
    assert!(kib < 2048, "{rollup}");
}

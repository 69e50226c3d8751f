//! Control groups of boots: memory, processor and processes limited, and a count of what the kernel killed for memory.
//! Both versions of the interface (cgroups(7)); used where the server may write, left out where not.

mod find;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::Limits;

pub(crate) use find::Hierarchies;

/// Length of the period that processor quotas are counted in, in microseconds (the kernel's default).
const CPU_PERIOD_US: u64 = 100_000;
/// Smallest quota that the kernel takes, in microseconds.
const CPU_QUOTA_MIN_US: u64 = 1000;

/// How a hierarchy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Interface {
    /// One hierarchy per controller.
    V1,
    /// One hierarchy for all.
    V2,
}

/// The group of one boot in one hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    interface: Interface,
    dir: PathBuf,
    /// The group that the server is in, where its shims go back to.
    home: PathBuf,
}

/// The groups of one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group(Vec<Member>);

impl Group {
    /// Makes the groups and sets their limits.
    ///
    /// # Errors
    /// When a group cannot be made. A limit that this kernel does not know is left out.
    pub(crate) fn create(&self, limits: &Limits) -> io::Result<()> {
        for member in &self.0 {
            create_with_parent(&member.dir, member.interface)?;
            for (file, value) in limit_files(member.interface, limits) {
                let path = member.dir.join(file);
                if path.exists() {
                    fs::write(path, value)?;
                }
            }
        }
        Ok(())
    }

    /// Moves this process into the groups; children that it starts from now on are born there.
    pub(crate) fn enter(&self) -> io::Result<()> {
        self.0.iter().try_for_each(|member| move_here(&member.dir))
    }

    /// Moves this process back.
    pub(crate) fn leave(&self) -> io::Result<()> {
        self.0.iter().try_for_each(|member| move_here(&member.home))
    }

    /// How many processes the kernel killed because the limit of memory was reached.
    pub(crate) fn killed_for_memory(&self) -> u64 {
        let counts = self.0.iter().filter_map(|member| {
            let file = match member.interface {
                Interface::V1 => "memory.oom_control",
                Interface::V2 => "memory.events",
            };
            let text = fs::read_to_string(member.dir.join(file)).ok()?;
            let count = text
                .lines()
                .find_map(|line| line.strip_prefix("oom_kill "))?;
            count.trim().parse::<u64>().ok()
        });
        counts.sum()
    }

    /// Processes that are in the groups.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let lists = self
            .0
            .iter()
            .filter_map(|member| fs::read_to_string(member.dir.join("cgroup.procs")).ok());
        let mut pids: Vec<i32> = lists
            .flat_map(|list| {
                list.lines()
                    .filter_map(|pid| pid.parse().ok())
                    .collect::<Vec<_>>()
            })
            .collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// Removes the groups, and the one that holds all boots, if this was the last. Whether they are gone: a process that
    /// just ended may keep them for a moment.
    pub(crate) fn remove(&self) -> bool {
        let mut gone = true;
        for member in &self.0 {
            match fs::remove_dir(&member.dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => gone = false,
                Ok(()) | Err(_) => drop(member.dir.parent().map(fs::remove_dir)),
            }
        }
        gone
    }
}

/// Makes a group and the one above it. Another boot may be removing the one above, because it was empty.
fn create_with_parent(dir: &Path, interface: Interface) -> io::Result<()> {
    let mut result = Ok(());
    for _ in 0..3 {
        if let Some(parent) = dir.parent() {
            make_dir(parent)?;
            if interface == Interface::V2 {
                find::enable_controllers(parent);
            }
        }
        result = make_dir(dir);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn make_dir(dir: &Path) -> io::Result<()> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

fn move_here(dir: &Path) -> io::Result<()> {
    fs::write(dir.join("cgroup.procs"), std::process::id().to_string())
}

/// What is written where; the order matters, because swap may not be limited below memory.
fn limit_files(interface: Interface, limits: &Limits) -> Vec<(&'static str, String)> {
    let memory = limits.memory_bytes.map(|bytes| bytes.to_string());
    let quota = limits
        .milli_cpu
        .map(|milli| (milli.saturating_mul(CPU_PERIOD_US) / 1000).max(CPU_QUOTA_MIN_US));
    let pids = limits.pids.map(|pids| pids.to_string());
    let files = match interface {
        Interface::V1 => [
            ("memory.limit_in_bytes", memory.clone()),
            ("memory.memsw.limit_in_bytes", memory),
            (
                "cpu.cfs_period_us",
                quota.map(|_| CPU_PERIOD_US.to_string()),
            ),
            ("cpu.cfs_quota_us", quota.map(|quota| quota.to_string())),
            ("pids.max", pids),
        ],
        Interface::V2 => [
            ("memory.max", memory.clone()),
            ("memory.swap.max", memory.map(|_| "0".to_owned())),
            (
                "cpu.max",
                quota.map(|quota| format!("{quota} {CPU_PERIOD_US}")),
            ),
            ("pids.max", pids),
            ("memory.oom.group", None),
        ],
    };
    files
        .into_iter()
        .filter_map(|(file, value)| Some((file, value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_in_the_words_of_each_interface() {
        let limits = Limits {
            memory_bytes: Some(1000),
            milli_cpu: Some(1500),
            pids: None,
            open_files: 1,
        };
        let of = |interface| {
            limit_files(interface, &limits)
                .into_iter()
                .map(|(file, value)| format!("{file}={value}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(Interface::V1),
            [
                "memory.limit_in_bytes=1000",
                "memory.memsw.limit_in_bytes=1000",
                "cpu.cfs_period_us=100000",
                "cpu.cfs_quota_us=150000",
            ]
        );
        assert_eq!(
            of(Interface::V2),
            [
                "memory.max=1000",
                "memory.swap.max=0",
                "cpu.max=150000 100000"
            ]
        );
    }
}

//! Settings of the backend.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use runtime_core::InstallationId;
use runtime_core::sandbox::ResourceFactor;
use serde::{Deserialize, Serialize};

use crate::error::LocalError;
use crate::ports::PORTS_PER_BOOT;
use crate::programs::Programs;

/// First port of Linux's ephemeral range (`net.ipv4.ip_local_port_range`): from here on any outgoing connection of this
/// machine may hold a port.
const EPHEMERAL: u16 = 32768;

/// Settings of a [`LocalBackend`](crate::LocalBackend). Make them with [`new`](Self::new) and change what differs.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// Holds one directory per sandbox. Made when it is missing. UTF-8.
    pub root: PathBuf,
    /// Whose sandboxes these are.
    pub installation: InstallationId,
    /// Which program runs for which image.
    pub programs: Programs,
    /// Command line that runs [`shim_main`](crate::shim_main), such as this binary with a hidden subcommand. It gets one
    /// more argument, the boot's name, for people who look at the list of processes.
    pub shim: Vec<OsString>,
    /// Where programs are searched (`PATH`), by the server and inside sandboxes.
    pub search_path: OsString,
    /// Ports that programs in sandboxes listen on, four per boot; below 32768.
    pub agent_ports: RangeInclusive<u16>,
    /// What a sandbox with resource factor 1 may use.
    pub limits: Limits,
    /// How long a program may take to end after SIGTERM before it gets SIGKILL.
    pub grace: Duration,
    /// How much of what a boot writes is kept.
    pub log: LogLimits,
    /// How often it is checked that the sandboxes' workspaces are still there.
    pub disk_check: Duration,
}

impl LocalSettings {
    /// The defaults for a place, an owner, a shim and a search path.
    pub fn new(
        root: impl Into<PathBuf>,
        installation: InstallationId,
        shim: Vec<OsString>,
        search_path: OsString,
    ) -> Self {
        Self {
            root: root.into(),
            installation,
            programs: Programs::default(),
            shim,
            search_path,
            agent_ports: 10000..=19999,
            limits: Limits::default(),
            grace: Duration::from_secs(10),
            log: LogLimits::default(),
            disk_check: Duration::from_secs(2),
        }
    }

    pub(crate) fn check(&self) -> Result<(), LocalError> {
        let ports = usize::from(*self.agent_ports.end())
            .saturating_sub(usize::from(*self.agent_ports.start()));
        if *self.agent_ports.start() == 0
            || *self.agent_ports.end() >= EPHEMERAL
            || ports + 1 < PORTS_PER_BOOT
        {
            return Err(LocalError::Ports(self.agent_ports.clone()));
        }
        if self.shim.is_empty() {
            return Err(LocalError::NoShim);
        }
        Ok(())
    }
}

/// What a sandbox may use. Memory, processor and processes are limited by cgroups, where this machine lets the server
/// make some; open files by the resource limit of each process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory in bytes, swap included; none: unlimited.
    pub memory_bytes: Option<u64>,
    /// Processor time in thousandths of a core; none: unlimited.
    pub milli_cpu: Option<u64>,
    /// Processes and threads; none: unlimited. The factor does not change it.
    pub pids: Option<u64>,
    /// Open files of one process. The factor does not change it, and the server's own hard limit bounds it.
    pub open_files: u64,
}

impl Default for Limits {
    /// 4 GiB and 2 cores (what the Go server gives, contract §3.4), 4096 processes, 65536 files.
    fn default() -> Self {
        Self {
            memory_bytes: Some(4 << 30),
            milli_cpu: Some(2000),
            pids: Some(4096),
            open_files: 65536,
        }
    }
}

impl Limits {
    /// What a sandbox of this factor may use.
    pub(crate) fn scaled(self, factor: ResourceFactor) -> Self {
        Self {
            memory_bytes: self.memory_bytes.map(|base| factor.scale(base)),
            milli_cpu: self.milli_cpu.map(|base| factor.scale(base)),
            ..self
        }
    }
}

/// How much of what a boot writes is kept: a current file and some full ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLimits {
    /// Largest size of one file in bytes.
    pub max_bytes: u64,
    /// Number of files, the current one included.
    pub files: u32,
}

impl Default for LogLimits {
    /// Three files of 10 MiB.
    fn default() -> Self {
        Self {
            max_bytes: 10 << 20,
            files: 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> LocalSettings {
        let installation: InstallationId =
            serde_json::from_str("\"00000000-0000-0000-0000-000000000000\"").unwrap();
        LocalSettings::new("/tmp/x", installation, vec!["shim".into()], "/bin".into())
    }

    #[test]
    fn the_factor_changes_memory_and_processor_only() {
        let twice = Limits::default().scaled(ResourceFactor::from_thousandths(500).unwrap());
        assert_eq!(twice.memory_bytes, Some(2 << 30));
        assert_eq!(twice.milli_cpu, Some(1000));
        assert_eq!(twice.pids, Limits::default().pids);
    }

    #[test]
    fn ports_of_the_ephemeral_range_are_refused() {
        for (ports, good) in [
            (10000..=19999, true),
            (10000..=10003, true),
            (10000..=10002, false),
            (30000..=32768, false),
            (0..=100, false),
        ] {
            let settings = LocalSettings {
                agent_ports: ports.clone(),
                ..settings()
            };
            assert_eq!(settings.check().is_ok(), good, "{ports:?}");
        }
    }
}

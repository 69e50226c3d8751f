//! The files of a boot: what was launched, who runs it, how it ended. None of them holds a secret.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use runtime_core::sandbox::ServicePorts;
use runtime_core::{Boot, InstallationId, SandboxId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cgroup::Group;
use crate::process::Process;

/// `sandbox.json`: whose directory this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SandboxFile {
    pub(crate) installation: InstallationId,
    pub(crate) created_at: Timestamp,
}

/// `launch.json`: a boot exists from when this is written until it is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LaunchFile {
    pub(crate) installation: InstallationId,
    pub(crate) id: SandboxId,
    pub(crate) boot: Boot,
    pub(crate) created_at: Timestamp,
    pub(crate) image: String,
    /// The program alone: its arguments may hold keys.
    pub(crate) program: PathBuf,
    pub(crate) ports: Ports,
    /// Directory for temporary files, removed with the boot.
    pub(crate) temporary: PathBuf,
    pub(crate) cgroup: Option<Group>,
}

/// Ports of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    agent: u16,
    vscode: u16,
    work_1: u16,
    work_2: u16,
}

impl From<ServicePorts> for Ports {
    fn from(ports: ServicePorts) -> Self {
        let ServicePorts {
            agent,
            vscode,
            work_1,
            work_2,
        } = ports;
        Self {
            agent,
            vscode,
            work_1,
            work_2,
        }
    }
}

impl From<Ports> for ServicePorts {
    fn from(ports: Ports) -> Self {
        let Ports {
            agent,
            vscode,
            work_1,
            work_2,
        } = ports;
        Self {
            agent,
            vscode,
            work_1,
            work_2,
        }
    }
}

/// `shim.json`: who runs the boot, written by the shim once the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShimFile {
    /// The start of the machine in which the numbers mean something (`/proc/sys/kernel/random/boot_id`).
    pub(crate) machine: String,
    pub(crate) shim: Process,
    pub(crate) program: Process,
}

/// `exit.json`: how the program ended, written by the shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExitFile {
    /// Exit code; 128 + signal where a signal ended it.
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
    /// The kernel killed something of this boot for its memory limit.
    pub(crate) out_of_memory: bool,
    /// Nothing of the boot was left when this was written.
    pub(crate) swept: bool,
}

/// The start of the machine in which this process runs.
pub(crate) fn machine() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// Writes a file so that readers see the old one or the new one, whole, and only its owner can read it.
pub(crate) fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    fs::rename(&draft, path)
}

/// Reads what [`write`] wrote; none when there is no such file, or one that says something else.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_read_back_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("exit.json");
        let exit = ExitFile {
            code: 137,
            signal: Some(9),
            out_of_memory: false,
            swept: true,
        };
        assert_eq!(read::<ExitFile>(&path), None);
        write(&path, &exit).unwrap();
        assert_eq!(read(&path), Some(exit));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&path, "{").unwrap();
        assert_eq!(read::<ExitFile>(&path), None);
    }
}

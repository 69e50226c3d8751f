//! After a start of the server: what is there, found by files and checked against processes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use runtime_core::sandbox::{BootState, DiskState};
use runtime_core::{Boot, SandboxId};
use tokio_util::sync::CancellationToken;

use crate::boot::Attended;
use crate::host::Host;
use crate::leftovers::Signs;
use crate::logs;
use crate::names;
use crate::observe;
use crate::pid_file::{self, ExitFile, LaunchFile, ShimFile};
use crate::ports;
use crate::strays;
use crate::workspace::SandboxDir;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Boots to be looked after; they are in the registry.
    pub(crate) boots: Vec<Attended>,
    /// Directories whose removal was not finished.
    pub(crate) trash: Vec<PathBuf>,
    /// Boots that run without a directory.
    pub(crate) strays: Vec<Signs>,
}

/// Reads all directories and fills the registry.
///
/// # Errors
/// When the directories cannot be read.
pub(crate) fn find(host: &Host) -> io::Result<Found> {
    let mut found = Found::default();
    for entry in fs::read_dir(&host.settings.root)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if names::is_trash(name) {
            found.trash.push(entry.path());
        } else if let Ok(id) = name.parse::<SandboxId>()
            && entry.file_type()?.is_dir()
        {
            find_sandbox(host, &id, &mut found)?;
        }
    }
    found.strays = find_strays(host, &found.boots)?;
    Ok(found)
}

fn find_strays(host: &Host, boots: &[Attended]) -> io::Result<Vec<Signs>> {
    let known: BTreeSet<String> = boots
        .iter()
        .map(|found| {
            names::marker(
                found.launch.installation,
                &found.launch.id,
                found.launch.boot,
            )
        })
        .collect();
    strays::find(host.installation(), &host.hierarchies, |marker| {
        known.contains(marker)
    })
}

fn find_sandbox(host: &Host, id: &SandboxId, found: &mut Found) -> io::Result<()> {
    let dir = SandboxDir::new(&host.settings.root, id);
    let about = dir.read_about();
    let disk = match (dir.has_disk(), &about) {
        (true, _) => DiskState::Present,
        (false, Some(_)) => DiskState::Absent,
        // A first launch that did not get far.
        (false, None) => DiskState::Unknown,
    };
    host.registry.found(id, about, disk);
    for boot in dir.boots()? {
        // Only logs are left of the others.
        if let Some(launch) = pid_file::read::<LaunchFile>(&dir.boot(boot).launch_file())
            && launch.id == *id
            && launch.boot == boot
        {
            found.boots.push(find_boot(host, &dir, boot, launch));
        }
    }
    Ok(())
}

fn find_boot(host: &Host, sandbox: &SandboxDir, boot: Boot, launch: LaunchFile) -> Attended {
    host.ports.hold(&launch.ports.into());
    let dir = sandbox.boot(boot);
    let leave = CancellationToken::new();
    let noted: Option<ShimFile> = pid_file::read(&dir.shim_file());
    let same_machine = noted
        .as_ref()
        .is_none_or(|noted| noted.machine == host.machine);
    let shim = noted.filter(|_| same_machine);
    let handle = shim.as_ref().and_then(|known| known.shim.open());
    let exit: Option<ExitFile> = pid_file::read(&dir.exit_file());
    let state = match (&handle, &shim, &exit) {
        (Some(_), _, _) => BootState::Up {
            endpoints: ports::endpoints(&launch.ports.into()),
        },
        (None, _, Some(exit)) if exit.swept => {
            observe::exited(Some(exit), same_machine, logs::tail(&dir.log()))
        }
        (None, None, _) if same_machine => {
            // The server ended in the middle of the launch: it is undone, and the core launches again.
            leave.cancel();
            observe::booting()
        }
        // Its processes may still run, so it has not ended yet.
        (None, _, _) => BootState::Booting {
            detail: "looking for what is left of it".to_owned(),
        },
    };
    host.registry.adopt(&launch, state, leave.clone());
    Attended {
        dir,
        launch,
        shim,
        handle,
        same_machine,
        leave,
    }
}

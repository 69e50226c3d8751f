//! The processes of a server's sandboxes, as the kernel shows them.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// What the backend puts into the environment of every process of a boot.
const MARKER: &str = "PINFOLD_BOOT";

/// A process that belongs to a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) command: String,
    /// The sandbox, where the process was born into one.
    pub(crate) sandbox: Option<String>,
}

/// Every process but `except` that works in `dir`, or whose environment, command line or open files name it.
pub(crate) fn of(dir: &Path, except: u32) -> Vec<Process> {
    let own = std::process::id();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != except && *pid != own)
        .filter_map(|pid| seen(dir, pid))
        .collect()
}

/// One process, if it belongs to `dir`. One that ended meanwhile does not.
fn seen(dir: &Path, pid: u32) -> Option<Process> {
    let read = |file: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    if is_zombie(pid) {
        return None;
    }
    let (environment, command) = (read("environ"), read("cmdline").replace('\0', " "));
    let mut variables = environment
        .split('\0')
        .filter_map(|pair| pair.split_once('='));
    // Installation, sandbox and number of the boot, with slashes between them.
    let sandbox = variables
        .find(|(name, _)| *name == MARKER)
        .and_then(|(_, marker)| marker.split('/').nth(1).map(str::to_owned));
    let name = dir.to_str()?;
    let belongs = environment.contains(name)
        || command.contains(name)
        || leads_into(dir, format!("/proc/{pid}/cwd"))
        || (sandbox.is_some() && has_open_files(dir, pid));
    belongs.then_some(Process {
        pid,
        command,
        sandbox,
    })
}

fn leads_into(dir: &Path, link: impl AsRef<Path>) -> bool {
    fs::read_link(link).is_ok_and(|target| target.starts_with(dir))
}

fn has_open_files(dir: &Path, pid: u32) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"));
    files.is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| leads_into(dir, file.path())))
    })
}

/// Whether the process is there and not only waiting to be waited for.
pub(crate) fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists() && !is_zombie(pid)
}

fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| rest.starts_with('Z'))
}

/// The process that started this one.
pub(crate) fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let mut fields = stat.rsplit(") ").next().unwrap().split(' ');
    fields.nth(1).unwrap().parse().unwrap()
}

/// The process group.
pub(crate) fn group(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let mut fields = stat.rsplit(") ").next().unwrap().split(' ');
    fields.nth(2).unwrap().parse().unwrap()
}

fn of_number(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// SIGKILL; a process that is gone already is no error.
pub(crate) fn kill(pid: u32) {
    kill_process(of_number(pid), Signal::KILL).ok();
}

/// SIGKILL to a whole group.
pub(crate) fn kill_group(group: u32) {
    kill_process_group(of_number(group), Signal::KILL).ok();
}

/// SIGTERM.
pub(crate) fn terminate(pid: u32) {
    kill_process(of_number(pid), Signal::TERM).unwrap();
}

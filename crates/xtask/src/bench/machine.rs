//! What we measure on, and what else it is doing.

use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::workspace::root;

/// The machine and the code.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    model: String,
    memory_gib: u64,
    kernel: String,
    /// As git names it, with `-dirty` where files differ.
    pub(crate) revision: String,
}

impl Machine {
    /// Asks the kernel, and git where it is there.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub(crate) fn look() -> Result<Self> {
        let memory_kib: u64 = field("/proc/meminfo", "MemTotal")?
            .trim_end_matches("kB")
            .trim()
            .parse()?;
        let revision = Command::new("git")
            .args(["describe", "--always", "--dirty", "--exclude=*"])
            .current_dir(root())
            .output();
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            // Not every architecture tells it.
            model: field("/proc/cpuinfo", "model name").unwrap_or_else(|_| "unnamed".to_owned()),
            memory_gib: memory_kib >> 20,
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            revision: revision.map_or_else(
                |_| "unknown".to_owned(),
                |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            ),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cores,
            model,
            memory_gib,
            kernel,
            revision,
        } = self;
        write!(
            f,
            "Revision {revision} on {cores} cores ({model}), {memory_gib} GiB, Linux {kernel}"
        )
    }
}

/// How many tasks ran or waited in the last minute.
///
/// # Errors
/// The kernel does not tell.
pub(crate) fn load() -> Result<String> {
    let averages = read("/proc/loadavg")?;
    let minute = averages.split(' ').next();
    Ok(minute.context("/proc/loadavg is empty")?.to_owned())
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

/// The first `name: value` of a file.
fn field(path: &str, name: &str) -> Result<String> {
    let text = read(path)?;
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(field, _)| field.trim() == name);
    let (_, value) = found.with_context(|| format!("no {name} in {path}"))?;
    Ok(value.trim().to_owned())
}

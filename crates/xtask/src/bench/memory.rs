//! How much memory a process holds.

use std::fs;
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Pid;

use crate::interrupt::Interrupt;
use crate::wait::wait_closely;

/// Between two looks at a process that should be at rest.
const PAUSE: Duration = Duration::from_millis(500);
/// For it to come to rest.
const REST: Duration = Duration::from_secs(30);

/// In bytes, as `proc_pid_smaps(5)` tells them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident set size: pages in memory.
    pub(crate) rss: f64,
    /// Proportional set size: shared pages divided among those who share them.
    pub(crate) pss: f64,
}

/// What it holds now.
///
/// # Errors
/// The process is gone.
pub(crate) fn of(pid: Pid) -> Result<Memory> {
    let path = format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero());
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let bytes = |name: &str| -> Result<f64> {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_suffix("kB"));
        let kib: u32 = value
            .with_context(|| format!("no {name} in {path}"))?
            .trim()
            .parse()?;
        Ok(f64::from(kib) * 1024.0)
    };
    Ok(Memory {
        rss: bytes("Rss:")?,
        pss: bytes("Pss:")?,
    })
}

/// What it holds when it has come to rest: two looks in a row see the same to a hundredth.
///
/// # Errors
/// The process is gone, or we were interrupted.
pub(crate) fn at_rest(pid: Pid, interrupt: &Interrupt) -> Result<Memory> {
    let mut last: Option<Memory> = None;
    wait_closely(
        "its memory to stay the same",
        PAUSE,
        REST,
        interrupt,
        || {
            let now = of(pid)?;
            let before = last.replace(now);
            let same = before.is_some_and(|before| (now.rss - before.rss).abs() < now.rss / 100.0);
            Ok(if same {
                ControlFlow::Break(now)
            } else {
                ControlFlow::Continue(format!("{} bytes", now.rss))
            })
        },
    )
}

//! What takes long to make is kept outside the clone, and made once however many runs want it.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::interrupt::Interrupt;
use crate::wait::wait_for;

/// For another run of ours that makes the same.
const OTHER_RUN: Duration = Duration::from_secs(1800);

/// `$PINFOLD_CACHE`, else `pinfold` in `$XDG_CACHE_HOME` or `~/.cache`.
pub(crate) fn dir() -> Result<PathBuf> {
    let absolute = |dir: OsString| {
        std::path::absolute(dir).context("the cache directory has no absolute path")
    };
    if let Some(dir) = std::env::var_os("PINFOLD_CACHE").filter(|dir| !dir.is_empty()) {
        return absolute(dir);
    }
    if let Some(dir) = std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()) {
        return Ok(absolute(dir)?.join("pinfold"));
    }
    let home = std::env::home_dir().context("there is no home directory: set PINFOLD_CACHE")?;
    Ok(home.join(".cache/pinfold"))
}

/// Held until the file is dropped, and by the kernel's word not longer than we live.
pub(crate) fn lock(path: &Path, interrupt: &Interrupt) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot open {}", path.display()))?;
    wait_for(
        "another run that makes the same",
        OTHER_RUN,
        interrupt,
        || match file.try_lock() {
            Ok(()) => Ok(ControlFlow::Break(())),
            Err(TryLockError::WouldBlock) => Ok(ControlFlow::Continue(format!(
                "{} is locked",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the cache"),
        },
    )?;
    Ok(file)
}

/// Removes what an interrupted run left.
pub(crate) fn remove(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_waits_for_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.lock");
        let first = lock(&path, &Interrupt::never()).unwrap();
        assert_eq!(
            lock(&path, &Interrupt::already()).unwrap_err().to_string(),
            "interrupted"
        );
        drop(first);
        lock(&path, &Interrupt::never()).unwrap();
    }
}

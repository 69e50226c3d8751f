//! The released OpenHands agent-server and SDK, in a virtual environment outside the clone.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::command;
use crate::interrupt::Interrupt;
use crate::parts::{cache, python};
use crate::step::say;
use crate::workspace;

/// The release of agent-server and SDK that we are tested with.
pub(crate) const VERSION: &str = "1.58.2";
const PACKAGES: [&str; 4] = [
    "openhands-agent-server",
    "openhands-sdk",
    "openhands-tools",
    "openhands-workspace",
];

/// Every package that gets installed, with its version.
const CONSTRAINTS: &str = include_str!("../../../../tests/clients/constraints.txt");

/// Written last into a finished environment.
const STAMP: &str = ".complete";
/// For one of the three commands that make an environment: some 200 packages, perhaps over a slow line.
const INSTALL: Duration = Duration::from_secs(900);

/// The image that the server maps to the agent-server of this environment.
pub(crate) fn image() -> String {
    format!("ghcr.io/openhands/agent-server:{VERSION}-python")
}

/// A finished virtual environment.
#[derive(Debug)]
pub(crate) struct Environment {
    dir: PathBuf,
}

impl Environment {
    /// Finds the environment in the cache, or makes it there.
    ///
    /// Runs at the same time wait for each other, and what an interrupted run left is made anew.
    ///
    /// # Errors
    /// There is no suitable Python, or the packages cannot be installed.
    pub(crate) fn prepare(interrupt: &Interrupt) -> Result<Self> {
        let cache = cache::dir()?.join("agent-server");
        fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
        let key = cache_key();
        let dir = cache.join(&key);
        let _lock = cache::lock(&cache.join(format!("{key}.lock")), interrupt)?;
        if is_complete(&dir) {
            return Ok(Self { dir });
        }
        let python = python::find()?;
        say(format_args!(
            "    making {} (once; takes a minute or two)",
            dir.display()
        ))?;
        cache::remove(&dir)?;
        if let Err(error) = make(&dir, &python, interrupt) {
            cache::remove(&dir)?;
            return Err(error);
        }
        Ok(Self { dir })
    }

    /// The environment's own directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Holds `python` and, under the name that it has in the released image, `openhands-agent-server`.
    pub(crate) fn bin(&self) -> PathBuf {
        self.dir.join("bin")
    }

    /// The interpreter that has the SDK.
    pub(crate) fn python(&self) -> PathBuf {
        self.bin().join("python")
    }

    /// Our own `PATH` with this environment's programs first.
    pub(crate) fn path(&self) -> Result<OsString> {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let dirs = std::iter::once(self.bin()).chain(std::env::split_paths(&inherited));
        std::env::join_paths(dirs).context("the cache directory has a colon in its name")
    }
}

/// Changes whenever something else would be installed.
fn cache_key() -> String {
    let hash = Sha256::digest(CONSTRAINTS);
    let hash: String = hash
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{VERSION}-{hash}")
}

/// The Python that it was made with may have gone since.
fn is_complete(dir: &Path) -> bool {
    dir.join(STAMP).is_file() && python::runs(&dir.join("bin/python"))
}

/// A virtual environment cannot be moved, so it is made in its place, and the stamp says when it is whole.
fn make(dir: &Path, python: &Path, interrupt: &Interrupt) -> Result<()> {
    let constraints = workspace::root().join("tests/clients/constraints.txt");
    let run = |command: &mut Command| command::run(command, INSTALL, interrupt, |_| false);

    run(Command::new(python).args(["-m", "venv"]).arg(dir))?;
    let inside = dir.join("bin/python");
    run(Command::new(&inside)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "uv",
            "--constraint",
        ])
        .arg(&constraints))?;
    // Compiled now, because an agent-server without bytecode takes twice as long to boot.
    run(Command::new(dir.join("bin/uv"))
        .args([
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
        ])
        .arg(&inside)
        .arg("--constraint")
        .arg(&constraints)
        .args(PACKAGES.map(|package| format!("{package}=={VERSION}"))))?;
    symlink("agent-server", dir.join("bin/openhands-agent-server"))
        .context("cannot name the agent-server")?;
    fs::write(dir.join(STAMP), VERSION).context("cannot finish the environment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constraints_pin_the_release() {
        for package in PACKAGES {
            let pin = format!("{package}=={VERSION}");
            assert!(CONSTRAINTS.lines().any(|line| line == pin), "{pin}");
        }
    }

    #[test]
    fn the_constraints_pin_every_package_exactly() {
        for line in CONSTRAINTS.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(line.split("==").count(), 2, "{line}");
        }
    }

    #[test]
    fn an_environment_without_its_stamp_is_not_complete() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_complete(dir.path()));
    }
}

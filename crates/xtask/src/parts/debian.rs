//! Programs from Debian's packages, unpacked into the cache: nothing is installed, and no rights are needed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::command;
use crate::interrupt::Interrupt;
use crate::parts::cache;
use crate::step::say;

/// For fetching the lists or one package.
const FETCH: Duration = Duration::from_secs(300);
/// Written last into a directory that is whole.
const STAMP: &str = ".complete";

/// A program of a package.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    /// The package that has it.
    pub(crate) package: &'static str,
    /// Where it stands in the package, without the slash at the front.
    pub(crate) path: &'static str,
}

impl Program {
    /// The program, as the machine has it installed or as it was unpacked into the cache before; else it is fetched and
    /// unpacked now.
    ///
    /// # Errors
    /// The machine has no `apt-get`, or the package cannot be fetched: what to install by hand.
    pub(crate) fn prepare(self, interrupt: &Interrupt) -> Result<PathBuf> {
        let installed = PathBuf::from("/").join(self.path);
        if installed.is_file() {
            return Ok(installed);
        }
        let cache = cache::dir()?.join("debian");
        fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
        let _lock = cache::lock(&cache.join(format!("{}.lock", self.package)), interrupt)?;
        let dir = cache.join(self.package);
        let program = dir.join(self.path);
        if !dir.join(STAMP).is_file() {
            say(format_args!(
                "    unpacking Debian's {} into {} (once)",
                self.package,
                dir.display()
            ))?;
            cache::remove(&dir)?;
            fs::create_dir_all(&dir)?;
            self.unpack(&dir, interrupt).with_context(|| {
                format!("install the package {} by hand and try again", self.package)
            })?;
        }
        if !program.is_file() {
            bail!("the package {} has no {}", self.package, self.path);
        }
        Ok(program)
    }

    fn unpack(self, dir: &std::path::Path, interrupt: &Interrupt) -> Result<()> {
        let apt = |arguments: &[&str]| {
            let mut apt = Command::new("apt-get");
            apt.arg("-qq").args(arguments).current_dir(dir);
            command::run(&mut apt, FETCH, interrupt, |_| false)
        };
        if apt(&["download", self.package]).is_err() {
            // The lists may be old, or were never fetched.
            apt(&["update"])?;
            apt(&["download", self.package])?;
        }
        let package = fs::read_dir(dir)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt-get left no package")?;
        let mut dpkg = Command::new("dpkg-deb");
        dpkg.arg("--extract").arg(&package).arg(dir);
        command::run(&mut dpkg, FETCH, interrupt, |_| false)?;
        fs::remove_file(&package)?;
        fs::write(dir.join(STAMP), "").context("cannot finish the directory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_program_is_taken_as_it_is() {
        let program = Program {
            package: "coreutils",
            path: "bin/true",
        };
        let found = program.prepare(&Interrupt::already()).unwrap();
        assert_eq!(found, PathBuf::from("/bin/true"));
    }
}

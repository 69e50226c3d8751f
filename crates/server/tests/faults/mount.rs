//! Small file systems, where this user may mount some.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory with something mounted on it; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct Mount {
    path: PathBuf,
    _home: Option<tempfile::TempDir>,
}

impl Mount {
    /// A file system of this size in memory; none, and the reason is printed, where it cannot be had.
    pub(crate) fn small(size: &str) -> Option<Self> {
        let home = tempfile::Builder::new()
            .prefix("pinfold-mount-")
            .tempdir()
            .unwrap();
        let path = home.path().canonicalize().unwrap();
        let options = format!("size={size},mode=700");
        mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], &path)?;
        Some(Self {
            path,
            _home: Some(home),
        })
    }

    /// One file that cannot be written through its name.
    pub(crate) fn read_only(file: &Path) -> Option<Self> {
        let name = file.to_str().unwrap();
        mount(&["--bind", name], file)?;
        let mounted = Self {
            path: file.to_owned(),
            _home: None,
        };
        mount(&["-o", "remount,bind,ro"], file)?;
        Some(mounted)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the whole file system read-only.
    pub(crate) fn protect(&self) {
        mount(&["-o", "remount,ro"], &self.path).unwrap();
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let mut block = 1 << 20;
        let mut content: Vec<u8> = Vec::new();
        while block > 0 {
            content.resize(content.len() + block, b'f');
            if fs::write(self.filler(), &content).is_err() {
                content.truncate(content.len() - block);
                block /= 2;
            }
        }
        // What the last failure left of it takes the rest.
        fs::write(self.filler(), vec![b'f'; content.len() + 4096]).unwrap_err();
    }

    /// Gives the room back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a test that failed may have left something open.
        Command::new("umount")
            .arg("-l")
            .arg(&self.path)
            .status()
            .ok();
    }
}

fn mount(arguments: &[&str], at: &Path) -> Option<()> {
    let output = Command::new("mount").args(arguments).arg(at).output();
    match output {
        Ok(output) if output.status.success() => Some(()),
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            eprintln!("not run: this user cannot mount: {}", reason.trim());
            None
        }
        Err(error) => {
            eprintln!("not run: there is no mount: {error}");
            None
        }
    }
}

//! Finding a Python that the agent-server runs on.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

/// Ends with status 0 on a Python that will do: what the released packages ask for (`Requires-Python: >=3.12`; not all
/// of their dependencies have wheels for 3.14), with what makes virtual environments.
const SUITABLE: &str =
    "import sys, venv, ensurepip; sys.exit(not (3, 12) <= sys.version_info < (3, 14))";

const WANTED: &str = "needs Python 3.12 or 3.13 with venv: put `python3.12` on PATH \
    (Debian and Ubuntu: apt install python3.12 python3.12-venv), or `pyenv install 3.12`";

/// The first suitable Python on `PATH`, else under pyenv.
///
/// # Errors
/// There is none; the message says what to install.
pub(crate) fn find() -> Result<PathBuf> {
    let on_path = ["python3.12", "python3.13", "python3"].map(PathBuf::from);
    on_path
        .into_iter()
        .chain(under_pyenv())
        .find(|python| is_suitable(python))
        .context(WANTED)
}

/// Whether this is an interpreter that runs and will do.
fn is_suitable(python: &Path) -> bool {
    succeeds(Command::new(python).args(["-c", SUITABLE]))
}

/// Whether this interpreter runs at all.
pub(crate) fn runs(python: &Path) -> bool {
    succeeds(Command::new(python).args(["-c", ""]))
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// pyenv keeps what it installs in `versions/3.12.1/bin/python`; its shims on `PATH` only lead to the chosen version.
fn under_pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let Some(root) = root.or_else(|| Some(std::env::home_dir()?.join(".pyenv"))) else {
        return Vec::new();
    };
    let Ok(versions) = root.join("versions").read_dir() else {
        return Vec::new();
    };
    let mut pythons: Vec<_> = versions
        .filter_map(|version| version.ok())
        .filter(|version| is_wanted(&version.file_name()))
        .map(|version| version.path().join("bin/python"))
        .collect();
    pythons.sort();
    pythons
}

fn is_wanted(version: &OsStr) -> bool {
    let version = version.to_string_lossy();
    ["3.12", "3.13"].iter().any(|wanted| {
        version
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_by_their_names() {
        for name in ["3.12.1", "3.13.0", "3.12"] {
            assert!(is_wanted(OsStr::new(name)), "{name}");
        }
        for name in ["3.11.7", "3.120.1", "2.7.18", "pypy3.12", "system"] {
            assert!(!is_wanted(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn what_does_not_run_is_not_suitable() {
        assert!(!is_suitable(Path::new("/no/such/python")));
        assert!(!is_suitable(Path::new("false")));
    }
}

//! The process's environment, read once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Before every variable of ours.
pub(super) const PREFIX: &str = "PINFOLD_";
/// Where programs are found when `PATH` is not set (as `execvp` does it).
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The environment variables of a process. Values may be keys, so Debug shows names only.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// The text of a variable; empty, and what is no text, is absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str()
    }

    /// The text of a variable, or what stands there instead; empty is absent.
    pub(super) fn text(&self, name: &str) -> Option<Result<&str, &OsStr>> {
        self.os(name).map(|value| value.to_str().ok_or(value))
    }

    /// The names of those that are set, as far as they are text.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let set = self.0.iter().filter(|(_, value)| !value.is_empty());
        set.filter_map(|(name, _)| name.to_str())
    }

    /// `PINFOLD_CONFIG`.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.os("PINFOLD_CONFIG").map(PathBuf::from)
    }

    /// Where data is kept unless told otherwise (XDG Base Directory Specification).
    pub(crate) fn default_data_dir(&self) -> Option<PathBuf> {
        let absolute = |name| {
            self.os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .map(|data| data.join("pinfold"))
    }

    /// `PATH`.
    pub(super) fn search_path(&self) -> OsString {
        self.os("PATH")
            .map_or_else(|| DEFAULT_PATH.into(), OsStr::to_owned)
    }

    fn os(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

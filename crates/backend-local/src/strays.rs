//! Boots of ours that run although their directory was removed while no server watched: nothing else would ever end
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use runtime_core::InstallationId;

use crate::cgroup::{Group, Hierarchies};
use crate::leftovers::Signs;
use crate::names;
use crate::process::{self, Process};

/// What was found of one boot.
#[derive(Debug, Default)]
struct Stray {
    has_home: bool,
    cgroup: Option<Group>,
    /// The oldest process that leads a session: the shim, if it is there.
    leader: Option<Process>,
}

/// Boots that run, are not `known`, and whose home is gone. A boot whose home is still there belongs to another
/// directory for sandboxes (the setting was changed, say): somebody may want its work, so it is only named in the log.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn find(
    installation: InstallationId,
    hierarchies: &Hierarchies,
    known: impl Fn(&str) -> bool,
) -> io::Result<Vec<Signs>> {
    let mut found: BTreeMap<String, Stray> = BTreeMap::new();
    for (pid, stat) in process::every()? {
        if stat.ended {
            continue;
        }
        // Others' processes cannot be read, and are not ours.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let Some(marker) = variable(&environment, names::MARKER) else {
            continue;
        };
        let Some((id, boot)) = names::boot_of_marker(&marker, installation) else {
            continue;
        };
        if known(&marker) {
            continue;
        }
        let stray = found.entry(marker).or_default();
        stray.cgroup = hierarchies.group(installation, &id, boot);
        // The shim has no home.
        stray.has_home |=
            variable(&environment, "HOME").is_some_and(|home| Path::new(&home).exists());
        let start = stat.start;
        if stat.session == pid && stray.leader.is_none_or(|leader| start < leader.start) {
            stray.leader = Some(Process { pid, start });
        }
    }
    let (elsewhere, strays): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, stray)| stray.has_home);
    for (marker, _) in elsewhere {
        tracing::warn!(marker, "a sandbox of this server runs in another directory");
    }
    let signs = strays.into_iter().map(|(marker, stray)| Signs {
        marker,
        shim: stray.leader,
        cgroup: stray.cgroup,
    });
    Ok(signs.collect())
}

/// The value of a variable in an environment as `/proc/PID/environ` shows it.
pub(crate) fn variable(environment: &[u8], name: &str) -> Option<String> {
    let value = environment
        .split(|byte| *byte == 0)
        .find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    String::from_utf8(value.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let environment = b"HOMER=a\0HOME=/x\0EMPTY=\0";
        assert_eq!(variable(environment, "HOME").as_deref(), Some("/x"));
        assert_eq!(variable(environment, "EMPTY").as_deref(), Some(""));
        assert_eq!(variable(environment, "HOM"), None);
    }
}

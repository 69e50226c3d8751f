//! Where this process may make control groups.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use runtime_core::{Boot, InstallationId, SandboxId};

use super::{Group, Interface, Member};
use crate::names;

/// What limits need.
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];

/// The hierarchies in which this process may make groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hierarchies(Vec<Hierarchy>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hierarchy {
    interface: Interface,
    controllers: BTreeSet<String>,
    /// Groups are made in here.
    base: PathBuf,
    /// The group of this process.
    home: PathBuf,
}

/// A mounted hierarchy, as `/proc/self/mountinfo` names it.
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl Hierarchies {
    /// Looks at what is mounted and tries where a group can be made.
    pub(crate) fn find(installation: InstallationId) -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mut found = candidates(&mounts, &own);
        found.retain_mut(|hierarchy| hierarchy.is_usable(installation));
        Self(found)
    }

    /// Controllers without which some limits are not kept.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let has = |name: &str| self.0.iter().any(|found| found.controllers.contains(name));
        CONTROLLERS.into_iter().filter(|name| !has(name)).collect()
    }

    /// Removes what boots of an earlier server left, such as those whose shim was lost. Groups with processes stay: the
    /// kernel does not remove them.
    pub(crate) fn remove_empty(&self, installation: InstallationId) {
        for hierarchy in &self.0 {
            let holder = holder(&hierarchy.base, installation);
            for group in fs::read_dir(&holder).into_iter().flatten().flatten() {
                fs::remove_dir(group.path()).ok();
            }
            fs::remove_dir(&holder).ok();
        }
    }

    /// The groups of a boot; none where none can be made.
    pub(crate) fn group(
        &self,
        installation: InstallationId,
        id: &SandboxId,
        boot: Boot,
    ) -> Option<Group> {
        let members: Vec<Member> = self
            .0
            .iter()
            .map(|hierarchy| Member {
                interface: hierarchy.interface,
                dir: holder(&hierarchy.base, installation).join(names::boot_name(id, boot)),
                home: hierarchy.home.clone(),
            })
            .collect();
        (!members.is_empty()).then_some(Group(members))
    }
}

impl Hierarchy {
    /// Whether a group can be made, seen by making one. In version 2, groups with processes cannot hold limited ones, so
    /// that the group above is tried too: a service that was given a subgroup of its own has its room there.
    fn is_usable(&mut self, installation: InstallationId) -> bool {
        let bases = match self.interface {
            Interface::V1 => vec![self.home.clone()],
            Interface::V2 => [Some(self.home.as_path()), self.home.parent()]
                .into_iter()
                .flatten()
                .map(Path::to_owned)
                .collect(),
        };
        for base in bases {
            if self.interface == Interface::V2 {
                self.controllers = enable_controllers(&base);
                if self.controllers.is_empty() {
                    continue;
                }
            }
            let trial = holder(&base, installation);
            if super::make_dir(&trial).is_ok() {
                // Boots that run are in it, then it stays.
                fs::remove_dir(&trial).ok();
                self.base = base;
                return true;
            }
        }
        false
    }
}

/// The group that holds all boots of an installation.
fn holder(base: &Path, installation: InstallationId) -> PathBuf {
    base.join(format!("pinfold-{}", names::short(installation)))
}

/// Hands controllers on to the groups below `dir`, as far as it may; gives those that are handed on.
pub(super) fn enable_controllers(dir: &Path) -> BTreeSet<String> {
    let file = dir.join("cgroup.subtree_control");
    for controller in CONTROLLERS {
        // Refused where the controller is not here, or where `dir` has processes: then limits are left out.
        fs::write(&file, format!("+{controller}")).ok();
    }
    let enabled = fs::read_to_string(&file).unwrap_or_default();
    enabled
        .split_ascii_whitespace()
        .filter(|name| CONTROLLERS.contains(name))
        .map(str::to_owned)
        .collect()
}

/// Every hierarchy with a controller that limits need, and where this process is in it.
fn candidates(mounts: &str, own: &str) -> Vec<Hierarchy> {
    let mut found: Vec<Hierarchy> = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(names), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let controllers: BTreeSet<String> = names
            .split(',')
            .filter(|name| CONTROLLERS.contains(name))
            .map(str::to_owned)
            .collect();
        let interface = if names.is_empty() {
            Interface::V2
        } else {
            Interface::V1
        };
        if interface == Interface::V1 && controllers.is_empty() {
            continue;
        }
        let home = mounts.lines().filter_map(parse_mount).find_map(|mount| {
            let fits = match interface {
                Interface::V1 => {
                    mount.kind == "cgroup"
                        && controllers
                            .iter()
                            .all(|name| mount.options.split(',').any(|option| option == name))
                }
                Interface::V2 => mount.kind == "cgroup2",
            };
            fits.then(|| place_in(&mount, path)).flatten()
        });
        if let Some(home) = home {
            found.push(Hierarchy {
                interface,
                controllers,
                base: home.clone(),
                home,
            });
        }
    }
    found
}

/// Where a group is below a mount, if it is.
fn place_in(mount: &Mount<'_>, path: &str) -> Option<PathBuf> {
    let below = Path::new(path).strip_prefix(mount.root).ok()?;
    Some(Path::new(mount.point).join(below))
}

/// `id parent major:minor root point options … - kind source superoptions` (`proc_pid_mountinfo(5)`).
fn parse_mount(line: &str) -> Option<Mount<'_>> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(3);
    let mut right = right.split(' ');
    Some(Mount {
        root: left.next()?,
        point: left.next()?,
        kind: right.next()?,
        options: right.nth(1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_interfaces_are_found_where_this_process_is() {
        let mounts = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /outer /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";
        let own = "9:name=systemd:/a\n8:pids:/\n4:memory:/outer/m\n1:cpuacct,cpu:/c\n0::/user/u\n";
        let found: Vec<(Interface, String)> = candidates(mounts, own)
            .into_iter()
            .map(|found| (found.interface, found.home.display().to_string()))
            .collect();
        assert_eq!(
            found,
            [
                (Interface::V1, "/sys/fs/cgroup/memory/m".to_owned()),
                (Interface::V1, "/sys/fs/cgroup/cpu,cpuacct/c".to_owned()),
                (Interface::V2, "/sys/fs/cgroup/unified/user/u".to_owned()),
            ],
            "pids is mounted nowhere"
        );
    }
}

//! Names of things, made from installation, sandbox and boot alone, so that they can be made again.

use runtime_core::{Boot, InstallationId, SandboxId};

/// Variable in the environment of every process of a boot, by which they are found when their shim is gone.
pub(crate) const MARKER: &str = "PINFOLD_BOOT";

/// Prefix of a directory that is being removed.
const TRASH: &str = ".trash-";

/// Value of [`MARKER`].
pub(crate) fn marker(installation: InstallationId, id: &SandboxId, boot: Boot) -> String {
    format!("{installation}/{id}/{boot}")
}

/// The boot that a value of [`MARKER`] means, if it is one of this installation.
pub(crate) fn boot_of_marker(
    marker: &str,
    installation: InstallationId,
) -> Option<(SandboxId, Boot)> {
    let rest = marker.strip_prefix(&installation.to_string())?;
    let (id, boot) = rest.strip_prefix('/')?.split_once('/')?;
    Some((id.parse().ok()?, Boot(boot.parse().ok()?)))
}

/// Name of a boot in lists of processes and of cgroups.
pub(crate) fn boot_name(id: &SandboxId, boot: Boot) -> String {
    format!("{id}-{boot}")
}

/// Directory of a boot in its sandbox's directory.
pub(crate) fn boot_dir(boot: Boot) -> String {
    format!("boot-{boot}")
}

/// The boot whose directory has this name.
pub(crate) fn boot_of_dir(name: &str) -> Option<Boot> {
    let number: u32 = name.strip_prefix("boot-")?.parse().ok()?;
    (boot_dir(Boot(number)) == name).then_some(Boot(number))
}

/// The first eight letters of an installation's id: enough to tell installations of one machine apart.
pub(crate) fn short(installation: InstallationId) -> String {
    installation.to_string().chars().take(8).collect()
}

/// Name that a sandbox's directory gets when it is removed; `unique` tells apart what has one id.
pub(crate) fn trash(id: &SandboxId, unique: u64) -> String {
    format!("{TRASH}{id}-{unique:016x}")
}

/// Whether a directory of this name is being removed.
pub(crate) fn is_trash(name: &str) -> bool {
    name.starts_with(TRASH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boots_directory_is_read_back_and_nothing_else_is() {
        assert_eq!(boot_of_dir(&boot_dir(Boot(12))), Some(Boot(12)));
        for other in ["boot-", "boot-01", "boot-x", "boot-1.old", "workspace"] {
            assert_eq!(boot_of_dir(other), None, "{other}");
        }
    }

    #[test]
    fn a_marker_is_read_back_by_its_installation_alone() {
        let installation = |text: &str| serde_json::from_value(text.into()).unwrap();
        let ours = installation("00000000-0000-0000-0000-000000000001");
        let theirs = installation("00000000-0000-0000-0000-000000000002");
        let id: SandboxId = "abc".parse().unwrap();
        let marker = marker(ours, &id, Boot(3));
        assert_eq!(boot_of_marker(&marker, ours), Some((id, Boot(3))));
        assert_eq!(boot_of_marker(&marker, theirs), None);
        assert_eq!(boot_of_marker(&format!("{ours}/abc"), ours), None);
    }

    #[test]
    fn a_directory_in_the_trash_is_no_sandbox() {
        let id: SandboxId = "abc".parse().unwrap();
        let name = trash(&id, 7);
        assert!(is_trash(&name));
        assert!(name.parse::<SandboxId>().is_err());
    }
}

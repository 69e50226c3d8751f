//! Directories of a sandbox: its disk, its home, its boots.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use runtime_core::{Boot, InstallationId, SandboxId};

use crate::names;
use crate::pid_file::{self, SandboxFile};

/// Longest path of a directory for sockets: a socket's path has at most 107 bytes (unix(7)), and 60 are left for
/// `tmux-UID/NAME` and the like.
const SOCKET_DIR_BYTES: usize = 47;

/// Why a sandbox has no disk to boot on.
#[derive(Debug)]
pub(crate) enum DiskError {
    /// It had one, and it is gone.
    Lost,
    /// The directory belongs to another installation.
    Foreign,
    /// It cannot be made.
    Io(io::Error),
}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A sandbox's directory.
#[derive(Debug, Clone)]
pub(crate) struct SandboxDir(PathBuf);

impl SandboxDir {
    pub(crate) fn new(root: &Path, id: &SandboxId) -> Self {
        Self(root.join(id.as_str()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    fn workspace(&self) -> PathBuf {
        self.0.join("workspace")
    }

    fn about(&self) -> PathBuf {
        self.0.join("sandbox.json")
    }

    pub(crate) fn boot(&self, boot: Boot) -> BootDir {
        BootDir(self.0.join(names::boot_dir(boot)))
    }

    /// Whether the sandbox has a disk.
    pub(crate) fn has_disk(&self) -> bool {
        self.workspace().is_dir()
    }

    /// Whose directory this is, where it says so.
    pub(crate) fn read_about(&self) -> Option<SandboxFile> {
        pid_file::read(&self.about())
    }

    /// Makes the disk for the first boot and checks that it is there for the others. Half of it may be there already.
    pub(crate) fn prepare(&self, boot: Boot, about: &SandboxFile) -> Result<(), DiskError> {
        let known = self.read_about();
        match &known {
            Some(known) if known.installation != about.installation => {
                return Err(DiskError::Foreign);
            }
            Some(_) | None => {}
        }
        if !self.has_disk() {
            // A new empty disk in place of a lost one would look as if the owner's files had never been.
            if boot > Boot::FIRST || known.is_some() {
                return Err(DiskError::Lost);
            }
            make_private(&self.workspace())?;
        }
        make_private(&self.home())?;
        if known.is_none() {
            pid_file::write(&self.about(), about)?;
        }
        Ok(())
    }

    /// Every boot that left something.
    pub(crate) fn boots(&self) -> io::Result<Vec<Boot>> {
        let names = fs::read_dir(&self.0)?;
        Ok(names
            .filter_map(|entry| names::boot_of_dir(entry.ok()?.file_name().to_str()?))
            .collect())
    }

    /// Forgets what boots before the previous one wrote.
    pub(crate) fn forget_logs_before(&self, boot: Boot) -> io::Result<()> {
        for old in self.boots()? {
            let dir = self.boot(old);
            if old.next() < boot && !dir.launch_file().exists() {
                fs::remove_dir_all(&dir.0)?;
            }
        }
        Ok(())
    }
}

/// The directory of one boot.
#[derive(Debug, Clone)]
pub(crate) struct BootDir(PathBuf);

impl BootDir {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn launch_file(&self) -> PathBuf {
        self.0.join("launch.json")
    }

    pub(crate) fn shim_file(&self) -> PathBuf {
        self.0.join("shim.json")
    }

    pub(crate) fn exit_file(&self) -> PathBuf {
        self.0.join("exit.json")
    }

    /// What the program writes now; full files have a number behind it.
    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("output.log")
    }

    /// What the shim itself has to say.
    pub(crate) fn shim_log(&self) -> PathBuf {
        self.0.join("shim.log")
    }

    /// Removes all but the logs: from then on the boot does not exist. The file that says it does goes last.
    pub(crate) fn forget(&self) -> io::Result<()> {
        for file in [self.shim_file(), self.exit_file(), self.launch_file()] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Makes a directory, and those above it, for this user alone.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The directory for temporary files and sockets: the sandbox's own where a socket's path fits, else one below `/tmp`.
pub(crate) fn temporary(
    sandbox: &SandboxDir,
    installation: InstallationId,
    id: &SandboxId,
) -> PathBuf {
    let own = sandbox.path().join("tmp");
    if own.as_os_str().len() <= SOCKET_DIR_BYTES {
        return own;
    }
    let user = rustix::process::geteuid().as_raw();
    let name = format!("{}-{}", names::short(installation), short_id(id));
    PathBuf::from(format!("/tmp/pinfold-{user}")).join(name)
}

/// Makes [`temporary`], private to this user.
pub(crate) fn make_temporary(path: &Path) -> io::Result<()> {
    make_private(path)?;
    // Below `/tmp` anybody may have made the directory above it before us.
    let user = rustix::process::geteuid().as_raw();
    for dir in path.parent().into_iter().chain([path]) {
        let found = fs::symlink_metadata(dir)?;
        if !found.is_dir() || found.uid() != user || found.mode() & 0o022 != 0 {
            let message = format!("{} is not this user's alone", dir.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
    }
    Ok(())
}

/// An id in at most 16 letters: our own as they are, longer ones hashed (FNV-1a).
fn short_id(id: &SandboxId) -> String {
    let id = id.as_str();
    if id.len() <= 16 {
        return id.to_owned();
    }
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Removes a directory and all below it, also where a program took away its own right to write. Nothing there is no
/// error.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            allow_writing(path)?;
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn allow_writing(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            allow_writing(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use runtime_core::Timestamp;

    use super::*;

    fn about(installation: &str) -> SandboxFile {
        SandboxFile {
            installation: serde_json::from_value(installation.into()).unwrap(),
            created_at: Timestamp::from_millis(1),
        }
    }

    const OURS: &str = "00000000-0000-0000-0000-000000000001";

    #[test]
    fn a_lost_disk_is_not_replaced_by_an_empty_one() {
        let root = tempfile::tempdir().unwrap();
        let dir = SandboxDir::new(root.path(), &"abc".parse().unwrap());
        assert!(matches!(
            dir.prepare(Boot(2), &about(OURS)),
            Err(DiskError::Lost)
        ));
        dir.prepare(Boot::FIRST, &about(OURS)).unwrap();
        dir.prepare(Boot(2), &about(OURS)).unwrap();
        fs::remove_dir(dir.workspace()).unwrap();
        for boot in [Boot::FIRST, Boot(3)] {
            assert!(matches!(
                dir.prepare(boot, &about(OURS)),
                Err(DiskError::Lost)
            ));
        }
    }

    #[test]
    fn another_installations_directory_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let dir = SandboxDir::new(root.path(), &"abc".parse().unwrap());
        dir.prepare(Boot::FIRST, &about(OURS)).unwrap();
        let other = about("00000000-0000-0000-0000-000000000002");
        assert!(matches!(
            dir.prepare(Boot(2), &other),
            Err(DiskError::Foreign)
        ));
    }

    #[test]
    fn sockets_fit_below_the_temporary_directory() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a-directory-with-a-long-name/and-another");
        let installation = about(OURS).installation;
        let id: SandboxId = "an-id-as-long-as-a-label-may-be-0123456789-0123456789-012345678"
            .parse()
            .unwrap();
        let made = temporary(&SandboxDir::new(&deep, &id), installation, &id);
        make_temporary(&made).unwrap();
        assert!(made.is_dir());
        assert!(
            made.as_os_str().len() <= SOCKET_DIR_BYTES,
            "{}",
            made.display()
        );
        fs::remove_dir(made).unwrap();
    }

    #[test]
    fn what_a_program_made_unwritable_is_removed_too() {
        let root = tempfile::tempdir().unwrap();
        let locked = root.path().join("a/b");
        fs::create_dir_all(locked.join("c")).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
        remove_tree(&root.path().join("a")).unwrap();
        assert!(!root.path().join("a").exists());
        remove_tree(&root.path().join("a")).unwrap();
    }

    #[test]
    fn logs_of_the_previous_boot_are_kept_and_older_ones_forgotten() {
        let root = tempfile::tempdir().unwrap();
        let dir = SandboxDir::new(root.path(), &"abc".parse().unwrap());
        for boot in 1..=4 {
            fs::create_dir_all(dir.boot(Boot(boot)).path()).unwrap();
        }
        fs::write(dir.boot(Boot(1)).launch_file(), "{}").unwrap();
        dir.forget_logs_before(Boot(4)).unwrap();
        let mut left = dir.boots().unwrap();
        left.sort();
        assert_eq!(left, [Boot(1), Boot(3), Boot(4)], "boot 1 still exists");
    }
}

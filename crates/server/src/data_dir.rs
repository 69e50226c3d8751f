//! The directory of everything that is kept, and what others find there: the addresses of a running server.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// The database.
pub(crate) const DATABASE: &str = "pinfold.db";
/// Where the API listens.
pub(crate) const API_ADDRESS: &str = "api.addr";
/// Where the operator's listener listens.
pub(crate) const OPERATOR_ADDRESS: &str = "operator.addr";

/// A directory that can be written.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Makes the directory where it is missing, for its owner alone. In one that others may enter, the files that hold
    /// keys are still closed to them.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        // Later changes of the working directory must not move it, and programs in sandboxes get the name.
        let path = path.canonicalize()?;
        access(&path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?;
        Ok(Self(path))
    }

    /// A file or directory in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Notes where a listener really listens. Readers see the whole address or none.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write_address(&self, name: &str, address: SocketAddr) -> io::Result<()> {
        let new = self.join(&format!("{name}.new"));
        let mut file = File::create(&new)?;
        writeln!(file, "{address}")?;
        fs::rename(new, self.join(name))
    }

    /// Nobody listens there any more. What cannot be removed only misleads until the next start.
    pub(crate) fn forget_addresses(&self) {
        for name in [API_ADDRESS, OPERATOR_ADDRESS] {
            fs::remove_file(self.join(name)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_directory_is_made_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let data = DataDir::open(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        DataDir::open(&path).unwrap();

        data.write_address(API_ADDRESS, "127.0.0.1:9000".parse().unwrap())
            .unwrap();
        let text = fs::read_to_string(path.join("api.addr")).unwrap();
        assert_eq!(text, "127.0.0.1:9000\n");
        data.forget_addresses();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_its_place_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(DataDir::open(file.path()).is_err());
        assert!(DataDir::open(&file.path().join("below")).is_err());
    }
}

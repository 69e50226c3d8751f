//! The key of an installation that was given none: made once, kept in a file of the data directory.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use runtime_core::{Entropy, random_key};
use secrecy::{ExposeSecret as _, SecretString};

/// Its file in the data directory.
pub(crate) const FILE: &str = "api-key";

/// A key, and whether it was made just now.
#[derive(Debug)]
pub(crate) struct FirstKey {
    pub(crate) key: SecretString,
    pub(crate) is_new: bool,
}

/// Reads the key at `path`, or makes one and writes it there, readable by its owner alone.
///
/// # Errors
/// The file can neither be read nor made, or holds nothing.
pub(crate) fn first_key(path: &Path, entropy: &dyn Entropy) -> io::Result<FirstKey> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(mut file) => {
            let key = random_key(entropy);
            file.write_all(format!("{}\n", key.expose_secret()).as_bytes())?;
            file.sync_all()?;
            Ok(FirstKey { key, is_new: true })
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(path)?;
            let key = text.trim();
            if key.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the file is empty: remove it, and a new key is made",
                ));
            }
            Ok(FirstKey {
                key: key.to_owned().into(),
                is_new: false,
            })
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use runtime_core::SystemEntropy;

    use super::*;

    #[test]
    fn the_first_run_makes_a_key_that_later_runs_find() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let made = first_key(&path, &SystemEntropy).unwrap();
        let found = first_key(&path, &SystemEntropy).unwrap();
        assert!(made.is_new && !found.is_new);
        assert_eq!(made.key.expose_secret(), found.key.expose_secret());
        assert_eq!(found.key.expose_secret().len(), 43);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn an_empty_file_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, "\n").unwrap();
        assert!(first_key(&path, &SystemEntropy).is_err());
    }
}

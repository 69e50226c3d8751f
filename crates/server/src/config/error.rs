//! Mistakes in the configuration: which key, where, and what is allowed.

use std::io;
use std::path::PathBuf;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that it names cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A mistake in the file.
    #[error("{}, line {line}, column {column}: {mistake}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The key and what is wrong with it.
        mistake: String,
    },
    /// A mistake in an environment variable.
    #[error("the environment variable {name}: {mistake}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong.
        mistake: String,
    },
    /// A mistake in a flag.
    #[error("the flag {flag}: {mistake}")]
    Flag {
        /// Its name.
        flag: &'static str,
        /// What is wrong.
        mistake: String,
    },
    /// A setting that cannot be used, wherever it comes from.
    #[error("the setting `{key}` {mistake}")]
    Setting {
        /// Its key.
        key: String,
        /// What is wrong; it goes on after the key.
        mistake: String,
    },
    /// Nothing says where data is to be kept.
    #[error(
        "no data directory: set `data_dir`, PINFOLD_DATA_DIR or --data-dir (neither XDG_DATA_HOME nor HOME is an absolute \
         path)"
    )]
    NoHome,
}

impl ConfigError {
    pub(crate) fn setting(key: impl Into<String>, mistake: impl Into<String>) -> Self {
        Self::Setting {
            key: key.into(),
            mistake: mistake.into(),
        }
    }
}

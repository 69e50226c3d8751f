//! What happened in the world, one line each, so that the next process finds it as it was.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use runtime_core::{Boot, InstallationId, SandboxId, Timestamp};
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    Launched {
        id: SandboxId,
        boot: Boot,
        installation: InstallationId,
        at: Timestamp,
    },
    Released {
        id: SandboxId,
        boot: Boot,
    },
    Erased {
        id: SandboxId,
    },
}

/// The file. It survives the death of the process, not of the machine: nothing that is kept here costs anybody's work.
#[derive(Debug)]
pub(crate) struct Ledger(File);

impl Ledger {
    /// Opens the file, and gives what is written in it.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Entry>)> {
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let mut entries = Vec::new();
        for line in BufReader::new(&file).lines() {
            // The last line may have been cut off by a kill, and then nobody was told of it.
            if let Ok(entry) = serde_json::from_str(&line?) {
                entries.push(entry);
            }
        }
        Ok((Self(file), entries))
    }

    /// Writes down what happens.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn note(&mut self, entry: &Entry) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

//! `pinfold backup FILE`: a copy of the database.

use std::path::PathBuf;

use clap::Args;

use super::error::CommandError;
use super::output::print;
use super::target::data_dir;
use crate::config::Environment;
use crate::data_dir::DATABASE;

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]
pub(super) struct Backup {
    /// The new file; one that is there is never overwritten
    #[arg(value_name = "FILE")]
    to: PathBuf,
    /// The data directory of the server [default: ~/.local/share/pinfold] [env: PINFOLD_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Backup {
    pub(super) async fn run(self, environment: &Environment) -> Result<(), CommandError> {
        let dir = data_dir(self.data_dir.as_deref(), environment).ok_or(CommandError::NoDataDir)?;
        let from = dir.join(DATABASE);
        store_sqlite::backup(&from, &self.to).await?;
        let (from, to) = (from.display(), self.to.display());
        Ok(print(&format!(
            "{from} is copied to {to}; it holds keys\n"
        ))?)
    }
}

//! The flags of `pinfold serve`, which `pinfold config` reads, too.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::config::Flags;

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]
pub(super) struct ServeFlags {
    /// The configuration, a TOML file [env: PINFOLD_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the API listens [default: 127.0.0.1:9000] [env: PINFOLD_LISTEN]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where metrics and health are served for operators [default: 127.0.0.1:9001] [env: PINFOLD_OPERATOR_LISTEN]
    #[arg(long, value_name = "ADDR")]
    operator_listen: Option<SocketAddr>,
    /// Where records, logs and workspaces are kept [default: ~/.local/share/pinfold] [env: PINFOLD_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How the log is written, human or json [default: human] [env: PINFOLD_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl From<ServeFlags> for Flags {
    fn from(flags: ServeFlags) -> Self {
        Self {
            config: flags.config,
            listen: flags.listen,
            operator_listen: flags.operator_listen,
            data_dir: flags.data_dir,
            log_format: flags.log_format,
        }
    }
}

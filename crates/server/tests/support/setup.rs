//! How a server under test is set up and started.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::ports::Ports;
use super::wait::{SOON, until};

pub(crate) const KEY: &str = "wire-test-key-0123456789abcdef";
/// A second key of the same tenant.
pub(crate) const OTHER_KEY: &str = "wire-test-key-of-another-app-42";
const CONFIG: &str = "pinfold.toml";

/// What a test asks of its server beyond the defaults.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The top of the configuration file: keys, and tables that are not used below.
    pub(crate) extra: String,
    /// Ports for each of gateway and agents; a sandbox takes four of both.
    pub(crate) ports: u16,
    /// Lines for the table of the local backend.
    pub(crate) local: String,
    /// Use only this many ports for the gateway.
    pub(crate) gateway_ports: Option<u16>,
    /// Use only this many ports for the agents.
    pub(crate) local_ports: Option<u16>,
    /// A directory for the data that is already there.
    pub(crate) data: Option<PathBuf>,
    /// Where the operator's listener listens.
    pub(crate) operator: String,
    /// Whether the agents' ports are the gateway's too, which is a mistake.
    pub(crate) overlap: bool,
    /// Whether the server is given keys; else it makes one.
    pub(crate) keys: Keys,
}

/// Where a server's keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// From us.
    Given,
    /// From its own first run.
    Made,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            extra: String::new(),
            ports: 49,
            local: String::new(),
            gateway_ports: None,
            local_ports: None,
            data: None,
            operator: "127.0.0.1:0".to_owned(),
            overlap: false,
            keys: Keys::Given,
        }
    }
}

/// A server that is expected to end by itself: its exit status and its log.
pub(crate) async fn refused_start(data: &Path) -> (ExitStatus, String) {
    refused_start_with(data, Setup::default()).await
}

/// The same with a setup.
pub(crate) async fn refused_start_with(data: &Path, setup: Setup) -> (ExitStatus, String) {
    let home = tempfile::tempdir().unwrap();
    let ports = Ports::claim(8);
    write_config(home.path(), &setup, &ports);
    let mut child = launch(home.path(), data, setup.keys);
    let status = until("the server to refuse", SOON, async || {
        child
            .try_wait()
            .unwrap()
            .ok_or_else(|| "it runs".to_owned())
    })
    .await;
    let log = fs::read_to_string(home.path().join("server.log")).unwrap();
    (status, log)
}

/// The tiny program, which lies beside the server.
pub(crate) fn tiny_agent() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_pinfold"))
        .with_file_name("examples")
        .join("tiny_agent");
    assert!(
        path.exists(),
        "{} is missing: `cargo test -p server` builds it, and so does `cargo build -p server --examples`",
        path.display()
    );
    path
}

/// Writes the configuration file.
pub(crate) fn write_config(home: &Path, setup: &Setup, ports: &Ports) {
    let tiny = tiny_agent();
    let tiny = tiny.to_str().unwrap();
    let gateway = ports.gateway(setup.gateway_ports);
    let agents = if setup.overlap {
        gateway.clone()
    } else {
        ports.local(setup.local_ports)
    };
    let text = format!(
        r#"{extra}
[operator]
listen = "{operator}"

[gateway]
ports = "{gateway}"

[local]
ports = "{agents}"
{local}

[[local.images]]
image = "tiny*"
command = ["{tiny}", "--host", "127.0.0.1", "--port", "{{port}}"]

[[local.images]]
image = "stubborn"
command = ["/bin/sh", "-c", "trap '' TERM; exec \"$0\" \"$@\"", "{tiny}", "--host", "127.0.0.1", "--port", "{{port}}"]

[[local.images]]
image = "missing"
command = ["/nowhere/no-such-program", "--port", "{{port}}"]
"#,
        extra = setup.extra,
        operator = setup.operator,
        local = setup.local,
    );
    fs::write(home.join(CONFIG), text).unwrap();
}

/// Starts the server; a person's own settings are not for it.
pub(crate) fn launch(home: &Path, data: &Path, keys: Keys) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(home.join("server.log"))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinfold"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .arg("--config")
        .arg(home.join(CONFIG))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("PINFOLD_")) {
        command.env_remove(name);
    }
    if keys == Keys::Given {
        command.env("PINFOLD_API_KEY", format!("{KEY},{OTHER_KEY}"));
    }
    command.spawn().unwrap()
}

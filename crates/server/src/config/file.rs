//! The keys of the configuration and their defaults.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::error::ConfigError;
use super::keys::ApiKey;
use super::values::{Bytes, maybe_written, written};

/// Where the API listens unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);
/// The longest that an answer may be held (contract §1.11).
const LONGEST_HOLD: Duration = Duration::from_secs(2);

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(deserialize_with = "written")]
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) path_prefix: String,
    pub(crate) registry_prefix: String,
    pub(crate) pod_status_case: CaseChoice,
    #[serde(deserialize_with = "written")]
    pub(crate) hold: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) drain: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) history: Duration,
    pub(crate) seal_key_file: Option<PathBuf>,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) operator: Operator,
    pub(crate) log: Log,
    pub(crate) limits: Limits,
    pub(crate) gateway: Gateway,
    pub(crate) local: Local,
    pub(crate) policy: Policy,
}

impl Default for Config {
    fn default() -> Self {
        let core = runtime_core::Settings::default();
        Self {
            listen: LISTEN,
            data_dir: None,
            path_prefix: String::new(),
            registry_prefix: "ghcr.io/openhands".to_owned(),
            pod_status_case: CaseChoice::Auto,
            hold: core.hold,
            drain: Duration::from_secs(20),
            history: core.history,
            seal_key_file: None,
            api_keys: Vec::new(),
            operator: Operator::default(),
            log: Log::default(),
            limits: Limits::default(),
            gateway: Gateway::default(),
            local: Local::default(),
            policy: Policy::default(),
        }
    }
}

impl Config {
    /// What no single key can tell of itself.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.hold > LONGEST_HOLD {
            return Err(ConfigError::setting(
                "hold",
                "must be at most \"2s\": clients give up after 10 s",
            ));
        }
        if self.registry_prefix.is_empty() {
            return Err(ConfigError::setting(
                "registry_prefix",
                "must not be empty: clients append to it",
            ));
        }
        if self.gateway.listen.is_unspecified() && self.gateway.public_host.is_none() {
            return Err(ConfigError::setting(
                "gateway.public_host",
                "must be set when `gateway.listen` stands for every address: clients get it in their URLs",
            ));
        }
        let (first, last) = (self.local.ports.start(), self.local.ports.end());
        if self.gateway.ports.contains(first)
            || self.gateway.ports.contains(last)
            || self.local.ports.contains(self.gateway.ports.start())
        {
            return Err(ConfigError::setting(
                "local.ports",
                "must not overlap with `gateway.ports`",
            ));
        }
        Ok(())
    }
}

/// Which letters `pod_status` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CaseChoice {
    Auto,
    Lower,
    Title,
}

/// The operator's listener.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Operator {
    /// None: the default port, or any where that is taken.
    #[serde(deserialize_with = "maybe_written")]
    pub(crate) listen: Option<SocketAddr>,
}

/// The log.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    #[serde(deserialize_with = "written")]
    pub(crate) format: LogFormat,
    /// A filter such as `info` or `info,gateway=debug`.
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            level: "info".to_owned(),
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Human,
    /// One object a line.
    Json,
}

/// What clients may have.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) max_live: MostLive,
}

/// How many sandboxes may be live; 0 for any number. The fiftieth must not kill a laptop.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct MostLive(u32);

impl Default for MostLive {
    fn default() -> Self {
        Self(50)
    }
}

impl MostLive {
    pub(crate) fn get(self) -> Option<u32> {
        (self.0 > 0).then_some(self.0)
    }
}

/// The gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gateway {
    #[serde(deserialize_with = "written")]
    pub(crate) listen: IpAddr,
    pub(crate) public_host: Option<String>,
    #[serde(deserialize_with = "written")]
    pub(crate) ports: RangeInclusive<u16>,
    pub(crate) service_ports: bool,
    #[serde(deserialize_with = "written")]
    pub(crate) hold: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) connect: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) first_byte: Duration,
    pub(crate) connections_per_sandbox: usize,
}

impl Default for Gateway {
    fn default() -> Self {
        let gateway = gateway::GatewaySettings::default();
        Self {
            listen: gateway.listen,
            public_host: None,
            ports: gateway.ports,
            service_ports: gateway.service_ports,
            hold: gateway.hold,
            connect: gateway.connect,
            first_byte: gateway.first_byte,
            connections_per_sandbox: gateway.connections_per_sandbox,
        }
    }
}

/// Sandboxes as processes of this machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Local {
    #[serde(deserialize_with = "written")]
    pub(crate) ports: RangeInclusive<u16>,
    #[serde(deserialize_with = "written")]
    pub(crate) grace: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) memory: Bytes,
    /// Cores.
    pub(crate) cpu: f64,
    pub(crate) pids: u64,
    pub(crate) open_files: u64,
    #[serde(deserialize_with = "written")]
    pub(crate) log_size: Bytes,
    pub(crate) log_files: u32,
    pub(crate) images: Vec<Image>,
}

impl Default for Local {
    fn default() -> Self {
        let limits = backend_local::Limits::default();
        let log = backend_local::LogLimits::default();
        Self {
            ports: 10_000..=19_999,
            grace: Duration::from_secs(10),
            memory: Bytes(limits.memory_bytes.unwrap_or(0)),
            cpu: 2.0,
            pids: limits.pids.unwrap_or(0),
            open_files: limits.open_files,
            log_size: Bytes(log.max_bytes),
            log_files: log.files,
            images: Vec::new(),
        }
    }
}

/// Which program of this machine runs for which image.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    /// `*` stands for any text, `?` for one character.
    pub(crate) image: String,
    pub(crate) command: Command,
}

/// A command line: one text by the shell's quoting rules, or its words.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Command {
    Text(String),
    Words(Vec<String>),
}

/// When to give up on a sandbox, and when not yet.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Policy {
    #[serde(deserialize_with = "written")]
    pub(crate) schedule_deadline: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) ready_deadline: Duration,
    pub(crate) max_boots: u32,
    pub(crate) max_restarts: u32,
    #[serde(deserialize_with = "written")]
    pub(crate) restart_window: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) backoff: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) backoff_max: Duration,
    #[serde(deserialize_with = "written")]
    pub(crate) refusal_grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        let policy = runtime_core::sandbox::Policy::default();
        Self {
            schedule_deadline: policy.schedule_deadline,
            ready_deadline: policy.ready_deadline,
            max_boots: policy.max_boots,
            max_restarts: policy.max_restarts,
            restart_window: policy.restart_window,
            backoff: policy.backoff,
            backoff_max: policy.backoff_max,
            refusal_grace: policy.refusal_grace,
        }
    }
}

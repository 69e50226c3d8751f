//! The configuration, section by section. Each file has the fields of one section, their defaults, and what is told of
//! them: a new key is a field and, beside it, an entry of the section's `keys`.

mod api_keys;
mod gateway;
mod limits;
mod local;
mod log;
mod operator;
mod policy;
mod tls;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use store_sqlite::{InvalidSealKey, SealKey};

pub(super) use api_keys::ApiKey;
pub(crate) use gateway::Gateway;
pub(crate) use limits::Limits;
pub(crate) use local::Local;
pub(crate) use log::{Log, LogFormat};
pub(crate) use operator::Operator;
pub(crate) use policy::Policy;
pub(crate) use tls::Tls;

use super::catalogue::{Key, Section};
use super::checks::Checks;
use super::values::{Written, maybe_written, written, written_list};

/// Where the API listens unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);
/// The longest that an answer may be held (contract §1.11).
const LONGEST_HOLD: Duration = Duration::from_secs(2);

/// Every section, in the order of the file.
pub(super) const SECTIONS: &[Section] = &[
    TOP,
    tls::SECTION,
    api_keys::SECTION,
    operator::SECTION,
    log::SECTION,
    limits::SECTION,
    gateway::SECTION,
    local::SECTION,
    local::IMAGES,
    policy::SECTION,
];

const TOP: Section = Section {
    name: "",
    is_list: false,
    about: "The server as a whole.",
    keys: &[
        Key::of::<SocketAddr>(
            "listen",
            "Where the API listens. On another address than loopback, set `tls` or put something with TLS in front of it.",
        )
        .flag("--listen"),
        Key::of::<Vec<IpNet>>(
            "trusted_proxies",
            "Proxies and load balancers of yours before the server. They alone are believed in whose behalf they speak: \
             in `X-Forwarded-For`, `X-Forwarded-Proto` and the PROXY protocol.",
        ),
        Key::of::<bool>(
            "proxy_protocol",
            "Whether your `trusted_proxies` begin each connection with a PROXY header, version 1 or 2. Then they must.",
        ),
        Key::of::<PathBuf>("data_dir", "Records, logs and workspaces.")
            .unset(
                "`$XDG_DATA_HOME/pinfold`, else `~/.local/share/pinfold`",
                "\"/var/lib/pinfold\"",
            )
            .flag("--data-dir"),
        Key::of::<String>(
            "path_prefix",
            "Before every path of the API, such as \"/v0/runtime\".",
        ),
        Key::of::<String>(
            "registry_prefix",
            "What clients put before the names of images that they build.",
        ),
        Key::of::<CaseChoice>(
            "pod_status_case",
            "Letters of `pod_status`: \"auto\" is as the client reads it that started the runtime.",
        ),
        Key::of::<Duration>(
            "hold",
            "For how long `/start` and `/resume` may wait for a sandbox to be ready before they answer; at most \"2s\", \
             \"0s\" for not at all.",
        ),
        Key::of::<Duration>(
            "drain",
            "For how long requests in flight may go on when the server is stopped. Sandboxes go on in any case.",
        ),
        Key::of::<Duration>(
            "history",
            "For how long the record of a stopped sandbox can be looked up.",
        ),
        Key::of::<PathBuf>(
            "seal_key_file",
            "A file with the key by which session keys and environment values are encrypted in the database: 64 \
             hexadecimal digits (`openssl rand -hex 32`).",
        )
        .unset("none; they are not encrypted", "\"/etc/pinfold/seal-key\""),
    ],
};

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(with = "written")]
    pub(crate) listen: SocketAddr,
    #[serde(with = "written_list")]
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) proxy_protocol: bool,
    #[serde(with = "maybe_written")]
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) path_prefix: String,
    pub(crate) registry_prefix: String,
    #[serde(with = "written")]
    pub(crate) pod_status_case: CaseChoice,
    #[serde(with = "written")]
    pub(crate) hold: Duration,
    #[serde(with = "written")]
    pub(crate) drain: Duration,
    #[serde(with = "written")]
    pub(crate) history: Duration,
    #[serde(with = "maybe_written")]
    pub(crate) seal_key_file: Option<PathBuf>,
    pub(crate) tls: Tls,
    pub(super) api_keys: Vec<ApiKey>,
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
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            data_dir: None,
            path_prefix: String::new(),
            registry_prefix: "ghcr.io/openhands".to_owned(),
            pod_status_case: CaseChoice::Auto,
            hold: core.hold,
            drain: Duration::from_secs(20),
            history: core.history,
            seal_key_file: None,
            tls: Tls::default(),
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
    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        if self.hold > LONGEST_HOLD {
            checks.mistake("hold", "must be at most \"2s\": clients give up after 10 s");
        }
        if self.registry_prefix.is_empty() {
            checks.mistake("registry_prefix", "must not be empty: clients append to it");
        }
        if !self.listen.ip().is_loopback() && self.tls.files().is_none() {
            checks.warning(
                "listen",
                "is reachable from other machines without TLS: set `tls` or put something with TLS in front, keys travel here",
            );
        }
        self.operator.check(checks);
        self.log.check(checks);
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            checks.mistake(
                "trusted_proxies",
                "must not be empty with `proxy_protocol`: nobody else may send the header",
            );
        }
        if self
            .trusted_proxies
            .iter()
            .any(|network| network.prefix_len() == 0)
        {
            checks.warning(
                "trusted_proxies",
                "has every address in it: so every client can say that it is another",
            );
        }
        self.tls.check(checks);
        self.gateway.check(checks);
        self.local.check(&self.gateway, checks);
    }

    /// The key in `seal_key_file`.
    pub(super) fn seal_key(&self, checks: &mut Checks<'_>) -> Option<SealKey> {
        let path = self.seal_key_file.as_ref()?;
        let text = checks.text_of("seal_key_file", path)?;
        let key: Result<_, InvalidSealKey> = text.parse();
        key.map_err(|error| {
            let wrong = format!("names {}: {error}", path.display());
            checks.mistake("seal_key_file", wrong);
        })
        .ok()
    }
}

/// Which letters `pod_status` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaseChoice {
    Auto,
    Lower,
    Title,
}

impl Written for CaseChoice {
    const ALLOWED: &'static str = "\"auto\", \"lower\" or \"title\"";

    fn read(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "lower" => Some(Self::Lower),
            "title" => Some(Self::Title),
            _ => None,
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Auto => "auto",
            Self::Lower => "lower",
            Self::Title => "title",
        }
        .to_owned()
    }
}

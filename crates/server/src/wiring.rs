//! Builds the parts from the configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use agent_client::HttpAgent;
use backend_local::{LocalBackend, LocalSettings, LogLimits};
use gateway::{Gateway, GatewaySettings};
use runtime_api::{PodStatusCase, RegistryPrefix};
use runtime_core::{
    Agent, ApiKeyHash, BackendName, Clock as _, Core, Lifecycle, Parts, SandboxBackend,
    StateStore as _, SystemClock, SystemEntropy, TenantId,
};
use secrecy::ExposeSecret as _;
use store_sqlite::{SqliteSettings, SqliteStore};

use crate::auth::{FIRST_KEY_FILE, Key, Keys, first_key};
use crate::config::{CaseChoice, Config, ConfiguredKey, Local, Settings};
use crate::convert::{CaseRule, RuntimeRender};
use crate::data_dir::{DATABASE, DataDir};
use crate::error::Error;
use crate::handlers::{Api, Images};
use crate::openapi;

/// The sandboxes of the local backend in the data directory.
const SANDBOXES: &str = "sandboxes";
/// The local backend's name in records.
const LOCAL: &str = "local";

/// The store. Its lock makes the data directory this process's own.
pub(crate) async fn store(settings: &Settings, data: &DataDir) -> Result<Arc<SqliteStore>, Error> {
    let mut sqlite = SqliteSettings::new(data.join(DATABASE));
    sqlite.seal_key = settings.seal_key.clone();
    let store = SqliteStore::open(sqlite).await.map_err(Error::Store)?;
    Ok(Arc::new(store))
}

/// Sandboxes as processes of this machine.
pub(crate) async fn backend(
    settings: &Settings,
    data: &DataDir,
    store: &SqliteStore,
) -> Result<Arc<dyn SandboxBackend>, Error> {
    let (installation, _born) = store
        .installation()
        .await
        .map_err(|error| Error::Core(error.into()))?;
    let this = std::env::current_exe().map_err(Error::Begin)?;
    let shim = vec![this.into_os_string(), OsString::from("shim")];
    let local = &settings.config.local;
    let mut backend = LocalSettings::new(
        data.join(SANDBOXES),
        installation,
        shim,
        settings.search_path.clone(),
    );
    backend.programs = settings.programs.clone();
    backend.agent_ports = local.ports.clone();
    backend.limits = limits(local);
    backend.grace = local.grace;
    backend.log = LogLimits {
        max_bytes: local.log_size.0,
        files: local.log_files,
    };
    let backend = LocalBackend::new(backend).map_err(Error::Backend)?;
    Ok(Arc::new(backend))
}

fn limits(local: &Local) -> backend_local::Limits {
    let some = |number: u64| (number > 0).then_some(number);
    backend_local::Limits {
        memory_bytes: some(local.memory.0),
        milli_cpu: local.milli_cpu(),
        pids: some(local.pids),
        open_files: local.open_files,
    }
}

/// The gateway, which gives addresses at once and answers later.
pub(crate) fn gateway(config: &Config) -> Gateway {
    let gateway = &config.gateway;
    let host = |address: IpAddr| match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    Gateway::new(GatewaySettings {
        listen: gateway.listen,
        public_host: gateway
            .public_host
            .clone()
            .unwrap_or_else(|| host(gateway.listen)),
        ports: gateway.ports.clone(),
        service_ports: gateway.service_ports,
        hold: gateway.hold,
        connect: gateway.connect,
        first_byte: gateway.first_byte,
        connections_per_sandbox: gateway.connections_per_sandbox,
        ..GatewaySettings::default()
    })
}

/// Agents that are asked over their own HTTP API.
pub(crate) fn agent() -> Arc<dyn Agent> {
    Arc::new(HttpAgent::default())
}

/// The core over the other parts.
pub(crate) async fn core(
    config: &Config,
    store: &Arc<SqliteStore>,
    backend: &Arc<dyn SandboxBackend>,
    agent: Arc<dyn Agent>,
    gateway: &Gateway,
) -> Result<Core, Error> {
    let name: BackendName = LOCAL
        .parse()
        .map_err(|error| Error::Begin(io::Error::other(error)))?;
    let render = RuntimeRender {
        addresses: gateway.addresses(),
        case: match config.pod_status_case {
            CaseChoice::Auto => CaseRule::Auto,
            CaseChoice::Lower => CaseRule::Always(PodStatusCase::Lower),
            CaseChoice::Title => CaseRule::Always(PodStatusCase::Title),
        },
    };
    let parts = Parts {
        store: Arc::clone(store) as _,
        backends: BTreeMap::from([(name, Arc::clone(backend))]),
        agent,
        addresses: gateway.addresses(),
        render: Arc::new(render),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        settings: core_settings(config),
    };
    Core::start(parts).await.map_err(Error::Core)
}

fn core_settings(config: &Config) -> runtime_core::Settings {
    let policy = &config.policy;
    runtime_core::Settings {
        policy: runtime_core::sandbox::Policy {
            schedule_deadline: policy.schedule_deadline,
            ready_deadline: policy.ready_deadline,
            max_boots: policy.max_boots,
            max_restarts: policy.max_restarts,
            restart_window: policy.restart_window,
            backoff: policy.backoff,
            backoff_max: policy.backoff_max,
            refusal_grace: policy.refusal_grace,
            ..runtime_core::sandbox::Policy::default()
        },
        hold: config.hold,
        max_live: config.limits.max_live(),
        history: config.history,
        ..runtime_core::Settings::default()
    }
}

/// What the API's handlers work with.
pub(crate) fn api(
    config: &Config,
    keys: Keys,
    lifecycle: Lifecycle,
    backend: Arc<dyn SandboxBackend>,
) -> Api {
    Api {
        lifecycle,
        keys,
        path_prefix: config.path_prefix.clone(),
        registry_prefix: RegistryPrefix {
            registry_prefix: config.registry_prefix.clone(),
        },
        images: Images {
            backend,
            since: SystemClock.now(),
        },
        openapi: openapi::text(&config.path_prefix).into(),
    }
}

/// The keys that were configured; without any, the one of the first run, which is made now where it is missing.
pub(crate) fn keys(configured: &[ConfiguredKey], data: &DataDir) -> Result<Keys, Error> {
    let mut keys: Vec<Key> = configured
        .iter()
        .map(|key| Key {
            name: key.name.clone(),
            tenant: key.tenant.clone(),
            hash: ApiKeyHash::of(key.key.expose_secret()),
        })
        .collect();
    if keys.is_empty() {
        let path = data.join(FIRST_KEY_FILE);
        let first = first_key(&path, &SystemEntropy).map_err(|source| Error::FirstKey {
            path: path.clone(),
            source,
        })?;
        if first.is_new {
            tracing::info!(path = %path.display(), "no API key is configured, so one was made: it is in this file");
        } else {
            tracing::info!(path = %path.display(), "no API key is configured: the one in this file is used");
        }
        keys.push(Key {
            name: FIRST_KEY_FILE.to_owned(),
            tenant: TenantId::default_tenant(),
            hash: ApiKeyHash::of(first.key.expose_secret()),
        });
    }
    Ok(Keys::new(keys))
}

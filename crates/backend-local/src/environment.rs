//! The environment of a boot, and paths inside a sandbox as paths of this machine (pure).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use runtime_core::LaunchSpec;
use runtime_core::sandbox::ServicePorts;
use secrecy::{ExposeSecret as _, SecretString};

use crate::names;

/// Where a sandbox's disk is by contract (§9.3).
const WORKSPACE: &str = "/workspace";

/// Places of one boot on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The sandbox's directory; its `workspace` is [`WORKSPACE`].
    pub(crate) sandbox: PathBuf,
    /// The program's home.
    pub(crate) home: PathBuf,
    /// Private directory for temporary files and sockets.
    pub(crate) temporary: PathBuf,
}

/// The environment of `launch`: the client's values and ours by the contract's precedence, ports and paths as they are
/// here, and what the agent server needs to run beside others on one machine.
pub(crate) fn environment(
    launch: &LaunchSpec,
    places: &Places,
    ports: &ServicePorts,
    search_path: &OsStr,
) -> BTreeMap<String, SecretString> {
    let mut environment = launch.identity.environment(&launch.sealed, ports);
    for (name, value) in &mut environment {
        if let Some(port) = port_of(name, value.expose_secret(), ports) {
            *value = port.to_string().into();
        } else if let Cow::Owned(mapped) = local_paths(value.expose_secret(), &places.sandbox) {
            *value = mapped.into();
        }
    }
    for (name, value) in defaults(places, search_path) {
        environment.entry(name.to_owned()).or_insert(value.into());
    }
    // The client's home is a directory of the image, which is not here, unless it is on the disk.
    let home = environment.get("HOME").map(|home| home.expose_secret());
    if !home.is_some_and(|home| Path::new(home).starts_with(&places.sandbox)) {
        environment.insert("HOME".to_owned(), text(&places.home).into());
    }
    environment.insert("port".to_owned(), ports.agent.to_string().into());
    let marker = names::marker(launch.installation, launch.id(), launch.boot);
    environment.insert(names::MARKER.to_owned(), marker.into());
    environment
}

/// What a program finds unless the client said something else.
fn defaults(places: &Places, search_path: &OsStr) -> [(&'static str, String); 9] {
    let in_workspace = |name: &str| text(&places.sandbox.join("workspace").join(name));
    [
        ("PATH", search_path.to_string_lossy().into_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TMPDIR", text(&places.temporary)),
        ("TMUX_TMPDIR", text(&places.temporary)),
        // Without it litellm asks the internet for prices while it is imported.
        ("LITELLM_LOCAL_MODEL_COST_MAP", "True".to_owned()),
        ("OPENHANDS_SUPPRESS_BANNER", "1".to_owned()),
        // Their defaults are relative to the working directory.
        ("OH_CONVERSATIONS_PATH", in_workspace("conversations")),
        ("OH_BASH_EVENTS_DIR", in_workspace("bash_events")),
        ("HOME", text(&places.home)),
    ]
}

/// The port that a variable must have here, if it is one that carries a port.
fn port_of(name: &str, value: &str, ports: &ServicePorts) -> Option<u16> {
    match name {
        "port" => Some(ports.agent),
        "OH_VSCODE_PORT" | "VSCODE_PORT" => Some(ports.vscode),
        "WORK_PORT_1" | "WORKER_1" => Some(ports.work_1),
        "WORK_PORT_2" | "WORKER_2" => Some(ports.work_2),
        _ if name.starts_with("WORK_PORT_") || name.starts_with("WORKER_") => {
            let contract = ServicePorts::CONTRACT;
            match value.parse::<u16>().ok()? {
                port if port == contract.work_1 => Some(ports.work_1),
                port if port == contract.work_2 => Some(ports.work_2),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `value` with every path at or below [`WORKSPACE`] as it is here, where the value is such a path or a list of paths.
/// Text that only mentions one is left alone.
fn local_paths<'a>(value: &'a str, sandbox: &Path) -> Cow<'a, str> {
    if !value.split(':').any(is_in_workspace) {
        return Cow::Borrowed(value);
    }
    let sandbox = text(sandbox);
    let local = |path: &str| {
        if is_in_workspace(path) {
            format!("{sandbox}{path}")
        } else {
            path.to_owned()
        }
    };
    Cow::Owned(value.split(':').map(local).collect::<Vec<_>>().join(":"))
}

fn is_in_workspace(path: &str) -> bool {
    path.strip_prefix(WORKSPACE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The directory that a program starts in. The released image starts in `/`, where `workspace/…` is its disk: so does
/// the sandbox's directory here. Other absolute paths belong to the image, which is not here, and none leads out of the
/// sandbox's directory.
pub(crate) fn working_dir(asked: Option<&str>, sandbox: &Path) -> PathBuf {
    match asked {
        Some(path) if path.split('/').any(|part| part == "..") => sandbox.to_owned(),
        Some(path) if is_in_workspace(path) => PathBuf::from(format!("{}{path}", text(sandbox))),
        Some(path) if !path.starts_with('/') => sandbox.join(path),
        Some(_) | None => sandbox.to_owned(),
    }
}

/// A path as text; the root is checked to be UTF-8 when the backend is made, and all names below it are ours.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use runtime_core::Boot;
    use runtime_core::sandbox::{
        DiskSpec, Entrypoint, Identity, ResourceFactor, Sealed, Spec, User, plain,
    };

    use super::*;

    const PORTS: ServicePorts = ServicePorts {
        agent: 10000,
        vscode: 10001,
        work_1: 10002,
        work_2: 10003,
    };

    fn environment_of(client: &[(&str, &str)]) -> BTreeMap<String, String> {
        let launch = LaunchSpec {
            installation: serde_json::from_str("\"11111111-2222-3333-4444-555555555555\"").unwrap(),
            identity: Identity {
                id: "abc".parse().unwrap(),
                url: "http://127.0.0.1:20000".to_owned(),
            },
            boot: Boot(3),
            tenant: "t".parse().unwrap(),
            session: "s".parse().unwrap(),
            spec: Arc::new(Spec {
                image: "tiny".parse().unwrap(),
                entrypoint: Entrypoint::Image { args: Vec::new() },
                working_dir: None,
                environment: Vec::new(),
                resources: ResourceFactor::ONE,
                runtime_class: None,
                user: User::default(),
                pull_policy: None,
                disk: DiskSpec::Empty,
            }),
            sealed: Arc::new(Sealed {
                environment: client
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into()))
                    .collect(),
                session_key: "key".to_owned().into(),
                secret_key: "secret".to_owned().into(),
            }),
        };
        let places = Places {
            sandbox: "/s/abc".into(),
            home: "/s/abc/home".into(),
            temporary: "/s/abc/tmp".into(),
        };
        let environment = environment(&launch, &places, &PORTS, OsStr::new("/bin"));
        plain(&environment)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn ports_are_this_boots_even_where_the_client_sent_the_contracts() {
        let found = environment_of(&[
            ("OH_VSCODE_PORT", "60001"),
            ("WORKER_1", "12000"),
            ("WORKER_2", "9"),
            ("WORK_PORT_9", "12001"),
            ("WORKER_NAME", "bob"),
            ("port", "60000"),
        ]);
        for (name, value) in [
            ("port", "10000"),
            ("OH_VSCODE_PORT", "10001"),
            ("VSCODE_PORT", "10001"),
            ("WORK_PORT_1", "10002"),
            ("WORK_PORT_2", "10003"),
            ("WORKER_1", "10002"),
            ("WORKER_2", "10003"),
            ("WORK_PORT_9", "10003"),
            ("WORKER_NAME", "bob"),
        ] {
            assert_eq!(found[name], value, "{name}");
        }
    }

    #[test]
    fn whole_paths_are_mapped_and_text_is_left_alone() {
        for (value, here) in [
            ("/workspace", "/s/abc/workspace"),
            ("/workspace/a b", "/s/abc/workspace/a b"),
            (
                "/bin:/workspace/bin:/workspace",
                "/bin:/s/abc/workspace/bin:/s/abc/workspace",
            ),
            ("/workspaces", "/workspaces"),
            ("/x/workspace", "/x/workspace"),
            ("see /workspace/x", "see /workspace/x"),
            ("http://h/workspace", "http://h/workspace"),
            ("{\"a\":\"/workspace\"}", "{\"a\":\"/workspace\"}"),
            ("", ""),
        ] {
            assert_eq!(local_paths(value, Path::new("/s/abc")), here, "{value}");
        }
        assert_eq!(
            environment_of(&[("D", "/workspace/d")])["D"],
            "/s/abc/workspace/d"
        );
    }

    #[test]
    fn the_agent_server_can_run_beside_others() {
        let found = environment_of(&[("OH_BASH_EVENTS_DIR", "/workspace/events"), ("LANG", "de")]);
        for (name, value) in [
            ("PINFOLD_BOOT", "11111111-2222-3333-4444-555555555555/abc/3"),
            ("PATH", "/bin"),
            ("LANG", "de"),
            ("HOME", "/s/abc/home"),
            ("TMPDIR", "/s/abc/tmp"),
            ("TMUX_TMPDIR", "/s/abc/tmp"),
            ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
            ("OPENHANDS_SUPPRESS_BANNER", "1"),
            ("OH_CONVERSATIONS_PATH", "/s/abc/workspace/conversations"),
            ("OH_BASH_EVENTS_DIR", "/s/abc/workspace/events"),
        ] {
            assert_eq!(found[name], value, "{name}");
        }
    }

    #[test]
    fn a_home_in_the_image_is_replaced_and_one_on_the_disk_is_kept() {
        assert_eq!(environment_of(&[("HOME", "/root")])["HOME"], "/s/abc/home");
        assert_eq!(
            environment_of(&[("HOME", "/workspace/me")])["HOME"],
            "/s/abc/workspace/me"
        );
    }

    #[test]
    fn the_working_directory_is_on_the_disk() {
        for (asked, here) in [
            (None, "/s/abc"),
            (Some("/"), "/s/abc"),
            (Some("/workspace"), "/s/abc/workspace"),
            (Some("/workspace/project"), "/s/abc/workspace/project"),
            (Some("workspace/x"), "/s/abc/workspace/x"),
            (Some("/openhands/code/"), "/s/abc"),
            (Some("/workspaces"), "/s/abc"),
            (Some("/workspace/../../x"), "/s/abc"),
        ] {
            assert_eq!(
                working_dir(asked, Path::new("/s/abc")),
                Path::new(here),
                "{asked:?}"
            );
        }
    }
}

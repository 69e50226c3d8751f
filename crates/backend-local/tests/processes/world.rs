//! A root directory, a backend on it, and short ways to launch and to wait.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backend_local::{LocalBackend, LocalSettings, LogLimits, Program, Programs};
use futures::StreamExt as _;
use runtime_core::sandbox::{
    BootState, DiskSpec, DiskState, Entrypoint, Identity, ResourceFactor, Sealed, Spec, User,
};
use runtime_core::{
    BackendEvent, Boot, Entropy as _, InstallationId, LaunchSpec, SandboxBackend as _, SandboxId,
    Seen, SystemEntropy, Thing,
};

/// Longest that any condition is waited for.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

pub(crate) struct World {
    /// Removed when the test is over.
    _dir: tempfile::TempDir,
    pub(crate) settings: LocalSettings,
    pub(crate) backend: LocalBackend,
}

impl World {
    /// A backend that runs `script` with /bin/sh for the image `tiny`.
    pub(crate) fn new(script: &str) -> Self {
        Self::with(script, |_| {})
    }

    pub(crate) fn with(script: &str, change: impl FnOnce(&mut LocalSettings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let installation = InstallationId(SystemEntropy.uuid());
        let shim = vec![OsString::from(env!("CARGO_BIN_EXE_local-shim"))];
        let path = OsString::from("/usr/bin:/bin");
        let mut settings = LocalSettings::new(dir.path().join("root"), installation, shim, path);
        let words = ["/bin/sh", "-c", script, "{port}"];
        settings.programs = Programs::new([
            Program::new("tiny", words.map(str::to_owned).to_vec()).unwrap(),
            Program::parse("absent", "no-such-program --port {port}").unwrap(),
        ]);
        settings.grace = Duration::from_millis(300);
        settings.disk_check = Duration::from_millis(20);
        settings.log = LogLimits {
            max_bytes: 1 << 20,
            files: 3,
        };
        change(&mut settings);
        let backend = LocalBackend::new(settings.clone()).unwrap();
        Self {
            _dir: dir,
            settings,
            backend,
        }
    }

    /// The server restarts: everything in memory is lost.
    pub(crate) async fn restart(&mut self) {
        self.backend.shutdown().await;
        self.backend = LocalBackend::new(self.settings.clone()).unwrap();
    }

    pub(crate) fn launch(&self, id: &str, boot: u32) -> LaunchSpec {
        self.launch_of(id, boot, spec("tiny"))
    }

    pub(crate) fn launch_of(&self, id: &str, boot: u32, spec: Spec) -> LaunchSpec {
        let environment = [("A_SECRET".to_owned(), "very-hidden-value".to_owned().into())];
        LaunchSpec {
            installation: self.settings.installation,
            identity: Identity {
                id: id.parse().unwrap(),
                url: "http://127.0.0.1:20000".to_owned(),
            },
            boot: Boot(boot),
            tenant: "default".parse().unwrap(),
            session: "session".parse().unwrap(),
            spec: Arc::new(spec),
            sealed: Arc::new(Sealed {
                environment: environment.into(),
                session_key: "very-hidden-session-key".to_owned().into(),
                secret_key: "very-hidden-secret-key".to_owned().into(),
            }),
        }
    }

    pub(crate) fn sandbox(&self, id: &str) -> PathBuf {
        self.settings.root.join(id)
    }

    pub(crate) fn workspace(&self, id: &str) -> PathBuf {
        self.sandbox(id).join("workspace")
    }

    /// A file that the program writes.
    pub(crate) async fn file(&self, id: &str, name: &str) -> String {
        let path = self.workspace(id).join(name);
        wait_for(&format!("{}", path.display()), || {
            fs::read_to_string(&path)
                .ok()
                .filter(|text| text.ends_with('\n'))
        })
        .await
        .trim()
        .to_owned()
    }

    pub(crate) async fn up(&self, id: &str, boot: u32) {
        self.backend.launch(&self.launch(id, boot)).await.unwrap();
        self.state(id, boot, |state| {
            matches!(state, Some(BootState::Up { .. }))
        })
        .await;
    }

    /// Waits for a state of a boot; none is *gone*. Each look is a new listing.
    pub(crate) async fn state(
        &self,
        id: &str,
        boot: u32,
        wanted: impl Fn(Option<&BootState>) -> bool,
    ) -> Option<BootState> {
        let mut last = None;
        for _ in 0..polls() {
            last = self
                .list()
                .await
                .boots
                .remove(&(id.parse().unwrap(), Boot(boot)));
            if wanted(last.as_ref()) {
                return last;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("last seen: {last:?}");
    }

    pub(crate) async fn exited(&self, id: &str, boot: u32) -> (Option<i32>, String, String) {
        let state = self
            .state(id, boot, |state| {
                matches!(state, Some(BootState::Exited { .. }))
            })
            .await;
        let Some(BootState::Exited {
            reason,
            code,
            log_tail,
        }) = state
        else {
            panic!("{state:?}");
        };
        (code, reason.code.as_str().to_owned(), log_tail)
    }

    pub(crate) async fn gone(&self, id: &str, boot: u32) {
        self.state(id, boot, |state| state.is_none()).await;
    }

    pub(crate) async fn disk(&self, id: &str, wanted: Option<DiskState>) {
        let id: SandboxId = id.parse().unwrap();
        let mut last = None;
        for _ in 0..polls() {
            last = self.list().await.disks.get(&id).copied();
            if last == wanted {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("last seen: {last:?}");
    }

    /// Everything that a new watch lists.
    pub(crate) async fn list(&self) -> Listing {
        let mut listing = Listing::default();
        let mut events = self.backend.watch();
        loop {
            match tokio::time::timeout(BOUND, events.next())
                .await
                .unwrap()
                .unwrap()
            {
                BackendEvent::Exists(sighting) => match sighting.seen {
                    Seen::Boot(boot, state) => {
                        listing.boots.insert((sighting.id, boot), state);
                    }
                    Seen::Disk(disk) => {
                        listing.disks.insert(sighting.id, disk);
                    }
                },
                BackendEvent::ResyncBegins => {}
                BackendEvent::ResyncEnds => return listing,
                other => panic!("{other:?}"),
            }
        }
    }

    /// The control groups of a first boot, as its launch noted them; none where none can be made.
    pub(crate) fn groups(&self, id: &str) -> Vec<String> {
        let text = fs::read_to_string(self.sandbox(id).join("boot-1/launch.json")).unwrap();
        let noted: serde_json::Value = serde_json::from_str(&text).unwrap();
        let members = noted["cgroup"].as_array().cloned().unwrap_or_default();
        members
            .iter()
            .map(|member| member["dir"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What a boot's shim noted: (shim, program).
    pub(crate) async fn pids(&self, id: &str, boot: u32) -> (i32, i32) {
        let path = self.sandbox(id).join(format!("boot-{boot}/shim.json"));
        let text = wait_for("shim.json", || fs::read_to_string(&path).ok()).await;
        let noted: serde_json::Value = serde_json::from_str(&text).unwrap();
        let pid = |who: &str| i32::try_from(noted[who]["pid"].as_i64().unwrap()).unwrap();
        (pid("shim"), pid("program"))
    }
}

impl Drop for World {
    /// A failed test leaves nothing behind: every shim of this root ends its boot.
    fn drop(&mut self) {
        let shims = fs::read_dir(&self.settings.root)
            .into_iter()
            .flatten()
            .flat_map(|sandbox| fs::read_dir(sandbox.unwrap().path()).into_iter().flatten())
            .filter_map(|boot| fs::read_to_string(boot.unwrap().path().join("shim.json")).ok());
        for text in shims {
            let noted: serde_json::Value = serde_json::from_str(&text).unwrap();
            let pid = i32::try_from(noted["shim"]["pid"].as_i64().unwrap()).unwrap();
            if start_of(pid) == noted["shim"]["start"].as_u64() {
                send(pid, rustix::process::Signal::TERM);
            }
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) boots: BTreeMap<(SandboxId, Boot), BootState>,
    pub(crate) disks: BTreeMap<SandboxId, DiskState>,
}

const PAUSE: Duration = Duration::from_millis(5);

fn polls() -> u128 {
    BOUND.as_millis() / PAUSE.as_millis()
}

/// Waits until `look` finds something.
pub(crate) async fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..polls() {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("waited too long for {what}");
}

/// Waits until a process is gone (or waits to be reaped by somebody).
pub(crate) async fn ended(pid: i32) {
    wait_for(&format!("the end of {pid}"), || {
        (!is_running(pid)).then_some(())
    })
    .await;
}

fn stat_fields(pid: i32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_ascii_whitespace().map(str::to_owned).collect())
}

pub(crate) fn is_running(pid: i32) -> bool {
    stat_fields(pid).is_some_and(|fields| fields[0] != "Z")
}

fn start_of(pid: i32) -> Option<u64> {
    stat_fields(pid)?[19].parse().ok()
}

pub(crate) fn send(pid: i32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, signal).ok();
}

pub(crate) fn spec(image: &str) -> Spec {
    Spec {
        image: image.parse().unwrap(),
        entrypoint: Entrypoint::Image { args: Vec::new() },
        working_dir: Some("/workspace".to_owned()),
        environment: Vec::new(),
        resources: ResourceFactor::ONE,
        runtime_class: None,
        user: User {
            uid: Some(10001),
            ..User::default()
        },
        pull_policy: None,
        disk: DiskSpec::Empty,
    }
}

pub(crate) fn is_gone(event: &BackendEvent, boot: u32) -> bool {
    matches!(event, BackendEvent::Gone(_, Thing::Boot(found)) if *found == Boot(boot))
}

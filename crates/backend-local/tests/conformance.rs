//! The suite that every backend must pass, with real shims and real programs.
#![allow(clippy::unwrap_used, reason = "a failed check panics")]

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use backend_local::{LocalBackend, LocalSettings, Program, Programs};
use runtime_core::sandbox::Spec;
use runtime_core::{Entropy as _, InstallationId, SandboxBackend, SandboxId, SystemEntropy};
use tempfile::TempDir;
use testkit::backend::{Behaviour, Platform, Site};

fn main() -> ExitCode {
    testkit::run(testkit::backend::trials(ThisMachine))
}

/// What every program does first.
const BEGIN: &str = "echo started >> starts; echo started; \
    printf '%s\\n' \"$RUNTIME_ID\" \"$RUNTIME_URL\" \"$SESSION_API_KEY\" \"$TOKEN\" > told; ";

/// The image and what its program does then, as a script of a shell.
fn image(behaviour: Behaviour) -> (&'static str, &'static str) {
    match behaviour {
        Behaviour::Stays => ("stays", "exec sleep 1000"),
        Behaviour::Stubborn => ("stubborn", "trap '' TERM; while :; do sleep 0.05; done"),
        Behaviour::Exits => ("exits", "echo a last word; exit 3"),
        Behaviour::ExitsWhenTold => (
            "exits-when-told",
            "while [ ! -e go ]; do sleep 0.01; done; echo a last word; exit 7",
        ),
        Behaviour::Talks => (
            "talks",
            "i=1; while [ $i -le 1000 ]; do echo line $i; i=$((i+1)); done; exec sleep 1000",
        ),
        Behaviour::Impossible => ("nobody-has-it", ""),
    }
}

/// Sandboxes as processes of this machine.
struct ThisMachine;

#[async_trait]
impl Platform for ThisMachine {
    async fn site(&self) -> Box<dyn Site> {
        let dir = tempfile::tempdir().unwrap();
        let installation = InstallationId(SystemEntropy.uuid());
        let shim = vec![OsString::from(env!("CARGO_BIN_EXE_local-shim"))];
        let path = OsString::from("/usr/bin:/bin");
        let mut settings = LocalSettings::new(dir.path().join("root"), installation, shim, path);
        let programs = [
            Behaviour::Stays,
            Behaviour::Stubborn,
            Behaviour::Exits,
            Behaviour::ExitsWhenTold,
            Behaviour::Talks,
        ]
        .map(|behaviour| {
            let (image, script) = image(behaviour);
            let script = format!("{BEGIN}{script}");
            let words = ["/bin/sh", "-c", &script, "{port}"];
            Program::new(image, words.map(str::to_owned).to_vec()).unwrap()
        });
        settings.programs = Programs::new(programs);
        settings.grace = Duration::from_millis(300);
        settings.disk_check = Duration::from_millis(20);
        Box::new(Root {
            _dir: dir,
            settings,
            opened: Mutex::default(),
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// One directory of sandboxes, removed at the end.
struct Root {
    _dir: TempDir,
    settings: LocalSettings,
    /// To be shut down by their own method.
    opened: Mutex<Vec<Arc<LocalBackend>>>,
}

impl Root {
    fn file(&self, id: &SandboxId, name: &str) -> std::path::PathBuf {
        self.settings
            .root
            .join(id.as_str())
            .join("workspace")
            .join(name)
    }
}

#[async_trait]
impl Site for Root {
    fn installation(&self) -> InstallationId {
        self.settings.installation
    }

    async fn open(&self) -> Arc<dyn SandboxBackend> {
        self.open_as(self.settings.installation).await
    }

    async fn open_as(&self, installation: InstallationId) -> Arc<dyn SandboxBackend> {
        let settings = LocalSettings {
            installation,
            ..self.settings.clone()
        };
        let backend = Arc::new(LocalBackend::new(settings).unwrap());
        self.opened.lock().unwrap().push(Arc::clone(&backend));
        backend
    }

    async fn close(&self, backend: Arc<dyn SandboxBackend>) {
        let is_it =
            |one: &mut Arc<LocalBackend>| std::ptr::addr_eq(&raw const **one, &raw const *backend);
        let opened = self.opened.lock().unwrap().extract_if(.., is_it).next();
        opened.unwrap().shutdown().await;
    }

    fn spec(&self, behaviour: Behaviour) -> Spec {
        testkit::builders::spec(image(behaviour).0)
    }

    async fn read(&self, id: &SandboxId, name: &str) -> Option<String> {
        fs::read_to_string(self.file(id, name)).ok()
    }

    async fn write(&self, id: &SandboxId, name: &str, text: &str) {
        fs::write(self.file(id, name), text).unwrap();
    }
}

//! A server under test: the real binary on a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use super::http::Http;
use super::ports::Ports;
use super::processes::{self, Process};
use super::setup::{KEY, Keys, OTHER_KEY, Setup, launch, write_config};
use super::wait::{SOON, until};

/// For a stopped sandbox's processes to be gone: SIGTERM, SIGKILL after the grace time, and room for a busy machine.
pub(super) const GONE: Duration = Duration::from_secs(60);
/// Lines of the log that a failure shows.
const TAIL: usize = 120;

/// A running server. A test ends with [`finish`](Self::finish); without it, dropping leaves no process behind either.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    home: tempfile::TempDir,
    data: PathBuf,
    pub(super) url: String,
    ports: Ports,
    keys: Keys,
    pub(crate) key: String,
    /// Every key that a `/start` told: none of them may stand in the log.
    pub(super) told: Mutex<Vec<String>>,
    pub(crate) http: Http,
}

impl Server {
    /// A server with defaults.
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// A server with a setup of its own.
    pub(crate) async fn with(setup: Setup) -> Self {
        let home = tempfile::Builder::new()
            .prefix("pinfold-wire-")
            .tempdir()
            .unwrap();
        // As it stands in links of /proc.
        let canonical = home.path().canonicalize().unwrap();
        let data = setup.data.clone().unwrap_or_else(|| canonical.join("data"));
        let ports = Ports::claim(setup.ports);
        write_config(home.path(), &setup, &ports);
        let child = launch(home.path(), &data, setup.keys);
        let mut server = Self {
            child,
            home,
            data,
            url: String::new(),
            ports,
            keys: setup.keys,
            key: KEY.to_owned(),
            told: Mutex::default(),
            http: Http::new(),
        };
        server.wait_ready().await;
        if setup.keys == Keys::Made {
            let key = fs::read_to_string(server.data.join("api-key")).unwrap();
            key.trim().clone_into(&mut server.key);
        }
        server
    }

    async fn wait_ready(&mut self) {
        let file = self.data.join("api.addr");
        let (child, http) = (&mut self.child, &self.http);
        self.url = until("the server to answer", SOON, async || {
            if let Some(status) = child.try_wait().unwrap() {
                let log = fs::read_to_string(self.home.path().join("server.log"));
                panic!("the server ended with {status}:\n{}", log.unwrap());
            }
            let address = fs::read_to_string(&file).map_err(|error| error.to_string())?;
            let url = format!("http://{}", address.trim());
            let reply = http.get(&format!("{url}/health")).await?;
            if reply.status == 200 {
                Ok(url)
            } else {
                Err(format!("/health answers {}", reply.status))
            }
        })
        .await;
    }

    /// Base URL of the API.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that the server wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("server.log")).unwrap()
    }

    /// The processes of its sandboxes.
    pub(crate) fn processes(&self) -> Vec<Process> {
        processes::of(&self.data, self.child.id())
    }

    /// The sandboxes that have a directory.
    pub(crate) fn disks(&self) -> Vec<String> {
        fs::read_dir(self.data.join("sandboxes"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect()
    }

    /// The command line of an operator, which must succeed.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        let output = self.cli_output(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn cli_output(&self, args: &[&str]) -> std::process::Output {
        Command::new(env!("CARGO_BIN_EXE_pinfold"))
            .args(args)
            .env("PINFOLD_URL", &self.url)
            .env("PINFOLD_API_KEY", &self.key)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again on the same directory, after it ended.
    pub(crate) async fn restart(&mut self) {
        fs::remove_file(self.data.join("api.addr")).ok();
        self.child = launch(self.home.path(), &self.data, self.keys);
        // Old connections lead nowhere.
        self.http = Http::new();
        self.wait_ready().await;
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        processes::terminate(self.child.id());
        self.ended().await
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        until("the server to end", SOON, async || {
            child
                .try_wait()
                .unwrap()
                .ok_or_else(|| "it runs".to_owned())
        })
        .await
    }

    /// Stops every sandbox and the server: nothing may be left of them, and the log must be clean.
    pub(crate) async fn finish(mut self) {
        self.cli(&["sandboxes", "stop", "--all"]);
        for id in self.disks() {
            self.intend("/stop", &id).await;
        }
        until("nothing of any sandbox", GONE, async || {
            let (processes, disks) = (self.processes(), self.disks());
            if processes.is_empty() && disks.is_empty() {
                Ok(())
            } else {
                Err(format!("{processes:?} {disks:?}"))
            }
        })
        .await;
        let ended = self.terminate().await;
        assert!(ended.success(), "the server ended with {ended}");
        let log = self.log();
        let keys = self.told.lock().unwrap();
        for secret in keys
            .iter()
            .map(String::as_str)
            .chain([&self.key, OTHER_KEY])
        {
            assert!(!log.contains(secret), "a key stands in the server's log");
        }
        assert!(!log.contains("panicked at"), "the server panicked");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL)..];
            eprintln!("the server's last lines:\n{}", tail.join("\n"));
        }
        // Both do nothing to a process that was waited for.
        self.child.kill().ok();
        self.child.wait().ok();
        // A killed shim may leave others, and a fork may be under way: look until nothing is there.
        for _ in 0..100 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for process in left {
                processes::kill(process.pid);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

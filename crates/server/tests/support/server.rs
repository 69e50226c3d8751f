//! A server under test: the real binary on a directory of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::http::{Http, Reply};
use super::ports::Ports;
use super::processes::{self, Process};
use super::runtime::Runtime;
use super::wait::{SOON, until};

pub(crate) const KEY: &str = "wire-test-key-0123456789abcdef";
/// A second key of the same tenant.
pub(crate) const OTHER_KEY: &str = "wire-test-key-of-another-app-42";
/// For a stopped sandbox's processes to be gone: SIGTERM, SIGKILL after the grace time, and room for a busy machine.
const GONE: Duration = Duration::from_secs(60);
/// Lines of the log that a failure shows.
const TAIL: usize = 120;

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

/// A running server. A test ends with [`finish`](Self::finish); without it, dropping leaves no process behind either.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    home: tempfile::TempDir,
    data: PathBuf,
    url: String,
    ports: Ports,
    keys: Keys,
    key: String,
    /// Every key that a `/start` told: none of them may stand in the log.
    told: Mutex<Vec<String>>,
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
        fs::write(home.path().join("pinfold.toml"), config(&setup, &ports)).unwrap();
        let child = spawn(home.path(), &data, setup.keys);
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

    // === Calls ===

    /// A call with the key.
    pub(crate) async fn call(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Reply {
        self.call_with(method, path, &[("X-API-Key", &self.key)], body)
            .await
    }

    /// A call with these headers alone.
    pub(crate) async fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let url = format!("{}{path}", self.url);
        let reply = self.http.send(method, &url, headers, body).await;
        reply.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, body.to_string()).await
    }

    /// `/start` with this body, which must be answered with 201.
    pub(crate) async fn start_with(&self, body: Value) -> Runtime {
        let runtime = Runtime::checked(self.post("/start", body).await.expect(201));
        self.told.lock().unwrap().push(runtime.key().to_owned());
        runtime
    }

    /// A tiny sandbox of this session; may still be starting.
    pub(crate) async fn start_session(&self, session: &str) -> Runtime {
        self.start_with(json!({"image": "tiny", "session_id": session}))
            .await
    }

    /// A tiny sandbox that runs.
    pub(crate) async fn running(&self, session: &str) -> Runtime {
        let started = self.start_session(session).await;
        self.wait_for(started.id(), "running").await
    }

    /// A tiny sandbox with these arguments that runs.
    pub(crate) async fn running_with(&self, session: &str, args: &[&str]) -> Runtime {
        let mut command = vec!["tiny"];
        command.extend_from_slice(args);
        let body = json!({"image": "tiny", "session_id": session, "command": command});
        let started = self.start_with(body).await;
        self.wait_for(started.id(), "running").await
    }

    /// `/pause`, `/resume` or `/stop`, which must be answered with 200.
    pub(crate) async fn intend(&self, what: &str, id: &str) -> Runtime {
        let reply = self.post(what, json!({"runtime_id": id})).await;
        Runtime::checked(reply.expect(200))
    }

    pub(crate) async fn runtime(&self, id: &str) -> Runtime {
        Runtime::checked(self.get(&format!("/runtime/{id}")).await.expect(200))
    }

    pub(crate) async fn list(&self) -> Vec<Runtime> {
        let list = self.get("/list").await.expect(200);
        let runtimes = list["runtimes"].as_array().unwrap();
        assert_eq!(list["total"], runtimes.len());
        runtimes.iter().cloned().map(Runtime::checked).collect()
    }

    /// Waits for this status.
    pub(crate) async fn wait_for(&self, id: &str, status: &str) -> Runtime {
        self.wait_until(id, status, |runtime| runtime.status() == status)
            .await
    }

    /// Waits until the runtime is as wanted.
    pub(crate) async fn wait_until(
        &self,
        id: &str,
        what: &str,
        wanted: impl Fn(&Runtime) -> bool,
    ) -> Runtime {
        until(what, SOON, async || {
            let runtime = self.runtime(id).await;
            if wanted(&runtime) {
                Ok(runtime)
            } else {
                Err(runtime.0.to_string())
            }
        })
        .await
    }

    /// Waits until no process of the sandbox is left.
    pub(crate) async fn wait_gone(&self, id: &str) {
        until("no process of the sandbox", GONE, async || {
            let left: Vec<_> = self
                .processes()
                .into_iter()
                .filter(|process| process.sandbox.as_deref() == Some(id))
                .collect();
            if left.is_empty() {
                Ok(())
            } else {
                Err(format!("{left:?}"))
            }
        })
        .await;
    }

    /// Asks the sandbox through the gateway.
    pub(crate) async fn ask(&self, runtime: &Runtime, path: &str) -> Reply {
        let url = format!("{}{path}", runtime.url());
        let reply = self.http.get(&url).await;
        reply.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs a shell command in the sandbox.
    pub(crate) async fn exec(&self, runtime: &Runtime, script: &str) -> String {
        let url = format!("{}/exec", runtime.url());
        let headers = [("X-Session-API-Key", runtime.key())];
        let reply = self
            .http
            .send("POST", &url, &headers, script.to_owned())
            .await;
        let reply = reply.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text()
    }

    /// The last of what the sandbox wrote.
    pub(crate) async fn logs(&self, id: &str) -> String {
        let path = format!("/runtime/{id}/logs?bytes=4194304");
        let logs = self.get(&path).await.expect(200);
        logs["logs"].as_str().unwrap().to_owned()
    }

    /// The number of the sandbox's process.
    pub(crate) async fn pid_of(&self, runtime: &Runtime) -> u32 {
        self.ask(runtime, "/pid").await.text().parse().unwrap()
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
            .args(["--url", &self.url])
            .env("PINFOLD_API_KEY", &self.key)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    // === Ends and beginnings ===

    /// `kill -9`.
    pub(crate) fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again on the same directory, after it ended.
    pub(crate) async fn restart(&mut self) {
        fs::remove_file(self.data.join("api.addr")).ok();
        self.child = spawn(self.home.path(), &self.data, self.keys);
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

/// A server that is expected to end by itself: its exit status and its log.
pub(crate) async fn refused_start(data: &Path) -> (ExitStatus, String) {
    refused_start_with(data, Setup::default()).await
}

/// The same with a setup.
pub(crate) async fn refused_start_with(data: &Path, setup: Setup) -> (ExitStatus, String) {
    let home = tempfile::tempdir().unwrap();
    let ports = Ports::claim(8);
    fs::write(home.path().join("pinfold.toml"), config(&setup, &ports)).unwrap();
    let mut child = spawn(home.path(), data, setup.keys);
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

fn config(setup: &Setup, ports: &Ports) -> String {
    let tiny = tiny_agent();
    let tiny = tiny.to_str().unwrap();
    let gateway = ports.gateway(setup.gateway_ports);
    let agents = if setup.overlap {
        gateway.clone()
    } else {
        ports.local(setup.local_ports)
    };
    format!(
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
    )
}

fn spawn(home: &Path, data: &Path, keys: Keys) -> Child {
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
        .arg(home.join("pinfold.toml"))
        .env_remove("PINFOLD_API_KEY")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    if keys == Keys::Given {
        command.env("PINFOLD_API_KEY", format!("{KEY},{OTHER_KEY}"));
    }
    command.spawn().unwrap()
}

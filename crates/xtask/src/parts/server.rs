//! The server under test: the real binary, on a directory of its own.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::{self, pid};
use crate::http;
use crate::interrupt::Interrupt;
use crate::parts::processes;
use crate::wait::{wait_closely, wait_for};

/// From process start to the first answer.
const READY: Duration = Duration::from_secs(30);
/// How often we look for that answer: benchmarks measure the time until then.
const LOOK: Duration = Duration::from_millis(2);
/// From SIGTERM to SIGKILL: longer than the server's own drain of connections.
const DRAIN: Duration = Duration::from_secs(40);
/// For a stopped sandbox's processes to be gone: its own SIGTERM to SIGKILL, and room for a loaded machine.
const RELEASE: Duration = Duration::from_secs(60);
/// Lines of the log that an error shows.
const TAIL: usize = 40;

/// How to start a server.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// The binary `pinfold`.
    pub(crate) binary: &'a Path,
    /// Its `PATH`, on which it finds the agent-server.
    pub(crate) path: OsString,
    /// An absolute directory for data and log.
    pub(crate) home: &'a Path,
    /// The port to listen on where it is free; otherwise any.
    pub(crate) port: Option<u16>,
    /// The configuration file, where the defaults will not do.
    pub(crate) config: Option<&'a Path>,
    /// Further environment variables.
    pub(crate) variables: &'a [(&'a str, &'a str)],
}

/// A running server. Dropping it kills the process; its sandboxes go on, as they would after a crash.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    binary: PathBuf,
    home: PathBuf,
    key: String,
    url: String,
}

impl Server {
    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// It cannot be started, ends by itself or does not answer in time: with the last lines of its log.
    pub(crate) fn start(launch: Launch<'_>, interrupt: &Interrupt) -> Result<Self> {
        fs::create_dir_all(launch.home).context("cannot make the server's directory")?;
        // As it stands in links of /proc.
        let home = launch.home.canonicalize()?;
        let key = new_key()?;
        // After what a server before it wrote; the address of that one would mislead us.
        let log = File::options()
            .create(true)
            .append(true)
            .open(log_path(&home));
        let log = log.context("cannot make the server's log")?;
        fs::remove_file(address_path(&home)).ok();
        let mut serve = Command::new(launch.binary);
        // A person's own settings must not change what is shown and tested.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PINFOLD_") {
                serve.env_remove(name);
            }
        }
        let child = serve
            .args([
                "serve",
                "--listen",
                &listen_address(launch.port),
                "--data-dir",
            ])
            .arg(data_dir(&home))
            .args(
                launch
                    .config
                    .map(|path| path.as_os_str())
                    .into_iter()
                    .flat_map(|path| [OsStr::new("--config"), path]),
            )
            .env("PINFOLD_API_KEY", &key)
            .env("PATH", launch.path)
            .envs(launch.variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // So that Ctrl-C reaches us alone, and we can stop sandboxes before their server.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", launch.binary.display()))?;
        let mut server = Self {
            child,
            binary: launch.binary.to_owned(),
            home,
            key,
            url: String::new(),
        };
        server.url = server
            .wait_ready(interrupt)
            .map_err(|error| server.explain(&error))?;
        Ok(server)
    }

    fn wait_ready(&mut self, interrupt: &Interrupt) -> Result<String> {
        let address_file = address_path(&self.home);
        wait_closely("the server to answer", LOOK, READY, interrupt, || {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            let Ok(address) = fs::read_to_string(&address_file) else {
                return Ok(ControlFlow::Continue(format!(
                    "no {}",
                    address_file.display()
                )));
            };
            let url = format!("http://{}", address.trim());
            Ok(
                match http::get(&format!("{url}/health"), &[], Duration::from_secs(2)) {
                    Ok(reply) if reply.status == 200 => ControlFlow::Break(url),
                    Ok(reply) => {
                        ControlFlow::Continue(format!("{url}/health answers {}", reply.status))
                    }
                    Err(error) => ControlFlow::Continue(format!("{error:#}")),
                },
            )
        })
    }

    /// The API's base URL, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A key of the API.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The directory that it was started on.
    pub(crate) fn data_dir(&self) -> PathBuf {
        data_dir(&self.home)
    }

    /// The error together with the last lines of the server's log.
    pub(crate) fn explain(&self, error: &anyhow::Error) -> anyhow::Error {
        let log = fs::read(log_path(&self.home)).unwrap_or_default();
        let tail = tail(&String::from_utf8_lossy(&log));
        anyhow!("{error:#}\nthe server's last lines:\n{tail}")
    }

    /// Stops every sandbox, sees that nothing of them is left, then stops the server.
    ///
    /// # Errors
    /// A sandbox could not be stopped, or one of its processes had to be killed. The server is stopped in any case.
    pub(crate) fn stop_with_sandboxes(mut self) -> Result<()> {
        let sandboxes = self.stop_sandboxes().map_err(|error| self.explain(&error));
        self.terminate().and(sandboxes)
    }

    /// Stops the server; its sandboxes go on.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.terminate()
    }

    /// SIGKILL to the server; its sandboxes go on.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill().context("cannot kill the server")?;
        self.child.wait()?;
        Ok(())
    }

    /// `pinfold sandboxes …` against this server.
    pub(crate) fn operate(&self, arguments: &[&str]) -> Command {
        let mut operate = Command::new(&self.binary);
        operate
            .args(["sandboxes", "--url", &self.url])
            .args(arguments)
            .env("PINFOLD_API_KEY", &self.key);
        operate
    }

    fn stop_sandboxes(&self) -> Result<()> {
        let mut stop_all = self.operate(&["stop", "--all"]);
        // Cleaning up goes on after Ctrl-C.
        let asked = command::run(&mut stop_all, RELEASE, &Interrupt::never(), |_| false);
        let gone = processes::must_be_gone(&self.data_dir(), self.pid()?, RELEASE);
        asked.map(drop).and(gone)
    }

    fn terminate(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            return Err(self.explain(&anyhow!("the server had ended with {status}")));
        }
        kill_process(self.pid()?, Signal::TERM).context("cannot signal the server")?;
        let ended = wait_for("the server to end", DRAIN, &Interrupt::never(), || {
            Ok(match self.child.try_wait()? {
                Some(status) => ControlFlow::Break(status),
                None => ControlFlow::Continue("it runs after SIGTERM".into()),
            })
        });
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.explain(&anyhow!("the server ended with {status} on SIGTERM"))),
            Err(error) => {
                self.child.kill()?;
                self.child.wait()?;
                Err(self.explain(&error.context("the server had to be killed")))
            }
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> Result<Pid> {
        pid(&self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both do nothing to a process that was waited for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn data_dir(home: &Path) -> PathBuf {
    home.join("data")
}

/// Where the server says on which address it listens.
fn address_path(home: &Path) -> PathBuf {
    data_dir(home).join("api.addr")
}

fn log_path(home: &Path) -> PathBuf {
    home.join("server.log")
}

/// Somebody else may take the port between our look and the server's; then the server says so and ends.
fn listen_address(port: Option<u16>) -> String {
    let free = port.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    format!("127.0.0.1:{}", free.unwrap_or(0))
}

fn new_key() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random bytes: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    let last = lines.len().saturating_sub(TAIL);
    lines
        .iter()
        .skip(last)
        .map(|line| format!("    {line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_at_once_is_explained_by_its_log() {
        let dir = tempfile::tempdir().unwrap();
        // It knows no `--listen`, says so and ends.
        let binary = Path::new("cat");
        let path = std::env::var_os("PATH").unwrap();
        let launch = Launch {
            binary,
            path,
            home: dir.path(),
            port: None,
            config: None,
            variables: &[],
        };
        let error = Server::start(launch, &Interrupt::never())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("the server ended with exit status: 1"),
            "{error}"
        );
        assert!(
            error.contains("the server's last lines:\n    cat: ") && error.contains("listen"),
            "{error}"
        );
    }

    #[test]
    fn a_taken_port_is_given_up_for_any() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(listen_address(Some(port)), "127.0.0.1:0");
    }

    #[test]
    fn only_the_last_lines_are_shown() {
        let log: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let tail = tail(&log);
        assert_eq!(tail.lines().count(), TAIL);
        assert!(tail.ends_with("    line 99\n"));
    }

    #[test]
    fn keys_differ() {
        assert_ne!(new_key().unwrap(), new_key().unwrap());
    }
}

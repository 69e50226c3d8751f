//! nginx, of Debian's package, on a directory of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::pid;
use crate::interrupt::Interrupt;
use crate::parts::debian::Program;
use crate::wait::wait_for;

/// From the start of the process to its first connection.
const READY: Duration = Duration::from_secs(10);

/// The program.
pub(crate) const PROGRAM: Program = Program {
    package: "nginx",
    path: "usr/sbin/nginx",
};

/// What every configuration of ours begins with: one worker, and nothing outside of the directory that nginx is told with
/// `-p`.
pub(crate) const ONE_WORKER: &str = "\
daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 16384; }
";
/// What every `http` section of ours begins with.
pub(crate) const HTTP: &str = "\
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
";

/// A running nginx; killed when dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
}

impl Nginx {
    /// Starts it with this configuration and waits until it takes connections at `address`.
    ///
    /// # Errors
    /// It cannot be had, or ends by itself: with what it wrote.
    pub(crate) fn start(
        dir: &Path,
        configuration: &str,
        address: SocketAddr,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let program = PROGRAM.prepare(interrupt)?;
        let file = dir.join("nginx.conf");
        fs::write(&file, configuration).context("cannot write nginx's configuration")?;
        let log = dir.join("error.log");
        let child = Command::new(program)
            .arg("-p")
            .arg(dir)
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(&log)
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start nginx")?;
        let mut nginx = Self { child };
        wait_for("nginx to take connections", READY, interrupt, || {
            if let Some(status) = nginx.child.try_wait()? {
                let log = fs::read_to_string(&log).unwrap_or_default();
                bail!("nginx ended with {status}: {log}");
            }
            Ok(match TcpStream::connect(address) {
                Ok(_) => ControlFlow::Break(()),
                Err(error) => ControlFlow::Continue(error.to_string()),
            })
        })?;
        Ok(nginx)
    }

    /// The process that serves.
    ///
    /// # Errors
    /// It has none, or more than one.
    pub(crate) fn worker(&self) -> Result<Pid> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        let mut children = children.split_whitespace();
        match (children.next(), children.next()) {
            (Some(worker), None) => {
                Pid::from_raw(worker.parse()?).context("the worker has no process id")
            }
            _ => bail!("nginx has not one worker"),
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Told to end, the master takes its worker along; it is ours, so its id is still its own.
        if let Ok(pid) = pid(&self.child) {
            kill_process(pid, Signal::TERM).ok();
        }
        self.child.wait().ok();
    }
}

/// The `user` line: workers of root would run as a user who cannot read our directories.
pub(crate) fn user() -> &'static str {
    if rustix::process::geteuid().is_root() {
        "user root;\n"
    } else {
        ""
    }
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?)
}

/// Directories that nginx makes files in.
pub(crate) fn directory(parent: &Path, name: &str) -> Result<PathBuf> {
    let dir = parent.join(name);
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

//! From a launch to a running shim.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use runtime_core::sandbox::{BootState, DiskState, ServicePorts, Spec, plain};
use runtime_core::{BackendError, LaunchSpec};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio_util::sync::CancellationToken;

use crate::arguments;
use crate::boot::Attended;
use crate::config::LocalSettings;
use crate::environment::{self, Places};
use crate::error::{cannot_write, gone, refused, retry};
use crate::host::Host;
use crate::logs;
use crate::names;
use crate::pid_file::{self, LaunchFile, SandboxFile, ShimFile};
use crate::ports;
use crate::programs;
use crate::shim::{FailureKind, Launcher, Order, Report};
use crate::workspace::{self, BootDir, DiskError, SandboxDir};

/// Longest that a shim may take to start a program, on a machine where everything is slow.
const START: Duration = Duration::from_secs(30);
/// Longest line that a shim may answer, in bytes.
const REPORT_BYTES: u64 = 64 * 1024;

/// A shim that was started and has not been told yet what to launch.
struct Prepared {
    child: Child,
    handle: OwnedFd,
    order: Vec<u8>,
    launch: LaunchFile,
    dir: BootDir,
}

/// The words and the program for `spec`, if it can run here.
pub(crate) fn command(
    settings: &LocalSettings,
    spec: &Spec,
    port: u16,
) -> Result<Vec<String>, BackendError> {
    let Some(program) = settings.programs.get(&spec.image) else {
        return Err(refused(format!(
            "no program of this machine is known for image {}: name one in `[[local.images]]`",
            spec.image
        )));
    };
    if let Some(name) = spec.environment.iter().find(|name| !is_variable(name)) {
        return Err(refused(format!(
            "`environment` has a name that no process can have: {name:?}"
        )));
    }
    let mut words = arguments::command_line(program, &spec.entrypoint, port)
        .map_err(|unmapped| refused(unmapped.to_string()))?;
    let Some(first) = words.first_mut() else {
        return Err(refused("the program in `[[local.images]]` is empty"));
    };
    let Some(path) = programs::find(first, &settings.search_path) else {
        return Err(refused(format!(
            "the program {first} for image {} is not installed on this machine: install it, or name another one in \
             `[[local.images]]`",
            spec.image
        )));
    };
    *first = path.to_string_lossy().into_owned();
    Ok(words)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Launches a boot whose place in the registry is taken, and looks after it from then on.
///
/// # Cancel safety
/// Dropped at its end only: the backend runs it as a task of its own.
pub(crate) async fn launch(
    host: Arc<Host>,
    spec: LaunchSpec,
    about: SandboxFile,
    leave: CancellationToken,
) -> Result<(), BackendError> {
    let (id, boot) = (spec.id().clone(), spec.boot);
    let prepared = prepare_in_turn(&host, spec, about, &leave).await;
    let prepared = match prepared {
        Ok(Some(prepared)) => prepared,
        Ok(None) => {
            host.registry.boot_gone(&id, boot);
            return Ok(());
        }
        Err(error) => {
            host.registry.boot_gone(&id, boot);
            return Err(error);
        }
    };
    let Prepared {
        child,
        handle,
        order,
        launch,
        dir,
    } = prepared;
    let told = tokio::time::timeout(START, tell(child, &order)).await;
    let mut attended = Attended {
        dir,
        launch,
        shim: None,
        handle: Some(handle),
        same_machine: true,
        leave,
    };
    match told.unwrap_or_else(|_| Err(retry("starting the program took too long"))) {
        Ok(shim) => {
            attended.shim = Some(shim);
            let endpoints = ports::endpoints(&attended.launch.ports.into());
            host.registry
                .set_boot(&id, boot, BootState::Up { endpoints });
            let attended = attended.attend(Arc::clone(&host));
            host.tasks.spawn(attended);
            Ok(())
        }
        Err(error) => {
            let log = attended.dir.shim_log();
            let said = tokio::task::spawn_blocking(move || logs::tail(&log)).await;
            tracing::warn!(
                sandbox.id = %id, boot = %boot, error = %error.explained(),
                shim = said.unwrap_or_default(),
                "a program was not started"
            );
            attended.abandon(&host).await;
            Err(error)
        }
    }
}

/// Waits for its turn and makes everything that the boot needs; none if it was told to leave meanwhile.
async fn prepare_in_turn(
    host: &Arc<Host>,
    spec: LaunchSpec,
    about: SandboxFile,
    leave: &CancellationToken,
) -> Result<Option<Prepared>, BackendError> {
    let turn = host.launches.acquire().await;
    if turn.is_err() || leave.is_cancelled() {
        return Ok(None);
    }
    let host = Arc::clone(host);
    tokio::task::spawn_blocking(move || {
        prepare_disk(&host, &spec, &about)?;
        let ports = host
            .ports
            .take()
            .map_err(|_used_up| retry("all ports of `local.ports` are in use"))?;
        let prepared = prepare(&host, &spec, &about, ports);
        if prepared.is_err() {
            host.ports.give_back(&ports);
        }
        prepared.map(Some)
    })
    .await
    .map_err(|error| retry("preparing the sandbox failed").because(error))?
}

fn prepare_disk(host: &Host, spec: &LaunchSpec, about: &SandboxFile) -> Result<(), BackendError> {
    let dir = SandboxDir::new(&host.settings.root, spec.id());
    match dir.prepare(spec.boot, about) {
        Ok(()) => {
            host.registry.set_disk(spec.id(), DiskState::Present);
            Ok(())
        }
        Err(DiskError::Lost) => {
            host.registry.set_disk(spec.id(), DiskState::Absent);
            Err(gone("the sandbox's directory is gone"))
        }
        Err(DiskError::Foreign) => Err(refused(
            "the sandbox's directory belongs to another installation of this server",
        )),
        Err(DiskError::Io(error)) => Err(cannot_write("making the sandbox's directory", error)),
    }
}

/// Makes the boot's files and starts its shim.
fn prepare(
    host: &Host,
    spec: &LaunchSpec,
    about: &SandboxFile,
    ports: ServicePorts,
) -> Result<Prepared, BackendError> {
    let settings = &host.settings;
    let words = command(settings, &spec.spec, ports.agent)?;
    let sandbox = SandboxDir::new(&settings.root, spec.id());
    let dir = sandbox.boot(spec.boot);
    let working_dir = environment::working_dir(spec.spec.working_dir.as_deref(), sandbox.path());
    let temporary = workspace::temporary(&sandbox, spec.installation, spec.id());
    let make = || -> io::Result<()> {
        workspace::make_private(&working_dir)?;
        workspace::make_private(dir.path())?;
        sandbox.forget_logs_before(spec.boot)?;
        workspace::make_temporary(&temporary)
    };
    make().map_err(|error| cannot_write("making a boot's directories", error))?;
    let places = Places {
        sandbox: sandbox.path().to_owned(),
        home: sandbox.home(),
        temporary: temporary.clone(),
    };
    let cgroup = host
        .hierarchies
        .group(spec.installation, spec.id(), spec.boot);
    let environment = environment::environment(spec, &places, &ports, &settings.search_path);
    let launch = LaunchFile {
        installation: spec.installation,
        id: spec.id().clone(),
        boot: spec.boot,
        created_at: about.created_at,
        image: spec.spec.image.to_string(),
        program: words.first().map(PathBuf::from).unwrap_or_default(),
        ports: ports.into(),
        temporary,
        cgroup: cgroup.clone(),
    };
    let order = Order {
        boot_dir: dir.path().to_owned(),
        command: words,
        environment: plain(&environment)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        working_dir,
        launcher: Launcher::Plain,
        limits: settings.limits.scaled(spec.spec.resources),
        cgroup,
        log: settings.log,
        grace: settings.grace,
    };
    let order = serde_json::to_vec(&order)
        .map_err(|error| refused("the launch cannot be written as JSON").because(error))?;
    pid_file::write(&dir.launch_file(), &launch)
        .map_err(|error| cannot_write("noting the launch", error))?;
    match spawn(settings, &launch, &dir) {
        Ok((child, handle)) => Ok(Prepared {
            child,
            handle,
            order,
            launch,
            dir,
        }),
        Err(error) => {
            if let Err(error) = dir.forget() {
                tracing::warn!(error = %error, "cannot remove all files of a boot");
            }
            Err(retry("cannot start the process that watches over the program").because(error))
        }
    }
}

/// Starts the shim with nothing on its command line or in its environment that anybody must not read.
fn spawn(
    settings: &LocalSettings,
    launch: &LaunchFile,
    dir: &BootDir,
) -> io::Result<(Child, OwnedFd)> {
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(dir.shim_log())?;
    let mut words = settings.shim.iter();
    let program: &OsStr = words.next().map(AsRef::as_ref).unwrap_or_default();
    let child = Command::new(program)
        .args(words)
        .arg(names::boot_name(&launch.id, launch.boot))
        .env_clear()
        .env(
            names::MARKER,
            names::marker(launch.installation, &launch.id, launch.boot),
        )
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        // Ctrl-C in the server's terminal is not for it.
        .process_group(0)
        .spawn()?;
    // Nobody has waited for it yet, so that the number is still its own.
    let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
    Ok((child, handle))
}

/// Tells the shim what to launch and hears what became of it.
async fn tell(mut child: Child, order: &[u8]) -> Result<ShimFile, BackendError> {
    let lost = |error| retry("lost the process that watches over the program").because(error);
    if let Some(stdin) = child.stdin.take() {
        let mut stdin = ChildStdin::from_std(stdin).map_err(lost)?;
        // A shim that ended already says why.
        stdin.write_all(order).await.ok();
    }
    let Some(stdout) = child.stdout.take() else {
        return Err(retry(
            "cannot hear the process that watches over the program",
        ));
    };
    let stdout = ChildStdout::from_std(stdout).map_err(lost)?;
    let mut line = Vec::new();
    BufReader::new(stdout.take(REPORT_BYTES))
        .read_until(b'\n', &mut line)
        .await
        .map_err(lost)?;
    match serde_json::from_slice(&line) {
        Ok(Report::Started(shim)) => Ok(shim),
        Ok(Report::Failed(failure)) => Err(match failure.kind {
            FailureKind::Refused => refused(format!(
                "{}; the program is named in `[[local.images]]`",
                failure.message
            )),
            FailureKind::Other => retry(failure.message),
        }),
        Err(error) => {
            Err(retry("the process that watches over the program ended too early").because(error))
        }
    }
}

//! One program from its start to the end of everything that it started.

use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Resource, Rlimit, Signal, WaitStatus, getrlimit, kill_process_group, setrlimit,
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

use super::order::{Failure, Order, Report};
use super::output::{Log, More, Output};
use super::sweep::{self, Reaped};
use crate::cgroup::Group;
use crate::config::Limits;
use crate::pid_file::{self, ExitFile, ShimFile};
use crate::process::{Process, pid_of};
use crate::workspace::BootDir;

/// How often the removal of a control group is tried, and how long is waited in between.
const GROUP_TRIES: u32 = 20;
const GROUP_PAUSE: Duration = Duration::from_millis(5);

#[expect(
    clippy::disallowed_types,
    reason = "the shim has no async runtime whose clock could be paused"
)]
type Deadline = std::time::Instant;

/// Signals, as streams that can be polled.
struct Signals {
    child: UnixStream,
    terminate: UnixStream,
}

impl Signals {
    fn register() -> io::Result<Self> {
        // What a terminal sends is not for the program: the server decides when it ends.
        for signal in [SIGHUP, SIGINT] {
            signal_hook::flag::register(signal, std::sync::Arc::default())?;
        }
        Ok(Self {
            child: stream(SIGCHLD)?,
            terminate: stream(SIGTERM)?,
        })
    }
}

fn stream(signal: i32) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal, write)?;
    read.set_nonblocking(true)?;
    Ok(read)
}

/// Runs the order to its end.
pub(super) fn run(order: Order) -> Result<(), Failure> {
    let signals =
        Signals::register().map_err(|error| Failure::other("cannot receive signals", &error))?;
    let dir = BootDir::at(order.boot_dir.clone());
    let (grace, cgroup) = (order.grace, order.cgroup.clone());
    let (program, mut output) = start(order, &dir)?;

    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let shim = Process::of(own).ok_or_else(|| Failure::other("cannot find itself in", &"/proc"));
    let known = shim.and_then(|shim| {
        let known = ShimFile {
            machine: pid_file::machine(),
            shim,
            program,
        };
        pid_file::write(&dir.shim_file(), &known)
            .map(|()| known)
            .map_err(|error| Failure::other("cannot note who runs the program", &error))
    });
    match known {
        Ok(known) => super::report(&Report::Started(known)),
        // Nobody could find it again, so it must not run.
        Err(failure) => {
            sweep::all(&signals.child);
            remove(cgroup.as_ref());
            return Err(failure);
        }
    }

    let status = attend(program, &signals, &mut output, grace);
    let killed_for_memory = cgroup
        .as_ref()
        .is_some_and(|group| group.killed_for_memory() > 0);
    let mut exit = exit_of(status, killed_for_memory);
    // Noted at once, so that the code is known even if the shim does not live to see the rest end.
    note_exit(&dir, &exit);
    sweep::all(&signals.child);
    if let Some(output) = &mut output {
        drain(output);
    }
    remove(cgroup.as_ref());
    exit.swept = true;
    note_exit(&dir, &exit);
    Ok(())
}

/// Starts the program in its own process group, within its limits.
fn start(order: Order, dir: &BootDir) -> Result<(Process, Option<Output>), Failure> {
    limit_files(order.limits.open_files);
    let log = Log::create(dir.log(), order.log)
        .map_err(|error| Failure::other("cannot open the log", &error))?;
    let (reader, writer) =
        io::pipe().map_err(|error| Failure::other("cannot make a pipe", &error))?;
    let stdout = writer
        .try_clone()
        .map_err(|error| Failure::other("cannot make a pipe", &error))?;

    let words = order.launcher.wrap(order.command);
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::other("cannot run", &"nothing"));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(&order.environment)
        .current_dir(&order.working_dir)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(writer)
        .process_group(0);
    // Children are born into the group of their parent: the shim goes in, and out again.
    if let Some(group) = &order.cgroup {
        enter(group, &order.limits);
    }
    let spawned = command.spawn();
    if let Some(Err(error)) = order.cgroup.as_ref().map(Group::leave) {
        // It counts as one of the boot's processes then, which is little.
        super::note(&format!("cannot leave the control group: {error}"));
    }
    match spawned {
        Ok(child) => {
            let pid = i32::try_from(child.id()).unwrap_or_default();
            // It cannot have been reaped yet, so it is there.
            let process = Process::of(pid).unwrap_or(Process { pid, start: 0 });
            Ok((process, Some(Output::new(reader, log))))
        }
        Err(error) => {
            remove(order.cgroup.as_ref());
            Err(Failure::of_spawn(program, &error))
        }
    }
}

/// Limits are left out where they cannot be set: an embedded server still works, and said so when it began.
fn enter(group: &Group, limits: &Limits) {
    if let Err(error) = group.create(limits).and_then(|()| group.enter()) {
        super::note(&format!(
            "cannot limit memory, processor and processes: {error}"
        ));
    }
}

/// Removes the groups. What ended a moment ago may still keep them; the next server removes them then.
fn remove(cgroup: Option<&Group>) {
    for _ in 0..GROUP_TRIES {
        if cgroup.is_none_or(Group::remove) {
            return;
        }
        wait_for_news(&[], None, Some(GROUP_PAUSE));
    }
    super::note("cannot remove the control group");
}

/// No core dumps, which would hold the sandbox's keys, and a bounded number of open files.
fn limit_files(open_files: u64) {
    let hard = getrlimit(Resource::Nofile).maximum;
    let open_files = hard.map_or(open_files, |hard| hard.min(open_files));
    for (resource, limit) in [(Resource::Core, 0), (Resource::Nofile, open_files)] {
        let limit = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        if let Err(error) = setrlimit(resource, limit) {
            super::note(&format!("cannot limit {resource:?}: {error}"));
        }
    }
}

/// Keeps the output and passes signals on until the program ended.
fn attend(
    program: Process,
    signals: &Signals,
    output: &mut Option<Output>,
    grace: Duration,
) -> WaitStatus {
    let mut kill_at: Option<Deadline> = None;
    loop {
        while let Reaped::One(pid, status) = sweep::reap() {
            if pid == program.pid {
                return status;
            }
        }
        let left = kill_at.map(|at| at.saturating_duration_since(now()));
        let pipe = output.as_ref().map(|output| output.pipe.as_fd());
        let streams = [&signals.child, &signals.terminate];
        let has_output = wait_for_news(&streams, pipe, left);
        if drained(&signals.terminate) && kill_at.is_none() {
            send(program, Signal::TERM);
            kill_at = Some(now() + grace);
        }
        drained(&signals.child);
        if has_output && output.as_mut().map(Output::take) == Some(More::Never) {
            *output = None;
        }
        if kill_at.is_some_and(|at| at <= now()) {
            send(program, Signal::KILL);
            if let Err(error) = sweep::kill_descendants() {
                super::note(&format!("cannot list processes: {error}"));
            }
            // Once more, should anything have been born meanwhile.
            kill_at = Some(now() + grace.max(Duration::from_millis(100)));
        }
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "the shim has no async runtime whose clock could be paused"
)]
fn now() -> Deadline {
    std::time::Instant::now()
}

fn send(program: Process, signal: Signal) {
    if let Some(group) = pid_of(program.pid) {
        // Nobody there any more: that was the aim.
        kill_process_group(group, signal).ok();
    }
}

/// Waits until one of the streams or the pipe has something, or the time is over; whether the pipe has.
pub(super) fn wait_for_news(
    streams: &[&UnixStream],
    pipe: Option<BorrowedFd<'_>>,
    at_most: Option<Duration>,
) -> bool {
    let mut fds: Vec<PollFd<'_>> = pipe
        .iter()
        .map(|pipe| PollFd::new(pipe, PollFlags::IN))
        .chain(
            streams
                .iter()
                .map(|stream| PollFd::new(*stream, PollFlags::IN)),
        )
        .collect();
    let timeout = at_most.and_then(|at_most| Timespec::try_from(at_most).ok());
    // Interrupted by a signal: then there is news in a stream.
    poll(&mut fds, timeout.as_ref()).ok();
    pipe.is_some() && fds.first().is_some_and(|pipe| !pipe.revents().is_empty())
}

/// Empties a stream; whether there was something.
fn drained(mut stream: &UnixStream) -> bool {
    let mut bytes = [0; 64];
    let mut any = false;
    while matches!(stream.read(&mut bytes), Ok(length) if length > 0) {
        any = true;
    }
    any
}

/// Takes what is left in the pipe, without waiting for more.
fn drain(output: &mut Output) {
    while wait_for_news(&[], Some(output.pipe.as_fd()), Some(Duration::ZERO)) {
        if output.take() == More::Never {
            break;
        }
    }
}

fn exit_of(status: WaitStatus, killed_for_memory: bool) -> ExitFile {
    let signal = status.terminating_signal();
    ExitFile {
        code: signal.map_or_else(
            || status.exit_status().unwrap_or_default(),
            |signal| 128 + signal,
        ),
        signal,
        out_of_memory: killed_for_memory && signal == Some(Signal::KILL.as_raw()),
        swept: false,
    }
}

fn note_exit(dir: &BootDir, exit: &ExitFile) {
    if let Err(error) = pid_file::write(&dir.exit_file(), exit) {
        super::note(&format!("cannot note how the program ended: {error}"));
    }
}

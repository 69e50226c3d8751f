//! The shim: the parent of one boot. A process of its own, with one thread and no async runtime, that needs neither the
//! server nor the network: it starts the program, keeps what it writes, passes SIGTERM on, notes how it ended and ends
//! what it left behind.

mod detach;
mod order;
mod output;
mod supervise;
mod sweep;

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

pub(crate) use order::{FailureKind, Launcher, Order, Report};

use order::Failure;

/// The whole life of a shim. The launch comes in on stdin, one line with what became of it goes to stdout, trouble to
/// stderr; `args` are there for people who look at the list of processes.
///
/// Call it before anything else happens in `main`: before threads, an async runtime or the reading of configuration.
pub fn shim_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    drop(args.into_iter());
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            note(&failure.message);
            report(&Report::Failed(failure));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    detach::from_server();
    let mut text = Vec::new();
    io::stdin()
        .read_to_end(&mut text)
        .map_err(|error| Failure::other("cannot read what to launch", &error))?;
    // A server that died while it wrote leaves half of it: then there is nothing to do.
    let order: Order = serde_json::from_slice(&text)
        .map_err(|error| Failure::other("cannot read what to launch", &error))?;
    drop(text);
    supervise::run(order)
}

/// Tells the server, if it is still there.
fn report(report: &Report) {
    let mut line = serde_json::to_vec(report).unwrap_or_default();
    line.push(b'\n');
    let mut out = io::stdout();
    // Nobody may be listening any more, and then nobody needs it.
    out.write_all(&line).and_then(|()| out.flush()).ok();
}

/// Writes to the shim's own log.
fn note(message: &str) {
    // Where it cannot be written there is nobody left to tell.
    writeln!(io::stderr(), "{message}").ok();
}

//! A tiny program in an agent's place, for load and fault tests: it listens within milliseconds, needs 3 MB, and does on
//! request what real agents do at the worst moment. It speaks just enough HTTP/1.1 for that, with a thread for each
//! connection.
//!
//! It is no stand-in for the agent-server: what clients rely on is shown with the real one (`cargo xtask test`).
//!
//! | path | answer |
//! | --- | --- |
//! | `/alive`, `/health` | 200 |
//! | `/server_info` | `uptime`, `idle_time` |
//! | `/echo…` | method, raw target, headers and body length as JSON |
//! | `/env/NAME` | the variable's value, 404 when unset |
//! | `/args`, `/cwd`, `/pid` | what the process was started with and as |
//! | `/exec` | runs the body as a shell command and streams its output; asks for the session key |
//! | `/ws` | WebSocket echo; `?auth=1` wants the key in the first message, `?close=N` closes with that code |
//! | `/upgrade` | `Upgrade: echo`, then every byte comes back |
//! | `/sse` | an event at once and each `?ms=` (100), `?count=` of them |
//! | `/slow?ms=` | the first byte late |
//! | `/status/NNN`, `/redirect` | that status; 302 with a cookie |
//! | `/upload`, `/download?bytes=` | counts bytes, sends bytes |
//! | `/log?lines=` | writes numbered lines to standard output |
//! | `/exit?code=`, `/abort` | ends; with `?ms=` after a while |
//! | `/spawn-daemon` | leaves a process behind in a session of its own and tells its pid |
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program of blocking threads with a clock of its own"
)]

mod children;
mod message;
mod options;
mod routes;
mod sockets;
mod streams;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use message::{Connection, Next};
use options::{Mode, Options};

/// Threads are many and do little.
const STACK: usize = 128 << 10;

/// What all connections share.
struct Agent {
    options: Options,
    started: Instant,
    last_used: Mutex<Instant>,
}

fn main() -> ExitCode {
    let options = Options::from_args(std::env::args().skip(1));
    let ended = match options.mode {
        Mode::Serve => serve(options),
        Mode::Between => children::start_daemon(),
        Mode::Daemon => children::be_daemon(),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tiny_agent: {error}");
            ExitCode::from(3)
        }
    }
}

fn serve(options: Options) -> io::Result<ExitCode> {
    if let Some((after, code)) = options.exit {
        spawn(move || {
            thread::sleep(after);
            std::process::exit(code)
        })?;
    }
    if let Some(every) = options.log_every {
        spawn(move || {
            for line in 1_u64.. {
                println!("tick {line:06}");
                thread::sleep(every);
            }
        })?;
    }
    thread::sleep(options.delay);
    let listener = TcpListener::bind((options.host.as_str(), options.port))?;
    println!("tiny_agent listens on port {}", options.port);
    let now = Instant::now();
    let agent = Arc::new(Agent {
        options,
        started: now,
        last_used: Mutex::new(now),
    });
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                let agent = Arc::clone(&agent);
                // Out of threads or descriptors: the client sees a closed connection and tries again.
                if let Err(error) = spawn(move || converse(&agent, stream)) {
                    eprintln!("tiny_agent: no thread for a connection: {error}");
                }
            }
            Err(error) => {
                eprintln!("tiny_agent: cannot accept: {error}");
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().stack_size(STACK).spawn(work)?;
    Ok(())
}

/// Answers the requests of one connection until either side ends it.
fn converse(agent: &Agent, stream: TcpStream) {
    let Ok(mut connection) = Connection::new(stream) else {
        return;
    };
    while let Ok(Some(request)) = connection.next_request() {
        match routes::answer(agent, connection, &request) {
            Ok(Next::Request(same)) => connection = same,
            Ok(Next::End) | Err(_) => return,
        }
    }
}

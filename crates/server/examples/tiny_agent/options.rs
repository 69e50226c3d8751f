//! The command line. Unknown words are passed over, later options win: an image's mapping comes first, then what the
//! client sent.

use std::time::Duration;

/// What this process is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The agent.
    Serve,
    /// Starts a daemon, tells its pid and ends, so that the daemon has no parent.
    Between,
    /// Sleeps in a session of its own.
    Daemon,
}

/// How it behaves.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Listens only after this.
    pub(crate) delay: Duration,
    /// Ends by itself after this, with this code.
    pub(crate) exit: Option<(Duration, i32)>,
    /// Answers 503 to `/alive` until this has passed since it listens.
    pub(crate) alive_after: Duration,
    pub(crate) alive_body: String,
    /// Writes a numbered line this often.
    pub(crate) log_every: Option<Duration>,
}

impl Options {
    pub(crate) fn from_args(args: impl Iterator<Item = String>) -> Self {
        let mut options = Self {
            mode: Mode::Serve,
            host: "127.0.0.1".to_owned(),
            port: 8000,
            delay: Duration::ZERO,
            exit: None,
            alive_after: Duration::ZERO,
            alive_body: r#"{"status":"ok"}"#.to_owned(),
            log_every: None,
        };
        let (mut exit_after, mut exit_code) = (None, 0);
        let mut args = args.peekable();
        while let Some(word) = args.next() {
            match word.as_str() {
                "--between" => options.mode = Mode::Between,
                "--daemon" => options.mode = Mode::Daemon,
                "--host" => options.host = args.next().unwrap_or_default(),
                "--port" => options.port = number(args.next()).unwrap_or(options.port),
                "--delay-ms" => options.delay = millis(args.next()).unwrap_or_default(),
                "--exit-after-ms" => exit_after = millis(args.next()),
                "--exit-code" => exit_code = number(args.next()).unwrap_or_default(),
                "--alive-after-ms" => options.alive_after = millis(args.next()).unwrap_or_default(),
                "--alive-body" => options.alive_body = args.next().unwrap_or_default(),
                "--log-every-ms" => options.log_every = millis(args.next()),
                _ => {}
            }
        }
        options.exit = exit_after.map(|after| (after, exit_code));
        options
    }
}

fn number<T: std::str::FromStr>(word: Option<String>) -> Option<T> {
    word?.parse().ok()
}

fn millis(word: Option<String>) -> Option<Duration> {
    number(word).map(Duration::from_millis)
}

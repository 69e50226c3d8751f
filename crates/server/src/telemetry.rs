//! Logs: human or JSON, to standard error. Neither headers nor bodies are ever logged.

use std::io::{self, IsTerminal as _};
use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::LogFormat;

/// Begins to log. `level` is a filter such as `info` or `info,gateway=debug`.
///
/// # Errors
/// The filter cannot be read.
pub(crate) fn install(format: LogFormat, level: &str) -> Result<(), ParseError> {
    let filter = filter(level)?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let installed = match format {
        LogFormat::Human => subscriber.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => subscriber
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
    };
    // Somebody who embeds the server logs already.
    if installed.is_ok() {
        log_panics();
    }
    Ok(())
}

/// What is logged.
///
/// # Errors
/// It cannot be read.
pub(crate) fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(level)
}

/// A panic is a line of the log like any other, without a backtrace: it is caught at the edge of its request or task.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a value that is no text");
        tracing::error!(place, message, "panicked");
    }));
}

//! What a wait looks like: one moving line on a terminal, a line for each change otherwise.

use std::convert::Infallible;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use runtime_api::Runtime;
use runtime_api::client::Client;

use super::error::CommandError;
use super::output::complain;
use super::table;

/// Between two looks at what it waits for.
const LOOK: Duration = Duration::from_secs(1);
/// Between two steps of the moving line.
const TICK: Duration = Duration::from_millis(120);

/// Where the progress is shown.
#[derive(Debug)]
enum Progress {
    Moving(ProgressBar),
    Lines { last: String },
}

impl Progress {
    fn begin() -> Self {
        if !io::stderr().is_terminal() {
            return Self::Lines {
                last: String::new(),
            };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self::Moving(bar)
    }

    fn show(&mut self, text: String) {
        match self {
            Self::Moving(bar) => bar.set_message(text),
            Self::Lines { last } if *last == text => {}
            Self::Lines { last } => {
                complain(&text);
                *last = text;
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Self::Moving(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Waits until the sandbox is ready, for at most `bound`, and shows what it waits for.
pub(super) async fn wait(
    client: &Client,
    runtime: &Runtime,
    bound: Duration,
) -> Result<Runtime, CommandError> {
    let id = &runtime.runtime_id;
    let mut progress = Progress::begin();
    progress.show(line(runtime));
    let watch = async {
        loop {
            tokio::time::sleep(LOOK).await;
            // What cannot be looked at now is told of by the wait itself.
            if let Ok(seen) = client.runtime(id).await {
                progress.show(line(&seen));
            }
        }
    };
    // Both only read, so that dropping either loses nothing.
    let watch: &mut (dyn Future<Output = Infallible> + Unpin) = &mut Box::pin(watch);
    let ready = tokio::select! {
        ready = client.wait_until_ready(id, bound) => ready,
        never = watch => match never {},
    };
    let what = format!("cannot wait for {id}; `pinfold sandboxes explain {id}` tells more");
    ready.map_err(CommandError::of(what))
}

fn line(runtime: &Runtime) -> String {
    let detail = runtime.status_detail.as_deref();
    let detail = detail.unwrap_or(runtime.pod_status.as_str());
    format!(
        "{} is {}: {}",
        runtime.runtime_id,
        runtime.status,
        table::printable(detail)
    )
}

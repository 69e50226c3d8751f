//! `pinfold sandboxes explain ID`: the page that a person reads at three in the morning.

use runtime_api::client::Client;
use runtime_api::{PodStatus, Runtime, RuntimeEvent, Status};
use runtime_core::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;

use super::error::CommandError;
use super::output::print;
use super::sandboxes::path;
use super::table;
use super::times::{ago, moment};

/// So much of the output is asked for, in bytes.
const LOG_BYTES: u64 = 4 << 10;
/// So many lines of it are shown.
const LOG_LINES: usize = 12;
/// So many restarts are shown one by one.
const LATEST: usize = 5;
/// So many events are shown; a sandbox that is restarted all night has many.
const EVENTS: usize = 20;

/// What is known of a sandbox.
#[derive(Debug)]
struct Known {
    runtime: Runtime,
    /// None where the server does not tell.
    events: Option<Vec<RuntimeEvent>>,
    /// The end of its output; empty where there is none.
    logs: String,
}

/// Explains the sandbox of this id, or of this session.
pub(super) async fn explain(
    client: &Client,
    id: &str,
    now: Timestamp,
    as_json: bool,
) -> Result<(), CommandError> {
    let what = format!("cannot look up {id}");
    if as_json {
        let get = async |rest: &str| -> Result<Box<RawValue>, CommandError> {
            let answer = client.get_json(&path(id, rest)).await;
            answer.map_err(CommandError::of(what.clone()))
        };
        let (runtime, events) = (get("").await?, get("/events").await?);
        let all = json!({ "runtime": runtime, "events": events });
        return Ok(print(&format!("{all}\n"))?);
    }
    let runtime = client.runtime(id).await.map_err(CommandError::of(what))?;
    let known = Known {
        // Another server of this API may tell neither: then the page is shorter.
        events: client.events(&runtime.runtime_id).await.ok(),
        logs: match client.logs(&runtime.runtime_id, LOG_BYTES).await {
            Ok(logs) => logs,
            Err(_) => runtime.pod_logs.clone().unwrap_or_default(),
        },
        runtime,
    };
    Ok(print(&known.page(now))?)
}

impl Known {
    fn page(&self, now: Timestamp) -> String {
        let runtime = &self.runtime;
        let image = runtime
            .image
            .as_deref()
            .unwrap_or("an image that the server does not tell");
        let paragraphs = [
            format!(
                "Sandbox {} of session {:?}, image {}.\n",
                runtime.runtime_id,
                runtime.session_id,
                table::printable(image)
            ),
            self.state(now),
            self.wishes(now),
            self.restarts(now),
            self.last_end(),
            self.addresses(),
            self.timeline(),
        ];
        let told = paragraphs.into_iter().filter(|text| !text.is_empty());
        told.collect::<Vec<_>>().join("\n")
    }

    /// Where it is, since when, and what it waits for.
    fn state(&self, now: Timestamp) -> String {
        let runtime = &self.runtime;
        let (id, since) = (&runtime.runtime_id, ago(self.since(), now));
        let detail = runtime.status_detail.as_deref().map(table::printable);
        let detail = detail.filter(|detail| !detail.is_empty());
        let waits = detail
            .as_deref()
            .unwrap_or("nothing that the server tells of");
        match (runtime.status, runtime.pod_status.status) {
            (Status::Running, _) => format!("It RUNS and answers, since {since}.\n"),
            (Status::Starting, PodStatus::Running) => format!(
                "It is STARTING since {since}: its program runs, and does not answer yet. It waits for: {waits}.\n"
            ),
            (Status::Starting, _) => {
                format!("It is STARTING since {since}. It waits for: {waits}.\n")
            }
            (Status::Paused, _) => format!(
                "It is PAUSED since {since}: its compute is gone, its disk is kept. `pinfold sandboxes resume {id}`, or a \
                 start of its session, brings it back.\n"
            ),
            (Status::Stopped, _) => {
                format!(
                    "It is STOPPED since {since}: its compute and its disk are gone for good.\n"
                )
            }
            (Status::Error, _) => format!(
                "It has FAILED, {since} ago: {}. It does not go on by itself: `pinfold sandboxes resume {id}`, or a start \
                 of its session, tries again on its disk.\n",
                detail.as_deref().unwrap_or("the server gives no reason")
            ),
        }
    }

    /// When it came where it is.
    fn since(&self) -> Option<Timestamp> {
        let moved =
            |event: &&RuntimeEvent| ["created", "moved", "failed"].contains(&event.kind.as_str());
        let event = self.events.iter().flatten().rev().find(moved);
        let at = event.and_then(|event| event.at.as_deref());
        moment(at.or(self.runtime.updated_at.as_deref())?)
    }

    /// Who asked for it, and who wanted something else last.
    fn wishes(&self, now: Timestamp) -> String {
        let of = |kind: &'static str| move |event: &&RuntimeEvent| event.kind == kind;
        let mut events = self.events.iter().flatten();
        let told = |words: &str, event: &RuntimeEvent| {
            let at = event.at.as_deref().and_then(moment);
            let (by, message) = (&event.by, table::printable(&event.message));
            format!("{words} {} ago by the {by} ({message}).\n", ago(at, now))
        };
        let made = events.find(of("created"));
        let made = made.map(|event| told("It was asked for", event));
        let last = self.events.iter().flatten().rfind(of("wanted"));
        let last = last.map(|event| told("The last wish came", event));
        made.into_iter().chain(last).collect()
    }

    fn restarts(&self, now: Timestamp) -> String {
        let runtime = &self.runtime;
        let lost: Vec<_> = self
            .events
            .iter()
            .flatten()
            .filter(|event| event.kind == "restarted")
            .collect();
        if runtime.restart_count == 0 && lost.is_empty() {
            return String::new();
        }
        let reasons = runtime.restart_reasons.join(", ");
        let reasons = if reasons.is_empty() {
            String::new()
        } else {
            format!(" ({reasons})")
        };
        let mut text = format!(
            "Restarts since the last wish: {}{reasons}; in its whole life: {}.\n",
            runtime.restart_count,
            lost.len()
        );
        for event in lost.iter().rev().take(LATEST).rev() {
            let at = event.at.as_deref().and_then(moment);
            let message = table::printable(&event.message);
            text.push_str(&format!("  {} ago: {message}\n", ago(at, now)));
        }
        text
    }

    /// How its program ended last, and what it said; also while it has not answered yet.
    fn last_end(&self) -> String {
        let runtime = &self.runtime;
        let mut text = String::new();
        if let Some(reason) = &runtime.last_termination_reason {
            text = match runtime.last_termination_exit_code {
                Some(code) => format!("Its program ended last with exit code {code} ({reason}).\n"),
                None => format!("Its program ended last without an exit code ({reason}).\n"),
            };
        }
        let lines: Vec<_> = self
            .logs
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let worth = !text.is_empty() || matches!(runtime.status, Status::Starting | Status::Error);
        if worth && !lines.is_empty() {
            text.push_str("Its last lines:\n");
            for line in lines.iter().rev().take(LOG_LINES).rev() {
                text.push_str(&format!("  | {}\n", table::printable(line)));
            }
        }
        text
    }

    fn addresses(&self) -> String {
        let runtime = &self.runtime;
        if matches!(runtime.status, Status::Stopped | Status::Error) || runtime.url.is_empty() {
            return String::new();
        }
        let mut text = format!("It is reached at\n  agent    {}\n", runtime.url);
        if let Some(url) = &runtime.vscode_url {
            text.push_str(&format!("  vscode   {url}\n"));
        }
        for (url, port) in &runtime.work_hosts {
            text.push_str(&format!("  {port}    {url}\n"));
        }
        text
    }

    fn timeline(&self) -> String {
        let Some(events) = &self.events else {
            return "What happened is not told by this server.\n".to_owned();
        };
        let left_out = events.len().saturating_sub(EVENTS);
        let shown = events.get(left_out..).unwrap_or_default();
        let head = match left_out {
            0 => "What happened, oldest first:\n".to_owned(),
            some => format!("What happened, oldest first, without the first {some}:\n"),
        };
        head + &table::events(shown)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(at: &str, kind: &str, by: &str, message: &str) -> RuntimeEvent {
        RuntimeEvent {
            at: Some(format!("2026-01-05T{at}.000Z")),
            kind: kind.to_owned(),
            by: by.to_owned(),
            message: message.to_owned(),
        }
    }

    fn page(changes: &serde_json::Value, events: Option<Vec<RuntimeEvent>>, logs: &str) -> String {
        let mut runtime = json!({
            "runtime_id": "qhzvtbkwmaxeoyrd", "session_id": "s\n1", "url": "http://127.0.0.1:20000",
            "session_api_key": "very-secret", "status": "running", "pod_status": "ready", "restart_count": 0,
            "restart_reasons": [], "work_hosts": {"http://127.0.0.1:20002": 12000}, "command": "",
            "vscode_url": "http://127.0.0.1:20001", "image": "agent-server:1",
            "updated_at": "2026-01-05T10:00:30.000Z"
        });
        let changes = changes.as_object().unwrap().clone();
        runtime.as_object_mut().unwrap().extend(changes);
        let known = Known {
            runtime: serde_json::from_value(runtime).unwrap(),
            events,
            logs: logs.to_owned(),
        };
        let page = known.page(moment("2026-01-05T13:00:00.000Z").unwrap());
        assert!(!page.contains("very-secret"));
        page
    }

    #[test]
    fn one_that_runs_is_told_shortly() {
        let events = vec![
            event(
                "09:58:00",
                "created",
                "client",
                "start: wanted running, image agent-server:1",
            ),
            event("10:00:30", "moved", "server", "starting → running"),
        ];
        insta::assert_snapshot!(page(&json!({}), Some(events), "all is well\n"));
    }

    #[test]
    fn one_that_starts_tells_what_it_waits_for_and_its_first_lines() {
        let changes = json!({"status": "starting", "pod_status": "pending", "status_detail": "pulling image 40 %"});
        insta::assert_snapshot!(page(&changes, None, "booting\n"));
    }

    #[test]
    fn one_that_failed_tells_why_and_its_last_lines() {
        let changes = json!({
            "status": "error", "pod_status": "crashloopbackoff", "status_detail": "it ended 2 times in 10 minutes",
            "restart_count": 2, "restart_reasons": ["OOMKilled", "Error"],
            "last_termination_reason": "Error", "last_termination_exit_code": 3
        });
        let events = vec![
            event(
                "09:58:00",
                "created",
                "client",
                "start: wanted running, image agent-server:1",
            ),
            event("11:00:00", "wanted", "client", "resume: wanted running"),
            event(
                "11:10:00",
                "restarted",
                "server",
                "boot 2 was lost: OOMKilled: out of memory",
            ),
            event(
                "11:11:00",
                "restarted",
                "server",
                "boot 3 was lost: Error: exit code 3",
            ),
            event(
                "11:11:01",
                "failed",
                "server",
                "CrashLoopBackOff: it ended 2 times in 10 minutes",
            ),
        ];
        insta::assert_snapshot!(page(&changes, Some(events), "one\n\x1b[31mtwo\n"));
    }
}

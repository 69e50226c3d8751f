//! Tables for people. Session keys have no column.

use comfy_table::{ContentArrangement, Table};
use runtime_api::{Runtime, RuntimeEvent};

/// Many sandboxes, one a row.
pub(super) fn list(runtimes: &[Runtime]) -> String {
    let mut table = plain([
        "ID", "SESSION", "STATUS", "RESTARTS", "IMAGE", "CREATED", "URL",
    ]);
    for runtime in runtimes {
        table.add_row([
            runtime.runtime_id.as_str(),
            &printable(&runtime.session_id),
            status(runtime).as_str(),
            &runtime.restart_count.to_string(),
            &printable(runtime.image.as_deref().unwrap_or_default()),
            runtime.created_at.as_deref().unwrap_or_default(),
            &runtime.url,
        ]);
    }
    text(&table)
}

/// One sandbox, one property a row.
pub(super) fn one(runtime: &Runtime) -> String {
    let mut table = plain([]);
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            table.add_row([name, &printable(value)]);
        }
    };
    row("id", &runtime.runtime_id);
    row("session", &runtime.session_id);
    row("status", &status(runtime));
    row(
        "detail",
        runtime.status_detail.as_deref().unwrap_or_default(),
    );
    row("image", runtime.image.as_deref().unwrap_or_default());
    row("url", &runtime.url);
    row("vscode", runtime.vscode_url.as_deref().unwrap_or_default());
    for (url, port) in &runtime.work_hosts {
        row(&format!("port {port}"), url);
    }
    row("created", runtime.created_at.as_deref().unwrap_or_default());
    row("updated", runtime.updated_at.as_deref().unwrap_or_default());
    row("restarts", &runtime.restart_count.to_string());
    row("restart reasons", &runtime.restart_reasons.join(", "));
    row(
        "last end",
        runtime
            .last_termination_reason
            .as_deref()
            .unwrap_or_default(),
    );
    if let Some(code) = runtime.last_termination_exit_code {
        row("last exit code", &code.to_string());
    }
    text(&table)
}

/// What happened to a sandbox.
pub(super) fn events(events: &[RuntimeEvent]) -> String {
    let mut table = plain(["AT", "WHAT", "BY", "MESSAGE"]);
    for event in events {
        table.add_row([
            event.at.as_deref().unwrap_or_default(),
            &event.kind,
            &event.by,
            &printable(&event.message),
        ]);
    }
    text(&table)
}

fn status(runtime: &Runtime) -> String {
    format!("{} ({})", runtime.status, runtime.pod_status.as_str())
}

/// Columns apart by spaces, without lines and without wrapping: good for eyes and for `awk`.
fn plain<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    if N > 0 {
        table.set_header(header);
    }
    table
}

fn text(table: &Table) -> String {
    let lines = table.lines().map(|line| line.trim().to_owned() + "\n");
    lines.collect()
}

/// A client's text without what would move the cursor or make a row two.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> Runtime {
        serde_json::from_value(serde_json::json!({
            "runtime_id": "qhzvtbkwmaxeoyrd", "session_id": "s\n1", "url": "http://127.0.0.1:20000",
            "session_api_key": "very-secret", "status": "running", "pod_status": "ready", "restart_count": 1,
            "restart_reasons": ["OOMKilled"], "work_hosts": {"http://127.0.0.1:20002": 12000}, "command": "",
            "image": "agent-server:1", "created_at": "2026-01-05T10:00:00.000Z",
            "last_termination_exit_code": 137
        }))
        .unwrap()
    }

    #[test]
    fn tables_are_plain_and_hold_no_key() {
        let shown = format!("{}\n{}", list(&[runtime()]), one(&runtime()));
        assert!(!shown.contains("very-secret"));
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn events_are_shown_in_order() {
        let shown = events(&[RuntimeEvent {
            at: Some("2026-01-05T10:00:00.000Z".to_owned()),
            kind: "created".to_owned(),
            by: "client".to_owned(),
            message: "start".to_owned(),
        }]);
        insta::assert_snapshot!(shown);
    }
}

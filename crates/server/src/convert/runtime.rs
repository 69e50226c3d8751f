//! A sandbox's summary → the runtime object, and its JSON, written once per change.

use std::collections::BTreeMap;
use std::sync::Arc;

use runtime_api::{
    Command, PodStatus, PodStatusCase, PodStatusText, Response as _, Runtime, SessionApiKey,
    Status, part_of,
};
use runtime_core::sandbox::{Annotations, Service, State, Summary};
use runtime_core::{Addresses, Render};
use serde_json::{Value, json};

use super::rfc3339;
use super::status::status;

/// Annotation: the command as it was sent.
pub(super) const COMMAND: &str = "command";
/// Annotation: the letters that the client that started it reads `pod_status` in.
pub(super) const POD_STATUS_CASE: &str = "pod_status_case";
/// The value of [`POD_STATUS_CASE`] for clients 0.10 to 0.14.
pub(super) const TITLE: &str = "title";

/// Which letters `pod_status` has (contract §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CaseRule {
    /// As the client reads it that started the runtime.
    #[default]
    Auto,
    /// The same for everybody.
    Always(PodStatusCase),
}

/// Writes sandboxes as clients see them.
#[derive(Debug)]
pub(crate) struct RuntimeRender {
    pub(crate) addresses: Arc<dyn Addresses>,
    pub(crate) case: CaseRule,
}

impl Render for RuntimeRender {
    fn render(&self, summary: &Summary) -> Arc<str> {
        // JSON is UTF-8, so nothing is ever replaced.
        String::from_utf8_lossy(&self.runtime(summary).to_json()).into()
    }

    fn part(&self, fragments: &[&str]) -> Arc<str> {
        String::from_utf8_lossy(&part_of(fragments)).into()
    }
}

impl RuntimeRender {
    fn runtime(&self, summary: &Summary) -> Runtime {
        let state = &summary.state;
        let (status, pod_status) = status(state);
        let exit = state.last_exit.as_ref();
        Runtime {
            runtime_id: summary.id.to_string(),
            session_id: summary.session.to_string(),
            url: self.public(summary, Service::Agent).unwrap_or_default(),
            session_api_key: SessionApiKey::new(summary.session_key.expose()),
            status,
            pod_status: self.cased(pod_status, &summary.annotations),
            restart_count: state.restart_count(),
            restart_reasons: state
                .restarts
                .iter()
                .map(|restart| restart.reason.code.as_str().to_owned())
                .collect(),
            work_hosts: self.work_hosts(summary),
            command: command(&summary.annotations),
            status_detail: detail(state, status),
            container_statuses: Vec::new(),
            events: events(state, status),
            pod_logs: exit
                .filter(|exit| status == Status::Error && !exit.log_tail.is_empty())
                .map(|exit| exit.log_tail.clone()),
            image: Some(summary.image.to_string()),
            created_at: rfc3339(summary.created_at),
            updated_at: rfc3339(summary.updated_at),
            last_activity_at: None,
            vscode_url: self.public(summary, Service::Vscode),
            last_termination_reason: exit.map(|exit| exit.reason.code.as_str().to_owned()),
            last_termination_exit_code: exit.and_then(|exit| exit.code),
        }
    }

    fn public(&self, summary: &Summary, service: Service) -> Option<String> {
        self.addresses
            .public(&summary.label, &summary.state.ports, service)
            .map(|endpoint| endpoint.to_string())
    }

    fn work_hosts(&self, summary: &Summary) -> BTreeMap<String, u16> {
        [Service::Work1, Service::Work2]
            .into_iter()
            .filter_map(|service| Some((self.public(summary, service)?, service.contract_port())))
            .collect()
    }

    fn cased(&self, status: PodStatus, annotations: &Annotations) -> PodStatusText {
        let case = match self.case {
            CaseRule::Always(case) => case,
            CaseRule::Auto
                if annotations
                    .get(POD_STATUS_CASE)
                    .is_some_and(|case| case == TITLE) =>
            {
                PodStatusCase::Title
            }
            CaseRule::Auto => PodStatusCase::Lower,
        };
        PodStatusText { status, case }
    }
}

/// The echo of the command; what cannot be read is `""`, which every client bears.
fn command(annotations: &Annotations) -> Command {
    annotations
        .get(COMMAND)
        .and_then(|command| serde_json::from_value(command.clone()).ok())
        .unwrap_or_default()
}

/// Why it failed, or what it waits for.
fn detail(state: &State, status: Status) -> Option<String> {
    match &state.failure {
        Some(failure) if status == Status::Error => Some(failure.reason.message.clone()),
        Some(_) | None => state.detail.clone(),
    }
}

/// What happened lately, while clients wait: the boots that were lost, and what is waited for now.
fn events(state: &State, status: Status) -> Vec<Value> {
    if status != Status::Starting {
        return Vec::new();
    }
    let lost = state.restarts.iter().map(|restart| {
        json!({
            "type": "Warning",
            "reason": restart.reason.code.as_str(),
            "message": restart.reason.message,
            "timestamp": rfc3339(restart.at),
        })
    });
    let waits = state.detail.iter().map(|detail| {
        json!({
            "type": "Normal",
            "reason": "Starting",
            "message": detail,
            "timestamp": rfc3339(state.detail_at.unwrap_or(state.phase_since)),
        })
    });
    lost.chain(waits).collect()
}

#[cfg(test)]
mod tests;

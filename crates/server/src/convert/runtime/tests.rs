use runtime_core::sandbox::{
    Actor, Desired, Exit, Failure, GatewayPorts, Label, Phase, Reason, ReasonCode, Restart,
};
use runtime_core::{AddressError, Boot, Endpoint, Timestamp, Version};

use super::*;

/// Addresses by port, as the gateway gives them.
#[derive(Debug)]
struct Ports;

impl Addresses for Ports {
    fn reserve(&self, _label: &Label) -> Result<GatewayPorts, AddressError> {
        Ok(GatewayPorts::new())
    }

    fn restore(&self, _label: &Label, _ports: &GatewayPorts) {}

    fn release(&self, _label: &Label, _ports: &GatewayPorts) {}

    fn public(&self, _label: &Label, ports: &GatewayPorts, service: Service) -> Option<Endpoint> {
        let port = ports.get(&service)?;
        Some(Endpoint::new(&format!("http://127.0.0.1:{port}")))
    }

    fn trouble(&self, _ports: &GatewayPorts) -> Option<String> {
        None
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn summary() -> Summary {
    let ports = Service::ALL.into_iter().zip(20_000..).collect();
    let mut annotations = Annotations::new();
    annotations.insert(COMMAND.to_owned(), json!(["agent", "--port", "60000"]));
    Summary {
        id: "qhzvtbkwmaxeoyrd".parse().unwrap(),
        label: "qhzvtbkwmaxeoyrd".parse().unwrap(),
        tenant: "default".parse().unwrap(),
        session: "S.1".parse().unwrap(),
        backend: "local".parse().unwrap(),
        version: Version::FIRST,
        created_at: at(0),
        updated_at: at(1),
        state: State::new(Actor::Client, ports, at(0)),
        image: "agent-server:1".parse().unwrap(),
        session_key: "the-key".to_owned().into(),
        annotations: Arc::new(annotations),
    }
}

fn render(summary: &Summary, case: CaseRule) -> String {
    let render = RuntimeRender {
        addresses: Arc::new(Ports),
        case,
    };
    let fragment = render.render(summary);
    // What goes out can be read back, and is shown by lines here.
    let runtime: Runtime = serde_json::from_str(&fragment).unwrap();
    serde_json::to_string_pretty(&runtime).unwrap()
}

#[test]
fn a_starting_sandbox_says_what_it_waits_for() {
    let mut summary = summary();
    summary.state.detail = Some("pulling the image".to_owned());
    summary.state.restarts = vec![Restart {
        boot: Boot::FIRST,
        at: at(1),
        reason: Reason::new(ReasonCode::OomKilled, "it used too much memory"),
    }];
    summary.state.boot = Boot::FIRST.next();
    insta::assert_snapshot!(render(&summary, CaseRule::Auto));
}

#[test]
fn a_running_sandbox_is_shown_whole() {
    let mut summary = summary();
    summary.state.phase = Phase::Running;
    insta::assert_snapshot!(render(&summary, CaseRule::Auto));
}

#[test]
fn a_failed_sandbox_says_why_and_shows_the_end_of_its_log() {
    let mut summary = summary();
    let reason = Reason::new(
        ReasonCode::CrashLoopBackOff,
        "it ended 5 times in 10 minutes",
    );
    summary.state.phase = Phase::Failed;
    summary.state.detail = Some("an old detail".to_owned());
    summary.state.failure = Some(Failure {
        generation: summary.state.intent.generation,
        at: at(2),
        reason,
    });
    summary.state.last_exit = Some(Exit {
        boot: Boot::FIRST,
        at: at(2),
        reason: Reason::new(ReasonCode::Error, "it ended with code 3"),
        code: Some(3),
        log_tail: "address in use".to_owned(),
    });
    insta::assert_snapshot!(render(&summary, CaseRule::Auto));
}

#[test]
fn a_stopped_sandbox_without_ports_still_has_every_field() {
    let mut summary = summary();
    summary.state.intent.desired = Desired::Stopped;
    summary.state.ports.clear();
    summary.annotations = Arc::new(Annotations::new());
    insta::assert_snapshot!(render(&summary, CaseRule::Auto));
}

#[test]
fn the_letters_of_pod_status_follow_the_rule() {
    let mut old = summary();
    old.state.intent.desired = Desired::Paused;
    let mut annotations = (*old.annotations).clone();
    annotations.insert(POD_STATUS_CASE.to_owned(), TITLE.into());
    let new = old.clone();
    old.annotations = Arc::new(annotations);
    let (lower, title) = (
        CaseRule::Always(PodStatusCase::Lower),
        CaseRule::Always(PodStatusCase::Title),
    );
    for (summary, rule, expected) in [
        (&new, CaseRule::Auto, "not found"),
        (&old, CaseRule::Auto, "Not Found"),
        (&old, lower, "not found"),
        (&new, title, "Not Found"),
    ] {
        let shown = render(summary, rule);
        assert!(
            shown.contains(&format!("\"pod_status\": \"{expected}\"")),
            "{shown}"
        );
        assert!(shown.contains("\"status\": \"paused\""), "{shown}");
    }
}

//! Names and values at the edges of what is allowed.

use std::collections::BTreeMap;
use std::sync::Arc;

use runtime_core::sandbox::{
    Annotations, Desired, Endpoints, Entrypoint, Exit, Phase, PullPolicy, Reason, ReasonCode,
    Record, ResourceFactor, Restart, Sealed, Service, Spec, User,
};
use runtime_core::{Boot, SessionId, StateStore, TenantId};

use super::acts::{change, create, stored};
use crate::builders::{at, moved, record, spec, whole};

/// Names that differ to the byte and that some databases or languages take for one, or for something else.
fn session_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "s",
        "S",
        "s ",
        " s",
        "%",
        "_",
        "s%",
        "*",
        "'",
        "\"",
        "\\",
        "';DROP TABLE sandboxes;--",
        "a,b",
        "a/b?c=d#e",
        "..",
        "null",
        "0",
        "00",
        "1e1",
        "10",
        "\u{e9}",
        "e\u{301}",
        "\u{1f600}",
        "\u{1f468}\u{200d}\u{1f469}",
        "\u{feff}s",
        "stra\u{df}e",
        "strasse",
        "\u{10ffff}",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("x".repeat(255));
    names.push(format!("{}x", "\u{e9}".repeat(127)));
    names.push("\u{1f600}".repeat(63));
    names
}

pub(super) async fn sessions_are_told_apart_byte_by_byte(store: &dyn StateStore) {
    let names = session_names();
    for (number, name) in names.iter().enumerate() {
        create(store, &record(&format!("s{number}"), name)).await;
    }
    let tenant = TenantId::default_tenant();
    for (number, name) in names.iter().enumerate() {
        let session = name.parse().unwrap();
        let found = store.of_session(&tenant, &session).await.unwrap().unwrap();
        assert_eq!(found.id.as_str(), format!("s{number}"), "of {name:?}");
        assert_eq!(found.session, session);
    }
    let all: Vec<SessionId> = names.iter().map(|name| name.parse().unwrap()).collect();
    let found = store.of_sessions(&tenant, &all).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|record| record.session).collect();
    found.sort();
    let mut expected = all;
    expected.sort();
    assert_eq!(found, expected);
}

pub(super) async fn ids_of_every_allowed_form_are_kept(store: &dyn StateStore) {
    let ids = [
        "a".to_owned(),
        "0".to_owned(),
        "00".to_owned(),
        "1e1".to_owned(),
        "a--b-1".to_owned(),
        "null".to_owned(),
        "z".repeat(63),
        format!("{}0", "z".repeat(62)),
    ];
    for (number, id) in ids.iter().enumerate() {
        let mut new = record(id, &number.to_string());
        new.label = format!("label-{number}").parse().unwrap();
        new.tenant = ["A.b_C-1", "a.b_c-1"][number % 2].parse().unwrap();
        new.backend = "b".repeat(63).parse().unwrap();
        create(store, &new).await;
        assert_eq!(whole(&stored(store, &new.id).await), whole(&new));
    }
}

/// A spec with every field used.
fn full_spec() -> Spec {
    Spec {
        entrypoint: Entrypoint::Exec(vec![
            "/bin/sh".to_owned(),
            "-c".to_owned(),
            "echo \"$A\" 'b' \\ \n \u{1f600}".to_owned(),
            String::new(),
        ]),
        working_dir: Some("/work space/\u{e9}".to_owned()),
        environment: vec!["A".to_owned(), "B.C-D".to_owned()],
        resources: ResourceFactor::from_thousandths(u32::MAX).unwrap(),
        runtime_class: Some("sysbox-runc".to_owned()),
        user: User {
            uid: Some(0),
            gid: Some(u32::MAX),
            fs_group: Some(1),
        },
        pull_policy: Some(PullPolicy::Always),
        ..spec("ghcr.io/some/image@sha256:0123456789abcdef")
    }
}

/// The record with every field of its state used.
fn full_state(record: &Record) -> Record {
    let mut next = moved(record, Desired::Paused, Phase::Failed);
    let reason = Reason::new(ReasonCode::OomKilled, "it \"died\"\n\u{1f600}");
    let state = &mut next.state;
    state.boot = Boot(u32::MAX);
    state.bound_boot = Some(Boot(3));
    state.ready_boot = Some(Boot(2));
    state.up_since = Some(at(7));
    state.endpoints = Some(Endpoints::from_iter([
        (Service::Agent, "127.0.0.1:60000".parse().unwrap()),
        (Service::Work2, "[fe80::1]:65535".parse().unwrap()),
    ]));
    state.ports = Service::ALL
        .into_iter()
        .zip([1, 2, 65_534, u16::MAX])
        .collect();
    state.detail = Some("pulling 40 %".to_owned());
    state.detail_at = Some(at(-1));
    state.restarts = (0..100)
        .map(|boot| Restart {
            boot: Boot(boot),
            at: at(i64::from(boot)),
            reason: reason.clone(),
        })
        .collect();
    state.not_before = Some(at(253_402_300_799_999));
    state.refused_since = Some(at(0));
    state.last_exit = Some(Exit {
        boot: Boot(1),
        at: at(8),
        reason: reason.clone(),
        code: Some(137),
        log_tail: "\u{1b}[31mred\u{1b}[0m\r\n\tlast \u{fffd}\n".repeat(200),
    });
    state.failure = Some(runtime_core::sandbox::Failure {
        generation: state.intent.generation,
        at: at(9),
        reason,
    });
    state.disk_seen = true;
    state.ran = true;
    next
}

pub(super) async fn every_part_of_a_record_is_kept(store: &dyn StateStore) {
    let mut new = record("abc", "s");
    new.spec = Arc::new(full_spec());
    let annotations = serde_json::json!({
        "": null, "list": [1, -1, 1.5, 18_446_744_073_709_551_615_u64, true],
        "nested": {"a": {"b": {"c": "\u{1f600}\u{0}"}}}, "quote": "\"'\\"
    });
    new.annotations = Arc::new(annotations.as_object().unwrap().clone());
    create(store, &new).await;
    assert_eq!(whole(&stored(store, &new.id).await), whole(&new));
    let next = change(store, full_state(&new)).await;
    assert_eq!(whole(&stored(store, &new.id).await), whole(&next));
}

pub(super) async fn huge_and_odd_environments_are_kept(store: &dyn StateStore) {
    let mut environment: BTreeMap<String, _> = (0..1_000)
        .map(|number| (format!("NAME_{number}"), "value".repeat(100).into()))
        .collect();
    environment.insert("HUGE".to_owned(), "\u{e9}".repeat(1 << 20).into());
    environment.insert("EMPTY".to_owned(), String::new().into());
    environment.insert(
        "ODD".to_owned(),
        "$(HOME) $$ \"'\\\n\r\t\u{1f600}\u{1}".to_owned().into(),
    );
    let mut new = record("abc", "s");
    new.sealed = Arc::new(Sealed {
        environment,
        session_key: String::new().into(),
        secret_key: "k".repeat(10_000).into(),
    });
    new.annotations = Arc::new(Annotations::from_iter([(
        "command".to_owned(),
        serde_json::json!("x".repeat(1 << 20)),
    )]));
    create(store, &new).await;
    // Not assert_eq: nobody wants to read a difference of megabytes.
    assert!(whole(&stored(store, &new.id).await) == whole(&new));
    let found = store.of_session(&new.tenant, &new.session).await.unwrap();
    assert!(found.is_some_and(|found| whole(&found) == whole(&new)));
}

//! Stored documents of earlier versions, frozen: they must be read for ever.

use runtime_core::StateStore as _;
use runtime_core::sandbox::{Phase, Service};
use secrecy::ExposeSecret as _;

use crate::setup::{Opened, at};

const INSERT: &str = "
    INSERT INTO sandboxes (id, label, tenant, session, backend, desired, phase, live, version, mark, created_at,
        updated_at, activity_at, format, state)
    VALUES ('abc', 'abc', 'default', 's', 'local', 'running', 'running', 1, 3, 3, 1000, 2000, 1000, 1, $1);
    INSERT INTO documents (sandbox, format, spec, sealed, annotations)
    VALUES (1, 1, $2, CAST(char(0) || $3 AS BLOB), $4);
    INSERT INTO events (sandbox, event) SELECT 1, value FROM json_each($5);
";

#[tokio::test]
async fn documents_of_format_1_are_read() {
    let store = Opened::new().await;
    sqlx::query(INSERT)
        .bind(include_str!("../documents/v1/state.json"))
        .bind(include_str!("../documents/v1/spec.json"))
        .bind(include_str!("../documents/v1/sealed.json"))
        .bind(include_str!("../documents/v1/annotations.json"))
        .bind(include_str!("../documents/v1/events.json"))
        .execute(&mut store.raw().await)
        .await
        .unwrap();
    let id = "abc".parse().unwrap();
    let record = store.get(&id).await.unwrap().unwrap();
    assert_eq!(record.state.phase, Phase::Running);
    assert_eq!(record.state.ports[&Service::Agent], 20_001);
    assert_eq!(record.state.restart_count(), 1);
    assert_eq!(
        record.state.restarts[0].reason.message,
        "killed by signal 9"
    );
    assert_eq!(
        (record.created_at, record.updated_at),
        (at(1_000), at(2_000))
    );
    assert_eq!(
        record.spec.image.as_str(),
        "ghcr.io/openhands/agent-server:1.58.2-python"
    );
    assert_eq!(record.sealed.session_key.expose(), "a-session-key");
    assert_eq!(
        record.sealed.environment["TOKEN"].expose_secret(),
        "a-value"
    );
    assert_eq!(record.annotations["dialect"], "title");
    let events = store.events(&id).await.unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].message, "boot 1 was lost: killed by signal 9");
}

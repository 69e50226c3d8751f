//! Many starts at the same time, with the machine to themselves as far as we can see to it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use tokio::sync::Mutex;

use support::runtime::Runtime;
use support::server::Server;
use support::setup::Setup;

/// One after the other.
static TURN: Mutex<()> = Mutex::const_new(());

/// T2, and more.
#[tokio::test]
async fn a_thousand_concurrent_starts_of_a_session_make_one_sandbox() {
    let _turn = TURN.lock().await;
    let server = Server::start().await;
    let starts = (0..1000).map(|_| server.start_session("s"));
    let started: Vec<Runtime> = join_all(starts).await;
    for one in &started {
        assert_eq!(one.identity(), started[0].identity());
    }
    server.wait_for(started[0].id(), "running").await;
    assert_eq!(server.list().await.len(), 1);
    let boots: BTreeSet<_> = server
        .processes()
        .into_iter()
        .filter_map(|process| process.sandbox)
        .collect();
    assert_eq!(boots.len(), 1, "{boots:?}");
    server.finish().await;
}

#[tokio::test]
async fn two_hundred_sessions_start_at_once_and_all_run() {
    let _turn = TURN.lock().await;
    let server = Server::with(Setup {
        ports: 899,
        extra: "[limits]\nmax_live = 0\n".to_owned(),
        ..Setup::default()
    })
    .await;
    let starts = (0..200).map(async |number| {
        let started = server.start_session(&format!("s{number}")).await;
        server.wait_for(started.id(), "running").await
    });
    let running: Vec<Runtime> = join_all(starts).await;
    let count = |field: &str| {
        let values: BTreeSet<_> = running.iter().map(|runtime| runtime.text(field)).collect();
        values.len()
    };
    for field in ["runtime_id", "session_api_key", "url"] {
        assert_eq!(count(field), 200, "{field}");
    }
    let alive: FuturesUnordered<_> = running
        .iter()
        .map(async |runtime| server.ask(runtime, "/env/RUNTIME_ID").await.text() == runtime.id())
        .collect();
    assert_eq!(
        alive.filter(|same| std::future::ready(*same)).count().await,
        200
    );
    assert_eq!(server.list().await.len(), 200);
    server.finish().await;
}

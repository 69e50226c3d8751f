//! What a client gets by where the sandbox is (contract §7.2), and requests that outlive a boot.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failed check panics"
)]

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use runtime_core::{Boot, Standing, Why};
use support::{
    BOUND, Client, Stage, Upstream, get, nowhere, raw_upstream, read_until, request, route, soon,
    text, until,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn the_table_of_contract_7_2_on_the_wire() {
    let upstream = Upstream::mirror().await;
    let at = Some(upstream.address);
    let closed = Some(nowhere());
    let stage = Stage::with(|settings| settings.hold = SHORT);
    let starting = |ran, address| Standing::Starting { ran, address };
    let rows = [
        ("runs", Standing::Running(at), "/", 200),
        (
            "runs without the service",
            Standing::Running(None),
            "/",
            502,
        ),
        ("paused", Standing::Paused, "/", 503),
        ("paused, probe", Standing::Paused, "/alive", 503),
        ("failed", Standing::Failed, "/", 502),
        ("stopped", Standing::Stopped, "/", 404),
        ("first start", starting(false, None), "/", 502),
        ("first start, up", starting(false, at), "/", 200),
        (
            "first start, not listening",
            starting(false, closed),
            "/",
            502,
        ),
        ("comes back, late", starting(true, None), "/", 502),
        ("comes back, probe", starting(true, None), "/alive", 502),
        ("comes back, up, probe", starting(true, at), "/alive", 200),
        (
            "comes back, not listening, probe",
            starting(true, closed),
            "/alive",
            502,
        ),
    ];
    for (why, standing, path, status) in rows {
        stage.set(1, standing);
        let answer = get(stage.agent(), path).await;
        assert_eq!(answer.status, status, "{why}");
        if status != 200 {
            assert_eq!(answer.headers["cache-control"], "no-store", "{why}");
            assert_eq!(answer.headers["content-type"], "application/json", "{why}");
            for field in ["\"detail\":\"", "\"error\":\"", "\"message\":\""] {
                assert!(answer.text().contains(field), "{why}: {}", answer.text());
            }
        }
    }
    stage.set(1, starting(false, closed));
    let early = get(stage.agent(), "/").await;
    assert!(early.text().contains("is starting"), "{}", early.text());
    stage.set(1, starting(true, None));
    let late = get(stage.agent(), "/").await;
    assert!(late.headers.contains_key("retry-after"));
    // Only what is worth waiting for was waited for.
    assert!(
        stage
            .routes
            .asked()
            .iter()
            .all(|why| *why == Why::Dead(Boot(1)))
    );
    assert_eq!(stage.routes.asked().len(), 2);
}

#[tokio::test]
async fn an_unknown_sandbox_is_looked_for_in_the_store_before_a_404() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::new();
    assert_eq!(get(stage.agent(), "/").await.status, 404);
    assert_eq!(stage.routes.asked(), [Why::Missing]);

    let running = Standing::Running(Some(upstream.address));
    let found = route(&stage.label, 1, running, CancellationToken::new());
    stage
        .routes
        .stored
        .lock()
        .unwrap()
        .insert(stage.label.clone(), found);
    assert_eq!(get(stage.agent(), "/").await.status, 200);

    stage.routes.store_fails.store(true, Ordering::SeqCst);
    let unknown = get(stage.agent(), "/").await;
    assert_eq!(unknown.status, 502);
}

#[tokio::test]
async fn an_error_can_be_read_by_scripts_of_any_origin() {
    let stage = Stage::new();
    let mut asked = request(Method::GET, "/", "");
    asked
        .headers_mut()
        .insert("origin", "https://app.test".parse().unwrap());
    let answer = Client::connect(stage.agent()).await.send(asked).await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://app.test"
    );
}

#[tokio::test]
async fn a_request_is_held_while_the_sandbox_heals() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::new();
    let healing = Standing::Starting {
        ran: true,
        address: None,
    };
    stage.set(2, healing);
    let address = stage.agent();
    let answer = tokio::spawn(async move {
        Client::connect(address)
            .await
            .send(request(Method::POST, "/act", "body"))
            .await
    });
    until("it is held", || !stage.routes.asked().is_empty()).await;
    stage.run(3, upstream.address);
    let answer = soon(answer).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().ends_with("\n\nbody"));
    assert_eq!(stage.routes.asked(), [Why::Dead(Boot(2))]);
}

#[tokio::test]
async fn a_sandbox_that_is_paused_while_a_request_is_held_is_paused() {
    let stage = Stage::new();
    let healing = Standing::Starting {
        ran: true,
        address: None,
    };
    stage.set(2, healing);
    let address = stage.agent();
    let answer = tokio::spawn(async move { get(address, "/").await });
    until("it is held", || !stage.routes.asked().is_empty()).await;
    stage.set(2, Standing::Paused);
    assert_eq!(soon(answer).await.unwrap().status, 503);
}

#[tokio::test]
async fn a_boot_that_does_not_listen_is_waited_for_whatever_the_method() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::new();
    stage.run(1, nowhere());
    for (number, method) in (1..).zip([Method::GET, Method::POST]) {
        let address = stage.agent();
        let answer = tokio::spawn(async move {
            Client::connect(address)
                .await
                .send(request(method, "/", "said once"))
                .await
        });
        until("it is held", || stage.routes.asked().len() == number).await;
        stage.run(2, upstream.address);
        let answer = soon(answer).await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.text().ends_with("said once"));
        stage.run(1, nowhere());
    }
}

/// Takes one request and closes without a word, then listens no more.
async fn dies_at_the_first_request() -> std::net::SocketAddr {
    raw_upstream(|mut socket, _number| async move {
        read_until(&mut socket, "\r\n\r\n").await;
    })
    .await
}

#[tokio::test]
async fn a_get_that_a_dying_boot_swallowed_is_asked_of_the_next() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(dies_at_the_first_request().await);
    let address = stage.agent();
    let answer = tokio::spawn(async move { get(address, "/again").await });
    until("it is held", || !stage.routes.asked().is_empty()).await;
    stage.run(2, upstream.address);
    let answer = soon(answer).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().starts_with("GET /again\n"));
}

#[tokio::test]
async fn a_post_that_a_dying_boot_swallowed_is_not_sent_twice() {
    let stage = Stage::before(dies_at_the_first_request().await);
    let answer = Client::connect(stage.agent())
        .await
        .send(request(Method::POST, "/once", "act"))
        .await;
    assert_eq!(answer.status, 502);
    assert!(stage.routes.asked().is_empty());
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_no_request() {
    // Each connection answers one request and is then closed, as a server does that is tired of waiting.
    let upstream = raw_upstream(|mut socket, _number| async move {
        read_until(&mut socket, "\r\n\r\n").await;
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        socket.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let stage = Stage::before(upstream);
    let mut client = Client::connect(stage.agent()).await;
    for _ in 0..20 {
        let answer = client.send(request(Method::GET, "/", "")).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "ok"));
    }
    assert!(stage.routes.asked().is_empty());
}

#[tokio::test]
async fn a_connection_to_an_old_boot_is_never_used_for_a_new_one_at_its_address() {
    let first = Upstream::new(|_request: Request<Incoming>| async { text(200, "first") }).await;
    let stage = Stage::before(first.address);
    let mut client = Client::connect(stage.agent()).await;
    assert_eq!(
        client.send(request(Method::GET, "/", "")).await.text(),
        "first"
    );
    assert_eq!(first.connections(), 1);
    // The same address, the same program even: the boot alone makes the difference.
    stage.run(2, first.address);
    assert_eq!(
        client.send(request(Method::GET, "/", "")).await.text(),
        "first"
    );
    assert_eq!(first.connections(), 2);
}

#[tokio::test]
async fn a_sandbox_that_does_not_begin_to_answer_is_a_504_and_one_that_is_slow_to_end_is_not() {
    let stage = Stage::with(|settings| settings.first_byte = SHORT);
    let silent = raw_upstream(|mut socket, _number| async move {
        read_until(&mut socket, "never").await;
    })
    .await;
    stage.run(1, silent);
    assert_eq!(get(stage.agent(), "/").await.status, 504);

    let (go, wait) = tokio::sync::watch::channel(false);
    let slow = Upstream::new(move |_request: Request<Incoming>| {
        let mut wait = wait.clone();
        async move {
            let late = async move {
                wait.wait_for(|go| *go).await.unwrap();
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(http_body::Frame::data(
                    "late".into(),
                ))
            };
            let body = http_body_util::StreamBody::new(futures::stream::once(late));
            http::Response::new(body.boxed())
        }
    })
    .await;
    stage.run(2, slow.address);
    let response = Client::connect(stage.agent())
        .await
        .start(request(Method::GET, "/", ""))
        .await;
    let waited = tokio::time::timeout(2 * SHORT, std::future::pending::<()>()).await;
    assert!(waited.is_err());
    go.send(true).unwrap();
    let body = soon(response.into_body().collect()).await.unwrap();
    assert_eq!(body.to_bytes(), "late");
}

#[tokio::test]
async fn idle_connections_to_a_boot_are_closed_when_it_leaves() {
    let (closed, mut is_closed) = tokio::sync::watch::channel(false);
    let upstream = raw_upstream(move |mut socket, _number| {
        let closed = closed.clone();
        async move {
            read_until(&mut socket, "\r\n\r\n").await;
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            socket.write_all(answer.as_bytes()).await.unwrap();
            let mut buffer = [0; 16];
            let read = socket.read(&mut buffer).await;
            assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
            closed.send(true).unwrap();
        }
    })
    .await;
    let stage = Stage::with(|settings| settings.upstream_idle = 2 * BOUND);
    stage.run(1, upstream);
    assert_eq!(get(stage.agent(), "/").await.text(), "ok");
    assert!(!*is_closed.borrow_and_update());
    stage.set(2, Standing::Paused);
    soon(is_closed.wait_for(|closed| *closed)).await.unwrap();
}

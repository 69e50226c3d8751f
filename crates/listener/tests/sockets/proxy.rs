//! The PROXY protocol: who may speak it, who must, and what is made of it.

use std::time::Duration;

use listener::ListenerSettings;

use crate::log::Log;
use crate::support::{Running, settings};

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const TEXT: &[u8] = b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\n";
/// Version 2, PROXY, TCP over IPv4, 12 bytes of addresses and 4 of an addition.
const BINARY: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10\xc6\x33\x64\x07\x0a\0\0\x01\x12\x67\x01\xbb\x04\0\x01\x2a";
/// Version 2, LOCAL.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// A listener that speaks it with `trusted`.
fn behind(trusted: &str) -> ListenerSettings {
    let mut settings = settings();
    settings.proxy_protocol = true;
    settings.trusted_proxies = [trusted.parse().unwrap()].into_iter().collect();
    settings
}

#[tokio::test]
async fn the_client_is_whom_the_load_balancer_names() {
    let running = Running::echo(behind("127.0.0.0/8")).await;
    for header in [TEXT, BINARY] {
        let mut raw = running.connect().await;
        raw.send([header, GET.as_bytes()].concat()).await;
        let answer = raw.answer().await;
        assert!(
            answer.contains("from 198.51.100.7 of 198.51.100.7:4711"),
            "{answer}"
        );
        // The connection goes on, for the same client.
        raw.send(GET).await;
        assert!(raw.answer().await.contains("of 198.51.100.7:4711"));
    }
}

#[tokio::test]
async fn a_header_may_come_byte_by_byte() {
    let running = Running::echo(behind("127.0.0.0/8")).await;
    for header in [TEXT, BINARY] {
        let mut raw = running.connect().await;
        for byte in [header, GET.as_bytes()].concat() {
            raw.send([byte]).await;
            tokio::task::yield_now().await;
        }
        assert!(raw.answer().await.contains("of 198.51.100.7:4711"));
    }
}

#[tokio::test]
async fn a_named_client_is_no_proxy_because_its_load_balancer_is_one() {
    let running = Running::echo(behind("127.0.0.0/8")).await;
    let mut raw = running.connect().await;
    raw.send(TEXT).await;
    raw.send("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 1.1.1.1\r\n\r\n")
        .await;
    assert!(raw.answer().await.contains("from 198.51.100.7 of"));
}

#[tokio::test]
async fn a_load_balancer_that_asks_for_itself_keeps_its_address() {
    let running = Running::echo(behind("127.0.0.0/8")).await;
    for header in [LOCAL, b"PROXY UNKNOWN\r\n"] {
        let mut raw = running.connect().await;
        raw.send([header, GET.as_bytes()].concat()).await;
        assert!(raw.answer().await.contains("from 127.0.0.1 of 127.0.0.1:"));
    }
}

#[tokio::test]
async fn http_2_may_follow() {
    let running = Running::echo(behind("127.0.0.0/8")).await;
    let mut raw = running.connect().await;
    raw.send(BINARY).await;
    let (mut client, connection) = hyper::client::conn::http2::handshake(
        hyper_util::rt::TokioExecutor::new(),
        hyper_util::rt::TokioIo::new(raw.0),
    )
    .await
    .unwrap();
    let request = http::Request::get("http://a/")
        .body(http_body_util::Full::<bytes::Bytes>::default())
        .unwrap();
    let asked = async {
        let response = client.send_request(request).await.unwrap();
        crate::support::read(response).await.1
    };
    tokio::select! {
        text = asked => assert!(text.contains("HTTP/2.0 / from 198.51.100.7"), "{text}"),
        ended = connection => panic!("{ended:?}"),
    }
}

#[tokio::test]
async fn a_trusted_proxy_must_send_a_header() {
    let log = Log::begin();
    let running = Running::echo(behind("127.0.0.0/8")).await;
    let wrong = b"PROXY TCP4 198.51.100.777 10.0.0.1 4711 443\r\n";
    for beginning in [GET.as_bytes(), wrong, &[TEXT, TEXT].concat()] {
        let mut raw = running.connect().await;
        raw.send(beginning).await;
        assert_eq!(raw.rest().await, "");
    }
    let refused = ["WARN", "connection closed"];
    assert_eq!(log.count(&refused), 3, "{}", log.text());
    assert_eq!(log.count(&["sent no PROXY header"]), 1, "{}", log.text());
}

#[tokio::test]
async fn nobody_else_may_send_one_and_is_served_without() {
    let log = Log::begin();
    for settings in [behind("10.0.0.0/8"), settings()] {
        let running = Running::echo(settings).await;
        for header in [TEXT, BINARY] {
            let mut raw = running.connect().await;
            raw.send([header, GET.as_bytes()].concat()).await;
            assert_eq!(raw.rest().await, "");
        }
        let mut raw = running.connect().await;
        raw.send(GET).await;
        assert!(raw.answer().await.contains("from 127.0.0.1 of"));
    }
    assert_eq!(log.count(&["WARN", "not wanted"]), 4, "{}", log.text());
}

#[tokio::test]
async fn a_slow_header_is_cut() {
    let mut settings = behind("127.0.0.0/8");
    settings.header_read = Duration::from_millis(100);
    let running = Running::echo(settings).await;
    for beginning in [&TEXT[..20], &BINARY[..20], TEXT] {
        let mut raw = running.connect().await;
        raw.send(beginning).await;
        assert_eq!(raw.rest().await, "");
    }
}

#[tokio::test]
async fn a_check_that_only_connects_is_nothing_to_complain_of() {
    let log = Log::begin();
    let running = Running::echo(behind("127.0.0.0/8")).await;
    drop(running.connect().await);
    // Until the server has seen the end of it.
    crate::support::until(|| log.count(&["ended before its first request"]) == 1).await;
    assert_eq!(log.count(&["WARN"]), 0, "{}", log.text());
}

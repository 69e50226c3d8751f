//! The end: what is under way ends well, within its time.

use std::time::Duration;

use crate::support::{Running, SOON, client, held, read, settings, soon};

#[tokio::test]
async fn requests_in_flight_are_answered_and_silent_connections_closed() {
    for http2 in [false, true] {
        let (service, mut arrivals) = held();
        let running = Running::with(settings(), service, SOON).await;
        let mut silent = running.connect().await;
        let url = running.url("/").parse().unwrap();
        let client = client(http2);
        let (response, ()) = tokio::join!(client.get(url), async {
            let request = soon(arrivals.recv()).await.unwrap();
            running.stop();
            assert_eq!(silent.rest().await, "");
            request.send(()).unwrap();
        });
        let (status, text) = read(response.unwrap()).await;
        assert_eq!((status, text.as_str()), (200, "at last"));
        running.ended().await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_no_new_one_taken() {
    for http2 in [false, true] {
        let running = Running::echo(settings()).await;
        let client = client(http2);
        let url: http::Uri = running.url("/").parse().unwrap();
        read(soon(client.get(url.clone())).await.unwrap()).await;
        running.stop();
        running.ended().await;
        assert!(soon(client.get(url)).await.is_err());
    }
}

#[tokio::test]
async fn what_outlasts_the_drain_time_is_cut() {
    for http2 in [false, true] {
        let (service, mut arrivals) = held();
        let running = Running::with(settings(), service, Duration::from_millis(50)).await;
        let url = running.url("/").parse().unwrap();
        let client = client(http2);
        let (response, request) = tokio::join!(client.get(url), async {
            let request = soon(arrivals.recv()).await.unwrap();
            running.stop();
            running.ended().await;
            request
        });
        assert!(response.is_err());
        assert!(request.is_closed(), "the request goes on");
    }
}

#[tokio::test]
async fn a_client_that_does_not_answer_to_a_farewell_is_not_waited_for() {
    let service = hyper::service::service_fn(async |_request| {
        Ok(http::Response::new(
            http_body_util::Full::<bytes::Bytes>::default(),
        ))
    });
    // Longer than the test waits.
    let running = Running::with(settings(), service, SOON * 10).await;
    let mut raw = running.connect().await;
    raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    // The server's own settings: the connection stands.
    soon(raw.0.readable()).await.unwrap();
    running.stop();
    running.ended().await;
    assert!(raw.rest().await.len() > 9);
}

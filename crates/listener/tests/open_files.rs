//! No free file descriptor: nobody is lost. In a process of its own, because the limit is the process's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a failed check panics"
)]

use std::convert::Infallible;
use std::fs::File;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use listener::{Listener, ListenerSettings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const SOON: Duration = Duration::from_secs(20);
/// Longer than the pause after a failed accept.
const A_WHILE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn without_a_free_descriptor_clients_wait_and_are_then_served() {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let settings = ListenerSettings::new("test", ([127, 0, 0, 1], 0).into());
    let listener = Listener::bind(settings).unwrap();
    let address = listener.address();
    let service = service_fn(async |_request: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("well")))
    });
    tasks.spawn(listener.serve(service, stop.clone(), SOON));

    let limit = getrlimit(Resource::Nofile);
    let small = Rlimit {
        current: Some(64),
        ..limit
    };
    setrlimit(Resource::Nofile, small).unwrap();
    let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    // For the client's own side.
    taken.pop();
    let mut client = timeout(SOON, TcpStream::connect(address))
        .await
        .unwrap()
        .unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    let waiting = timeout(A_WHILE, client.read_to_string(&mut answer)).await;
    assert!(waiting.is_err(), "served without a descriptor: {answer}");

    drop(taken);
    timeout(SOON, client.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.ends_with("well"), "{answer}");
    setrlimit(Resource::Nofile, limit).unwrap();
    stop.cancel();
    tasks.close();
    timeout(SOON, tasks.wait()).await.unwrap();
}

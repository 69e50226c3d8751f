//! A listener under test, and clients for it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use listener::{Listener, ListenerSettings, Peer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Nothing that tests wait for takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Waits for what must come.
pub(crate) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(SOON, what).await.expect("in time")
}

/// A listener that serves.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Settings with a free port.
pub(crate) fn settings() -> ListenerSettings {
    ListenerSettings::new("test", ([127, 0, 0, 1], 0).into())
}

impl Running {
    /// Serves `service`, and drains for at most `drain`.
    pub(crate) async fn with<S>(settings: ListenerSettings, service: S, drain: Duration) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let listener = Listener::bind(settings).unwrap();
        let running = Self {
            address: listener.address(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        running
            .tasks
            .spawn(listener.serve(service, running.stop.clone(), drain));
        running
    }

    /// Tells clients what it knows of them.
    pub(crate) async fn echo(settings: ListenerSettings) -> Self {
        let service = hyper::service::service_fn(async |request: Request<Incoming>| {
            let peer = request.extensions().get::<Peer>().unwrap();
            let text = format!(
                "{:?} {} from {} of {}{}",
                request.version(),
                request.uri().path(),
                peer.client(request.headers()),
                peer.address(),
                if peer.is_encrypted() {
                    " encrypted"
                } else {
                    ""
                },
            );
            Ok(Response::new(Full::from(text)))
        });
        Self::with(settings, service, SOON).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until nothing of it is left.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }

    /// A bare connection.
    pub(crate) async fn connect(&self) -> Raw {
        Raw(soon(TcpStream::connect(self.address)).await.unwrap())
    }
}

/// A service whose requests say that they arrived, and wait until they are let go.
#[derive(Debug, Clone)]
pub(crate) struct Held(mpsc::UnboundedSender<oneshot::Sender<()>>);

/// The service, and its requests.
pub(crate) fn held() -> (Held, mpsc::UnboundedReceiver<oneshot::Sender<()>>) {
    let (arrived, arrivals) = mpsc::unbounded_channel();
    (Held(arrived), arrivals)
}

impl Service<Request<Incoming>> for Held {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, _request: Request<Incoming>) -> Self::Future {
        let (go, wait) = oneshot::channel();
        self.0.send(go).unwrap();
        Box::pin(async {
            wait.await.ok();
            Ok(Response::new(Full::from("at last")))
        })
    }
}

/// A client that speaks HTTP/1.1, or HTTP/2 by prior knowledge.
pub(crate) fn client(http2: bool) -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .http2_only(http2)
        .build_http()
}

/// The status and the text of an answer.
pub(crate) async fn read(response: Response<Incoming>) -> (u16, String) {
    let (head, body) = response.into_parts();
    let body = soon(body.collect()).await.unwrap().to_bytes();
    (
        head.status.as_u16(),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

/// A connection whose bytes are the test's.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.0.write_all(bytes.as_ref())).await.unwrap();
    }

    /// The head of an answer and the body that its length announces.
    pub(crate) async fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&answer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                if body.len() >= length {
                    return text;
                }
            }
            let read = soon(self.0.read_buf(&mut answer)).await.unwrap();
            assert!(read > 0, "ended after {text:?}");
        }
    }

    /// All that comes until the other side ends the connection.
    pub(crate) async fn rest(&mut self) -> String {
        String::from_utf8_lossy(&self.rest_bytes().await).into_owned()
    }

    pub(crate) async fn rest_bytes(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end, too.
        soon(self.0.read_to_end(&mut rest)).await.ok();
        rest
    }
}

/// Waits until something is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

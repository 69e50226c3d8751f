//! A gateway on loopback, routes that a test moves, sandboxes that a test writes, and clients.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    unreachable_pub,
    reason = "a failed check panics; each test file uses a part of this"
)]

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gateway::{Gateway, GatewaySettings};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use runtime_core::sandbox::{GatewayPorts, Label, Service};
use runtime_core::{Boot, Route, RouteError, Routes, SandboxId, Standing, Why};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The bound of every wait.
pub const BOUND: Duration = Duration::from_secs(20);

/// Waits for `future`, bounded.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(BOUND, future).await.unwrap()
}

/// Waits until `condition` holds, bounded.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + BOUND;
    while !condition() {
        assert!(tokio::time::Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A range of ports below the default one, where a server may run beside the tests, that other tests are unlikely to
/// begin at. Ports that somebody has are passed over.
pub fn ports(count: u16) -> RangeInclusive<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % 300).unwrap() * 30;
    let first = 10_000 + (process + NEXT.fetch_add(50, Ordering::Relaxed) % 9_000) % 9_000;
    first..=first + count - 1
}

/// Routes that a test moves.
#[derive(Debug)]
pub struct TestRoutes {
    known: watch::Sender<HashMap<Label, Route>>,
    /// Known only to the store.
    pub stored: Mutex<HashMap<Label, Route>>,
    pub store_fails: std::sync::atomic::AtomicBool,
    pub activity: AtomicUsize,
    pub asked: Mutex<Vec<Why>>,
}

impl TestRoutes {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            known: watch::Sender::new(HashMap::new()),
            stored: Mutex::default(),
            store_fails: false.into(),
            activity: AtomicUsize::new(0),
            asked: Mutex::default(),
        })
    }

    /// Puts a sandbox there; the former boot leaves if this is another.
    pub fn set(&self, label: &Label, boot: u32, standing: Standing) {
        self.known.send_modify(|known| {
            let before = known.get(label).filter(|route| route.boot == Boot(boot));
            let left = before.map_or_else(CancellationToken::new, |route| route.left.clone());
            let route = route(label, boot, standing, left);
            if let Some(old) = known.insert(label.clone(), route)
                && old.boot != Boot(boot)
            {
                old.left.cancel();
            }
        });
    }

    /// It runs here.
    pub fn run(&self, label: &Label, boot: u32, at: SocketAddr) {
        self.set(label, boot, Standing::Running(Some(at)));
    }

    pub fn left(&self, label: &Label) -> CancellationToken {
        self.known.borrow()[label].left.clone()
    }

    pub fn activity(&self) -> usize {
        self.activity.load(Ordering::SeqCst)
    }

    pub fn asked(&self) -> Vec<Why> {
        self.asked.lock().unwrap().clone()
    }
}

pub fn route(label: &Label, boot: u32, standing: Standing, left: CancellationToken) -> Route {
    Route {
        id: label.clone(),
        boot: Boot(boot),
        standing,
        left,
    }
}

#[async_trait]
impl Routes for TestRoutes {
    fn lookup(&self, label: &Label, _service: Service) -> Option<Route> {
        self.known.borrow().get(label).cloned()
    }

    async fn resolve(
        &self,
        label: &Label,
        _service: Service,
        why: Why,
    ) -> Result<Option<Route>, RouteError> {
        self.asked.lock().unwrap().push(why);
        if self.store_fails.load(Ordering::SeqCst) {
            return Err(RouteError);
        }
        let Why::Dead(dead) = why else {
            return Ok(self.stored.lock().unwrap().get(label).cloned());
        };
        let settled = |route: &Route| match route.standing {
            Standing::Running(_) => route.boot != dead,
            Standing::Starting { .. } => false,
            Standing::Paused | Standing::Failed | Standing::Stopped => true,
        };
        let mut known = self.known.subscribe();
        let found = known
            .wait_for(|known| known.get(label).is_none_or(settled))
            .await
            .map_err(|_closed| RouteError)?;
        Ok(found.get(label).cloned())
    }

    fn note_activity(&self, _id: &SandboxId) {
        self.activity.fetch_add(1, Ordering::SeqCst);
    }
}

/// A gateway with one sandbox.
pub struct Stage {
    pub gateway: Gateway,
    pub routes: Arc<TestRoutes>,
    pub label: Label,
    pub ports: GatewayPorts,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|_settings| {})
    }

    pub fn with(change: impl FnOnce(&mut GatewaySettings)) -> Self {
        let mut settings = GatewaySettings {
            ports: ports(400),
            ..GatewaySettings::default()
        };
        change(&mut settings);
        let gateway = Gateway::new(settings);
        let routes = TestRoutes::new();
        gateway.serve(routes.clone());
        let label: Label = "abcdefghijklmnop".parse().unwrap();
        let ports = gateway.addresses().reserve(&label).unwrap();
        Self {
            gateway,
            routes,
            label,
            ports,
        }
    }

    /// A gateway before a sandbox that runs at `upstream`.
    pub fn before(upstream: SocketAddr) -> Self {
        let stage = Self::new();
        stage.run(1, upstream);
        stage
    }

    pub fn run(&self, boot: u32, at: SocketAddr) {
        self.routes.run(&self.label, boot, at);
    }

    pub fn set(&self, boot: u32, standing: Standing) {
        self.routes.set(&self.label, boot, standing);
    }

    pub fn door(&self, service: Service) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports[&service]))
    }

    pub fn agent(&self) -> SocketAddr {
        self.door(Service::Agent)
    }
}

/// A sandbox's service, written with hyper.
pub struct Upstream {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    stop: CancellationToken,
}

pub type AnyBody = BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

pub fn text(status: u16, text: impl Into<Bytes>) -> Response<AnyBody> {
    let body = Full::new(text.into()).map_err(|never: Infallible| match never {});
    Response::builder()
        .status(status)
        .body(body.boxed())
        .unwrap()
}

impl Upstream {
    pub async fn new<H, F>(handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<AnyBody>> + Send + 'static,
    {
        Self::at("127.0.0.1:0".parse().unwrap(), handler).await
    }

    pub async fn at<H, F>(address: SocketAddr, handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<AnyBody>> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let stop = CancellationToken::new();
        let (counter, stopped) = (connections.clone(), stop.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            loop {
                let (socket, _peer) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let handler = handler.clone();
                let service = service_fn(move |request| {
                    let answer = handler(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service)
                    .with_upgrades();
                tokio::spawn(stopped.clone().run_until_cancelled_owned(connection));
            }
        }));
        Self {
            address,
            connections,
            stop,
        }
    }

    /// Answers every request with its own head and body, as text.
    pub async fn mirror() -> Self {
        Self::new(|request: Request<Incoming>| async move {
            let (parts, body) = request.into_parts();
            let mut seen = format!("{} {}\n", parts.method, parts.uri);
            for (name, value) in &parts.headers {
                seen += &format!("{name}: {}\n", value.to_str().unwrap());
            }
            let body = body.collect().await.unwrap().to_bytes();
            seen += &format!("\n{}", String::from_utf8_lossy(&body));
            text(200, seen)
        })
        .await
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Closes all connections and the listener.
    pub fn die(&self) {
        self.stop.cancel();
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.die();
    }
}

/// An address that refuses connections.
pub fn nowhere() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A client's connection.
pub struct Client {
    sender: hyper::client::conn::http1::SendRequest<AnyBody>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .unwrap();
        tokio::spawn(connection.with_upgrades());
        Self { sender }
    }

    pub async fn start(&mut self, request: Request<AnyBody>) -> Response<Incoming> {
        soon(self.sender.ready()).await.unwrap();
        soon(self.sender.send_request(request)).await.unwrap()
    }

    pub async fn send(&mut self, request: Request<AnyBody>) -> Answer {
        let response = self.start(request).await;
        let (parts, body) = response.into_parts();
        let body = soon(body.collect()).await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

pub fn request(method: Method, path: &str, body: &'static str) -> Request<AnyBody> {
    let body = Full::new(Bytes::from_static(body.as_bytes()));
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "sandbox.test")
        .body(body.map_err(|never: Infallible| match never {}).boxed())
        .unwrap()
}

pub async fn get(address: SocketAddr, path: &str) -> Answer {
    Client::connect(address)
        .await
        .send(request(Method::GET, path, ""))
        .await
}

/// Writes bytes on a new connection and reads what comes until the other side closes.
pub async fn raw(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until the text is there.
pub async fn read_until(socket: &mut TcpStream, text: &str) -> String {
    let mut seen = Vec::new();
    soon(async {
        while !String::from_utf8_lossy(&seen).contains(text) {
            let mut buffer = [0; 4096];
            let count = socket.read(&mut buffer).await.unwrap();
            assert!(
                count > 0,
                "closed after {:?}",
                String::from_utf8_lossy(&seen)
            );
            seen.extend_from_slice(&buffer[..count]);
        }
    })
    .await;
    String::from_utf8_lossy(&seen).into_owned()
}

/// A sandbox's service, written byte by byte: `serve` gets every connection.
pub async fn raw_upstream<H, F>(serve: H) -> SocketAddr
where
    H: Fn(TcpStream, usize) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (socket, _peer) = listener.accept().await.unwrap();
            tokio::spawn(serve(socket, number));
        }
    });
    address
}

//! Connections: accepted, bounded, served, and drained at the end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{BoxError, Service};

/// For the headers of a request, counted from the end of the one before: a slow or silent client loses its connection.
const HEADER_READ: Duration = Duration::from_secs(30);
/// Connections at once; further ones wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 4096;
/// After an error of `accept(2)`, such as no free file descriptor, so that the loop does not spin.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A bound address that is not served yet.
#[derive(Debug)]
pub(crate) struct Listener {
    name: &'static str,
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address. `name` is for the log.
    ///
    /// # Errors
    /// Those of `bind(2)`.
    pub(crate) async fn bind(name: &'static str, address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self {
            name,
            address: socket.local_addr()?,
            socket,
        })
    }

    /// The real address, where port 0 was asked for too.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is called in the log.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Serves until `stop`, then lets requests in flight finish for at most `drain`. What is left then is cut.
    pub(crate) async fn serve<S, B>(self, service: S, stop: CancellationToken, drain: Duration)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let connections = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let tasks = TaskTracker::new();
        let cut = CancellationToken::new();
        // Dropping either future loses nothing: a place is given back, a connection stays in the kernel's queue.
        while let Some((place, socket)) =
            stop.run_until_cancelled(self.next(&places)).await.flatten()
        {
            let serving = connection(socket, service.clone(), connections.watcher());
            let cut = cut.clone();
            tasks.spawn(async move {
                cut.run_until_cancelled(serving).await;
                drop(place);
            });
        }
        drop(self.socket);
        if tokio::time::timeout(drain, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!(
                listener = self.name,
                "cutting connections that outlast the drain time"
            );
        }
        cut.cancel();
        tasks.close();
        tasks.wait().await;
    }

    /// The next connection and its place. Errors are logged and waited out, so that the loop cannot die of them.
    async fn next(
        &self,
        places: &Arc<Semaphore>,
    ) -> Option<(tokio::sync::OwnedSemaphorePermit, TcpStream)> {
        // The semaphore is never closed.
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        loop {
            match self.socket.accept().await {
                Ok((socket, _peer)) => return Some((place, socket)),
                Err(error) => {
                    tracing::warn!(listener = self.name, %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }
}

async fn connection<S, B>(socket: TcpStream, service: S, watcher: Watcher)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    // Answers are small: waiting to fill a packet only delays them. Without it they are right, too.
    socket.set_nodelay(true).ok();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(service));
    // Broken off, too slow or no HTTP: the client's affair.
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection ended");
    }
}

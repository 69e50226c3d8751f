//! An address that is listened on: connections are accepted, bounded, served, and drained at the end.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::beginning::{Refused, Version, begin};
use crate::chain::chain;
use crate::http1::{builder, serve as serve_http1};
use crate::http2::Http2;
use crate::peer::Peer;
use crate::settings::ListenerSettings;
use crate::stream::Socket;
use crate::with_peer::WithPeer;

/// How many connections may wait to be accepted; the kernel's own limit (`net.core.somaxconn`) may be lower.
const BACKLOG: u32 = 4096;
/// After an error of `accept(2)`, such as no free file descriptor, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// When a silent peer is asked whether it is still there, so that lost machines do not hold connections for ever.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// A bound address that is not served yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    settings: ListenerSettings,
}

/// What all connections of a listener share.
#[derive(Debug)]
struct Shared {
    settings: ListenerSettings,
    http1: http1::Builder,
    http2: Http2,
}

impl Listener {
    /// Binds the address of the settings, within a Tokio runtime.
    ///
    /// # Errors
    /// Those of `bind(2)` and `listen(2)`.
    pub fn bind(settings: ListenerSettings) -> io::Result<Self> {
        let socket = if settings.address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // After a restart old connections must not keep us from our own port. A port that is listened on stays refused.
        socket.set_reuseaddr(true)?;
        socket.bind(settings.address)?;
        let socket = socket.listen(BACKLOG)?;
        Ok(Self {
            address: socket.local_addr()?,
            socket,
            settings,
        })
    }

    /// The real address, where port 0 was asked for too.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is called in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.settings.name
    }

    /// Whether its connections are encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.settings.tls.is_some()
    }

    /// Serves until `stop`, then lets requests in flight finish for at most `drain`. What is left then is cut. Each
    /// request has its [`Peer`] in its extensions.
    ///
    /// Requests that switched protocols are not waited for: their tunnels belong to the service.
    ///
    /// # Cancel safety
    /// All connections are cut.
    pub async fn serve<S, B>(self, service: S, stop: CancellationToken, drain: Duration)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        let service_for = move |peer: Peer| WithPeer::new(service.clone(), peer);
        self.serve_each(service_for, stop, drain).await;
    }

    /// As [`serve`](Self::serve), with a service of its own for each connection, and nothing in the extensions: for whom
    /// an allocation per request is too many.
    ///
    /// # Cancel safety
    /// All connections are cut.
    pub async fn serve_each<F, S, B>(self, service_for: F, stop: CancellationToken, drain: Duration)
    where
        F: Fn(Peer) -> S + Clone + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S: Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        let Self {
            socket, settings, ..
        } = self;
        let name = settings.name;
        let mut door = Door {
            name,
            socket,
            places: Arc::new(Semaphore::new(settings.connections)),
            is_stuck: false,
        };
        let shared = Arc::new(Shared {
            http1: builder(&settings),
            http2: Http2::new(&settings),
            settings,
        });
        let mut connections = JoinSet::new();
        loop {
            // None loses anything: a place is given back, a connection stays in the kernel's queue, an end in the set.
            let (tcp, from, place) = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = connections.join_next() => {
                    note_panic(name, ended);
                    continue;
                }
                Some(accepted) = door.accept() => accepted,
            };
            prepare(&tcp);
            // A token of its own is cheaper to look at than one that all connections look at.
            let (shared, stop) = (Arc::clone(&shared), stop.child_token());
            let service_for = service_for.clone();
            connections.spawn(async move {
                connection(&shared, Socket::new(tcp, place), from, service_for, &stop).await;
            });
        }
        drop(door);
        let drained = async {
            while let Some(ended) = connections.join_next().await {
                note_panic(name, ended);
            }
        };
        if timeout(drain, drained).await.is_err() {
            tracing::warn!(
                listener = name,
                "cutting connections that outlast the drain time"
            );
        }
        connections.shutdown().await;
        shared.http2.finished().await;
    }
}

/// Where connections come from.
struct Door {
    name: &'static str,
    socket: TcpListener,
    places: Arc<Semaphore>,
    /// Said already that no connection can be accepted.
    is_stuck: bool,
}

impl Door {
    /// The next connection and its place. Errors are logged and waited out, so that the loop cannot die of them.
    async fn accept(&mut self) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        loop {
            match self.socket.accept().await {
                Ok((tcp, from)) => {
                    self.is_stuck = false;
                    return Some((tcp, from, place));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !self.is_stuck {
                        tracing::warn!(listener = self.name, %error, "cannot accept connections; trying on");
                    }
                    self.is_stuck = true;
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Whether only the connection that was to be accepted is broken.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

/// Makes a socket fit for interactive use and for long silences. A socket that refuses is used as it is.
fn prepare(socket: &TcpStream) {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 4);
    let prepared = socket
        .set_nodelay(true)
        .and_then(|()| SockRef::from(socket).set_tcp_keepalive(&keepalive));
    if let Err(error) = prepared {
        tracing::debug!(%error, "cannot set the options of a socket");
    }
}

/// One connection, from its first byte to its last request.
async fn connection<S, B>(
    shared: &Shared,
    socket: Socket,
    from: SocketAddr,
    service_for: impl FnOnce(Peer) -> S,
    stop: &CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    let settings = &shared.settings;
    // Before the first request there is nothing to drain.
    let beginning = timeout(settings.header_read, begin(settings, socket, from));
    let begun = match stop.run_until_cancelled(beginning).await {
        Some(Ok(Ok(begun))) => begun,
        Some(Ok(Err(refused))) => {
            note_refused(settings.name, from, &refused);
            return;
        }
        Some(Err(_elapsed)) => {
            tracing::debug!(listener = settings.name, peer = %from, "too slow to begin a request");
            return;
        }
        None => return,
    };
    let (stream, service) = (begun.stream, service_for(begun.peer));
    match begun.version {
        Version::Http1 => serve_http1(&shared.http1, stream, service, stop).await,
        // On the heap: most connections speak HTTP/1.1, and their tasks should be small.
        Version::Http2 => Box::pin(shared.http2.serve(stream, service, stop)).await,
    }
}

fn note_refused(listener: &str, from: SocketAddr, refused: &Refused) {
    let error = chain(refused);
    if refused.is_of_the_settings() {
        tracing::warn!(listener, peer = %from, error, "connection closed");
    } else {
        tracing::debug!(listener, peer = %from, error, "connection closed");
    }
}

fn note_panic(listener: &str, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(listener, "the task of a connection panicked");
    }
}

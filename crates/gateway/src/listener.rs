//! A door: one port of the gateway, open for one service of one sandbox at a time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::connection::{self, Client};
use crate::gateway::Shared;
use crate::target::Target;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;
/// How long to wait when no connection can be accepted, because files or memory are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// When a silent peer is asked whether it is still there, so that lost machines do not hold tunnels for ever.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Whom a port leads to now. It changes when the port is given to another sandbox.
#[derive(Debug)]
pub(crate) struct Door(Mutex<Target>);

impl Door {
    /// A door to `target`.
    pub(crate) fn new(target: Target) -> Arc<Self> {
        Arc::new(Self(Mutex::new(target)))
    }

    /// Whom it leads to.
    pub(crate) fn target(&self) -> Target {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Leads new connections to `target`.
    pub(crate) fn lead_to(&self, target: Target) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }
}

/// Takes a port, for this process alone.
///
/// # Errors
/// Those of the operating system; `AddrInUse` where another program has the port.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // After a restart old connections must not keep us from our own ports. A port that is listened on stays refused.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Makes a socket fit for interactive use and for long silences. A socket that refuses is used as it is.
pub(crate) fn prepare(socket: &TcpStream) {
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

/// Accepts connections until the gateway stops; no error ends it. Before the routes are known, connections wait in the
/// backlog.
pub(crate) async fn serve(listener: std::net::TcpListener, door: Arc<Door>, shared: Arc<Shared>) {
    let port = listener.local_addr().map_or(0, |address| address.port());
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(port, %error, "cannot listen on a gateway port");
            return;
        }
    };
    tokio::select! {
        () = shared.routes_known() => {}
        () = shared.stop.cancelled() => return,
    }
    let mut failed_before = false;
    loop {
        // Neither loses a connection when it is dropped.
        let accepted = tokio::select! {
            biased;
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                failed_before = false;
                prepare(&socket);
                let client = Client::new(door.target(), peer.ip());
                let served = connection::serve(socket, client, Arc::clone(&shared));
                shared.connections.spawn(served);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if !failed_before {
                    tracing::warn!(port, %error, "cannot accept connections; trying on");
                }
                failed_before = true;
                sleep(ACCEPT_PAUSE).await;
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

/// The address of a port of the gateway.
pub(crate) fn at(listen: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(listen, port)
}

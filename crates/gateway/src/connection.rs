//! One connection of a client, for as many requests as it likes.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use crate::forward::answer;
use crate::gateway::Shared;
use crate::target::Target;

/// Upper bound of each buffer of a connection, in bytes; also of the head of a request (more: 431). hyper bounds the
/// number of headers to 100.
const BUFFER_BYTES: usize = 64 * 1024;

/// Who speaks through a connection, and to whom. A connection keeps its target: when its port is given to another
/// sandbox, it still asks for the old one.
pub(crate) struct Client {
    /// What it reaches.
    pub(crate) target: Target,
    /// Its address as a header value.
    pub(crate) address: HeaderValue,
}

impl Client {
    /// The client at `address` that came in at the door of `target`.
    pub(crate) fn new(target: Target, address: IpAddr) -> Self {
        // The text of an address has only characters that a header may have.
        let address = HeaderValue::try_from(address.to_canonical().to_string())
            .unwrap_or(HeaderValue::from_static("unknown"));
        Self { target, address }
    }
}

/// The settings of all client connections.
pub(crate) fn builder(header_read: Duration) -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_read)
        .max_buf_size(BUFFER_BYTES)
        // The sandbox's own date goes through.
        .auto_date_header(false);
    builder
}

/// Serves the connection until it ends, becomes a tunnel, or the gateway stops and its patience ends.
pub(crate) async fn serve(socket: TcpStream, client: Client, shared: Arc<Shared>) {
    let client = &client;
    let shared = &*shared;
    let service = service_fn(move |request| async move {
        Ok::<_, Infallible>(answer(shared, client, request).await)
    });
    let connection = shared
        .http
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // A connection loses nothing when it is not polled on: the second select goes on with it.
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Some(ended),
        () = shared.stop.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = shared.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        // Clients go away, are slow or speak nonsense; none of it is ours to mend.
        tracing::debug!(%error, "a client's connection broke");
    }
}

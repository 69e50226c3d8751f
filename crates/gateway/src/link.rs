//! One HTTP/1.1 connection to a service of a sandbox.
//!
//! hyper wants somebody to poll a connection. Usually that is a task of its own; here it is whoever waits for the answer
//! or reads its body, that is, the task of the client's connection. A request then never changes tasks, which is most of
//! the gateway's speed, and an idle connection costs no task.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use runtime_core::{Boot, Route};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::body::RequestBody;
use crate::listener::prepare;
use crate::time::now;

/// Upper bound of each buffer of a connection, in bytes; also of the head of a response.
const BUFFER_BYTES: usize = 64 * 1024;

/// A connection to one boot of a sandbox.
pub(crate) struct Link {
    sender: SendRequest<RequestBody>,
    /// None once it ended.
    connection: Option<Connection<TokioIo<TcpStream>, RequestBody>>,
    ended: bool,
    /// The boot that it leads to.
    pub(crate) boot: Boot,
    /// Where it leads to.
    pub(crate) address: SocketAddr,
    /// Cancelled when the boot leaves.
    pub(crate) left: CancellationToken,
    /// Since when it has had nothing to do; for the pool.
    pub(crate) idle_since: Instant,
}

impl Link {
    /// Connects to `address`, where `route` leads.
    pub(crate) async fn connect(
        route: &Route,
        address: SocketAddr,
        limit: Duration,
    ) -> io::Result<Box<Self>> {
        let socket = timeout(limit, TcpStream::connect(address)).await??;
        prepare(&socket);
        let (sender, connection) = Builder::new()
            .max_buf_size(BUFFER_BYTES)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(io::Error::other)?;
        Ok(Box::new(Self {
            sender,
            connection: Some(connection),
            ended: false,
            boot: route.boot,
            address,
            left: route.left.clone(),
            idle_since: now(),
        }))
    }

    /// Sends a request and waits for the head of the answer. The request comes back with the error if none of it was
    /// sent.
    ///
    /// # Cancel safety
    /// Dropping the call may leave half a request on the wire; the link must be dropped too.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let connection = &mut self.connection;
        let ended = &mut self.ended;
        poll_fn(|cx| {
            drive(connection, ended, cx);
            match answer.as_mut().poll(cx) {
                // Only dropping an ended connection tells those who wait that nothing will come.
                Poll::Pending if *ended => {
                    *connection = None;
                    answer.as_mut().poll(cx)
                }
                polled => polled,
            }
        })
        .await
    }

    /// Moves bytes in both directions as far as that is possible now.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.connection, &mut self.ended, cx);
    }

    /// Whether it can take a request at once.
    pub(crate) fn is_ready(&self) -> bool {
        !self.ended && self.sender.is_ready()
    }

    /// The bare socket after the sandbox agreed to switch protocols, and what it already said in the new one.
    pub(crate) async fn into_socket(mut self) -> io::Result<(TcpStream, Bytes)> {
        poll_fn(|cx| {
            self.drive(cx);
            if self.ended {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        let connection = self.connection.ok_or(io::ErrorKind::NotConnected)?;
        let parts = connection.into_parts();
        Ok((parts.io.into_inner(), parts.read_buf))
    }
}

fn drive(
    connection: &mut Option<Connection<TokioIo<TcpStream>, RequestBody>>,
    ended: &mut bool,
    cx: &mut Context<'_>,
) {
    if let (Some(connection), false) = (connection, *ended) {
        // An error of the connection reaches whoever waits for the answer or reads its body.
        *ended = connection.poll_without_shutdown(cx).is_ready();
    }
}

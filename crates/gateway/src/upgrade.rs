//! Requests that ask to switch protocols: WebSockets and whatever else.

use std::io;

use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use runtime_core::Route;
use tokio::net::TcpStream;

use crate::gateway::Shared;
use crate::headers;
use crate::link::Link;
use crate::tunnel::{Side, Tunnel};
use crate::upstream::Permit;

/// A client's wish to switch protocols.
pub(crate) struct Upgrade {
    /// The protocol that it names.
    pub(crate) protocol: HeaderValue,
    client: OnUpgrade,
}

/// The protocol that a message switches to or wants to switch to.
pub(crate) fn protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    headers::has_token(headers, &CONNECTION, "upgrade")
        .then(|| headers.get(UPGRADE).cloned())
        .flatten()
}

impl Upgrade {
    /// The wish that a request carries. HTTP/2 in clear text is not passed on: what a client says in it could not be
    /// cleaned of what a sandbox must not learn. Such a request is answered in HTTP/1.1, as RFC 9110 §7.8 allows.
    pub(crate) fn wanted(request: &mut Request<Incoming>) -> Option<Self> {
        if request.version() != Version::HTTP_11 {
            return None;
        }
        let protocol = protocol(request.headers())?;
        if headers::has_token(request.headers(), &UPGRADE, "h2c") {
            return None;
        }
        let client = hyper::upgrade::on(request);
        Some(Self { protocol, client })
    }

    /// Connects client and sandbox for as long as both want it, after the client got the head of the answer.
    pub(crate) fn tunnel(self, shared: &Shared, route: Route, link: Box<Link>, permit: Permit) {
        let Some(routes) = shared.shared_routes() else {
            return;
        };
        let end = shared.tunnels_end.clone();
        let open = shared.metrics.tunnel();
        let is_websocket = self.protocol.as_bytes().eq_ignore_ascii_case(b"websocket");
        shared.tunnels.spawn_on(
            async move {
                let _held = (permit, open);
                let left = route.left.clone();
                let work = async {
                    // On the heap and gone before the long part: there are many tunnels, and they should be small.
                    let (client, sandbox) = Box::pin(sockets(self.client, link)).await?;
                    Tunnel::new(routes, route.id, is_websocket)
                        .run(client, sandbox)
                        .await
                };
                // Whatever ends first ends all: both sockets are dropped.
                let outcome = tokio::select! {
                    outcome = work => outcome,
                    () = left.cancelled() => Ok(()),
                    () = end.cancelled() => Ok(()),
                };
                if let Err(error) = outcome {
                    tracing::debug!(%error, "a tunnel broke");
                }
            },
            &shared.runtime,
        );
    }
}

/// The bare sockets of both sides, once the head of the answer has gone through.
async fn sockets(client: OnUpgrade, link: Box<Link>) -> io::Result<(Side, Side)> {
    let sandbox = link.into_socket().await?;
    let client = client
        .await
        .map_err(io::Error::other)?
        .downcast::<TokioIo<TcpStream>>()
        .map_err(|_other| io::Error::other("the client's side is not a socket"))?;
    Ok(((client.io.into_inner(), client.read_buf), sandbox))
}

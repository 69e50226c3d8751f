//! Accepts connections for the API and the gateway: TCP, PROXY protocol, TLS, HTTP/1.1 and HTTP/2, with limits and a
//! drain.
//!
//! A [`Listener`] takes a service and answers with it whatever arrives at its address, until it is told to stop. The way
//! of a connection is `listener.rs` (accepted, given one of a bounded number of places) → `beginning.rs` (its first bytes
//! tell what is spoken: `opening.rs`; for whom: `proxy.rs`; they may be encrypted: `tls.rs`) → `http1.rs` or `http2.rs`
//! (served, then drained). Each request carries its [`Peer`].
//!
//! ```no_run
//! # use std::{convert::Infallible, time::Duration};
//! # use hyper::{Request, Response, body::Incoming, service::service_fn};
//! # use listener::{Listener, ListenerSettings, Peer};
//! # use tokio_util::sync::CancellationToken;
//! # async fn example(stop: CancellationToken) -> std::io::Result<()> {
//! let listener = Listener::bind(ListenerSettings::new("api", ([127, 0, 0, 1], 0).into()))?;
//! let service = service_fn(async |request: Request<Incoming>| {
//!     let peer = request.extensions().get::<Peer>();
//!     Ok::<_, Infallible>(Response::new(format!("{peer:?}")))
//! });
//! listener.serve(service, stop, Duration::from_secs(30)).await;
//! # Ok(())
//! # }
//! ```

mod beginning;
mod chain;
mod http1;
mod http2;
mod listener;
mod opening;
mod peer;
mod proxy;
mod settings;
mod stream;
mod tls;
mod trusted;
mod with_peer;

pub use listener::Listener;
pub use peer::Peer;
pub use settings::ListenerSettings;
pub use stream::{Socket, Stream};
pub use tls::{Tls, TlsError, TlsFiles};
pub use trusted::TrustedProxies;

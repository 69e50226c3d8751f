//! HTTP/1.1 on a connection.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::pin::pin;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;

use crate::settings::ListenerSettings;
use crate::stream::Stream;

/// The least that hyper takes as the size of its buffers, in bytes.
const LEAST_BUFFER_BYTES: usize = 8 * 1024;

/// HTTP/1.1 as the settings want it.
pub(crate) fn builder(settings: &ListenerSettings) -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_read)
        .max_buf_size(settings.head_bytes.max(LEAST_BUFFER_BYTES))
        .max_header_size(settings.head_bytes)
        .auto_date_header(settings.date_header);
    builder
}

/// Serves a connection until it ends, becomes a tunnel, or has answered its last request after `stop`.
pub(crate) async fn serve<S, B>(
    builder: &Builder,
    stream: Stream,
    service: S,
    stop: &CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // A connection that is not polled loses nothing.
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go away, are slow or speak nonsense; none of it is ours to mend.
        tracing::debug!(%error, "a client's connection broke");
    }
}

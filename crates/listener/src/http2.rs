//! HTTP/2 on a connection: streams within bounds, and no connection without use.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::settings::ListenerSettings;
use crate::stream::Stream;

/// Requests of one connection at a time; 100 is what RFC 9113 §6.5.2 recommends not to go below.
const STREAMS: u32 = 128;
/// Streams that a client reset before they were served (CVE-2023-44487). Beyond, the connection ends.
const RESET_BY_CLIENT: usize = 20;
/// Streams that we had to reset because a client broke the protocol (CVE-2025-8671). Beyond, the connection ends.
const RESET_BY_US: usize = 128;
/// What a client may send of one body before it is read.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// What it may send of all bodies.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// What is kept for one stream whose client does not read.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// How often a silent client is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

/// For a client to let go of a connection that is to end and has no request under way.
const FAREWELL: Duration = Duration::from_secs(1);

/// How HTTP/2 is spoken.
#[derive(Debug, Clone)]
pub(crate) struct Http2 {
    head_bytes: u32,
    date_header: bool,
    /// For how long a connection may be without a request.
    idle: Duration,
    /// Everybody's streams.
    streams: TaskTracker,
}

impl Http2 {
    /// HTTP/2 as the settings want it.
    pub(crate) fn new(settings: &ListenerSettings) -> Self {
        Self {
            head_bytes: u32::try_from(settings.head_bytes).unwrap_or(u32::MAX),
            date_header: settings.date_header,
            idle: settings.header_read,
            streams: TaskTracker::new(),
        }
    }

    fn builder(&self, streams: Streams) -> Builder<Streams> {
        let mut builder = Builder::new(streams);
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(self.head_bytes)
            .max_pending_accept_reset_streams(RESET_BY_CLIENT)
            .max_local_error_reset_streams(RESET_BY_US)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(SEND_BUFFER_BYTES)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .auto_date_header(self.date_header);
        builder
    }

    /// Serves a connection until it ends, is without use for too long, or has answered its last request after `stop`.
    pub(crate) async fn serve<S, B>(&self, stream: Stream, service: S, stop: &CancellationToken)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S::Future: Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        let streams = Streams::new(self.streams.clone());
        // The streams of a connection end with it, however it ends.
        let _end = streams.0.end.clone().drop_guard();
        let connection = self
            .builder(streams.clone())
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let enough = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = streams.unused_for(self.idle) => {}
            }
        };
        // A connection that is not polled loses nothing.
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => Some(ended),
            () = enough => {
                connection.as_mut().graceful_shutdown();
                // What is under way ends. Clients that do not answer to the farewell are not waited for.
                tokio::select! {
                    biased;
                    ended = connection => Some(ended),
                    () = streams.unused_for(FAREWELL) => None,
                }
            }
        };
        if let Some(Err(error)) = ended {
            // As with HTTP/1.1: the client's affair.
            tracing::debug!(%error, "a client's connection broke");
        }
    }

    /// Waits for the streams of all connections, which have ended.
    pub(crate) async fn finished(&self) {
        self.streams.close();
        self.streams.wait().await;
    }
}

/// The streams of one connection: each is a task, and counted.
#[derive(Debug, Clone)]
struct Streams(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tasks: TaskTracker,
    /// The connection is gone.
    end: CancellationToken,
    open: AtomicUsize,
    begun: AtomicUsize,
}

impl Streams {
    fn new(tasks: TaskTracker) -> Self {
        Self(Arc::new(Shared {
            tasks,
            end: CancellationToken::new(),
            open: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
        }))
    }

    /// Waits until no stream was open for this long; at most for twice as long.
    async fn unused_for(&self, time: Duration) {
        let mut seen = None;
        loop {
            let begun = self.0.begun.load(Ordering::Relaxed);
            if self.0.open.load(Ordering::Relaxed) > 0 {
                seen = None;
            } else if seen.replace(begun) == Some(begun) {
                return;
            }
            tokio::time::sleep(time).await;
        }
    }
}

/// A stream that is under way.
struct Open(Arc<Shared>);

impl Open {
    fn new(streams: &Arc<Shared>) -> Self {
        streams.begun.fetch_add(1, Ordering::Relaxed);
        streams.open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(streams))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    /// hyper gives one future per stream, which ends when the last byte of its answer is sent.
    fn execute(&self, stream: F) {
        let open = Open::new(&self.0);
        let end = self.0.end.clone();
        self.0.tasks.spawn(async move {
            end.run_until_cancelled_owned(stream).await;
            drop(open);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_unused_when_no_stream_was_open_for_long() {
        let streams = Streams::new(TaskTracker::new());
        let (done, answer) = tokio::sync::oneshot::channel::<()>();
        streams.execute(async { drop(answer.await) });
        let waiting = tokio::time::timeout(LONG * 10, streams.unused_for(LONG)).await;
        assert!(waiting.is_err(), "a stream is under way");
        done.send(()).unwrap();
        streams.unused_for(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_its_connection() {
        let tasks = TaskTracker::new();
        let streams = Streams::new(tasks.clone());
        streams.execute(std::future::pending());
        streams.0.end.cancel();
        tasks.close();
        tasks.wait().await;
        assert_eq!(streams.0.open.load(Ordering::Relaxed), 0);
    }
}

//! Bodies on their way through: streamed, never collected, never capped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::link::Link;
use crate::metrics::InFlight;
use crate::upstream::Permit;

/// Opens when the sandbox wants the body.
pub(crate) type Gate = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whether a request's body still moves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// Whether something moved since the last question.
    pub(crate) fn moved(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A request's body on its way to a sandbox.
pub(crate) struct RequestBody {
    incoming: Option<Incoming>,
    progress: Option<Progress>,
    gate: Option<Gate>,
}

impl RequestBody {
    /// No body.
    pub(crate) const EMPTY: Self = Self {
        incoming: None,
        progress: None,
        gate: None,
    };

    /// The client's body. It is not read, and the client not asked for it, before the gate opens.
    pub(crate) fn streamed(incoming: Incoming, progress: Progress, gate: Option<Gate>) -> Self {
        Self {
            incoming: Some(incoming),
            progress: Some(progress),
            gate,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        if let Some(gate) = &mut this.gate {
            ready!(gate.as_mut().poll(cx));
            this.gate = None;
        }
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(incoming).poll_frame(cx));
        if let Some(progress) = &this.progress {
            progress.0.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// A response's body on its way to a client.
pub(crate) enum ReplyBody {
    /// Our own words; none once they are said.
    Own(Option<Bytes>),
    /// The sandbox's.
    Streamed(Streamed),
}

/// A sandbox's body. Reading it drives the connection that it comes from; at its end the connection waits for the next
/// request, and before its end dropping it closes the connection.
pub(crate) struct Streamed {
    incoming: Incoming,
    source: Option<Source>,
}

/// Where a body comes from, and what is held while it does.
struct Source {
    link: Box<Link>,
    permit: Permit,
    _in_flight: InFlight,
}

impl ReplyBody {
    /// Our own words.
    pub(crate) fn own(text: Bytes) -> Self {
        Self::Own(Some(text))
    }

    /// What comes from the sandbox through `link`.
    pub(crate) fn streamed(
        incoming: Incoming,
        link: Box<Link>,
        permit: Permit,
        in_flight: InFlight,
    ) -> Self {
        let source = Some(Source {
            link,
            permit,
            _in_flight: in_flight,
        });
        Self::Streamed(Streamed { incoming, source })
    }
}

impl Streamed {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut polled = Pin::new(&mut self.incoming).poll_frame(cx);
        if let (true, Some(source)) = (polled.is_pending(), &mut self.source) {
            source.link.drive(cx);
            polled = Pin::new(&mut self.incoming).poll_frame(cx);
        }
        let frame = ready!(polled);
        match &frame {
            Some(Ok(_)) if !self.incoming.is_end_stream() => {}
            Some(Err(_)) => self.source = None,
            Some(Ok(_)) | None => self.finish(cx),
        }
        Poll::Ready(frame)
    }

    /// The body has come to its end: the connection learns it and is kept.
    fn finish(&mut self, cx: &mut Context<'_>) {
        if let Some(Source {
            mut link, permit, ..
        }) = self.source.take()
        {
            link.drive(cx);
            permit.put(link);
        }
    }
}

impl Drop for Streamed {
    /// A body that is known to be empty is never polled.
    fn drop(&mut self) {
        if self.incoming.is_end_stream() {
            self.finish(&mut Context::from_waker(std::task::Waker::noop()));
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Streamed(streamed) => streamed.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(text) => text.is_none(),
            Self::Streamed(streamed) => streamed.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(text) => SizeHint::with_exact(
                text.as_ref()
                    .map_or(0, |text| u64::try_from(text.len()).unwrap_or(u64::MAX)),
            ),
            Self::Streamed(streamed) => streamed.incoming.size_hint(),
        }
    }
}

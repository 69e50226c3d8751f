//! The registry's news as the core's stream: a whole listing, then every change, and a new listing where changes were
//! missed.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use runtime_core::BackendEvent;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::registry::Registry;

/// What is to be delivered next.
struct Listening {
    registry: Arc<Registry>,
    /// Rest of a listing.
    listed: VecDeque<BackendEvent>,
    news: Option<Receiver<BackendEvent>>,
}

impl Listening {
    /// The next event.
    ///
    /// # Cancel safety
    /// Nothing is lost: an event is taken out only when it is returned.
    async fn next(&mut self) -> Option<BackendEvent> {
        loop {
            if let Some(event) = self.listed.pop_front() {
                return Some(event);
            }
            let Some(news) = &mut self.news else {
                self.list();
                continue;
            };
            match news.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "the core is behind, so everything is listed again");
                    self.news = None;
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn list(&mut self) {
        let (all, news) = self.registry.listen();
        self.news = Some(news);
        self.listed.push_back(BackendEvent::ResyncBegins);
        self.listed
            .extend(all.into_iter().map(BackendEvent::Exists));
        self.listed.push_back(BackendEvent::ResyncEnds);
    }
}

/// Everything that exists and then every change, until `stop`.
pub(crate) fn events(
    registry: Arc<Registry>,
    stop: CancellationToken,
) -> BoxStream<'static, BackendEvent> {
    let listening = Listening {
        registry,
        listed: VecDeque::new(),
        news: None,
    };
    stream::unfold(listening, |mut listening| async move {
        let event = listening.next().await?;
        Some((event, listening))
    })
    .take_until(stop.cancelled_owned())
    .boxed()
}

#[cfg(test)]
mod tests {
    use runtime_core::sandbox::DiskState;
    use runtime_core::{SandboxId, Seen};

    use super::*;

    #[tokio::test]
    async fn a_listener_that_was_too_slow_gets_a_new_listing() {
        let registry = Arc::new(Registry::new());
        let id: SandboxId = "abc".parse().unwrap();
        registry.found(&id, None, DiskState::Present);
        let mut events = events(Arc::clone(&registry), CancellationToken::new());
        assert_eq!(events.next().await, Some(BackendEvent::ResyncBegins));
        for _ in 0..3000 {
            registry.set_disk(&id, DiskState::Absent);
            registry.set_disk(&id, DiskState::Present);
        }
        registry.set_disk(&id, DiskState::Absent);
        let seen: Vec<BackendEvent> = events.by_ref().take(5).collect().await;
        let [
            first,
            BackendEvent::ResyncEnds,
            BackendEvent::ResyncBegins,
            again,
            BackendEvent::ResyncEnds,
        ] = seen.as_slice()
        else {
            panic!("{seen:?}");
        };
        let state = |event: &BackendEvent| match event {
            BackendEvent::Exists(sighting) => sighting.seen.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(state(first), Seen::Disk(DiskState::Present));
        assert_eq!(state(again), Seen::Disk(DiskState::Absent));
    }

    #[tokio::test]
    async fn the_stream_ends_with_the_backend() {
        let stop = CancellationToken::new();
        let events = events(Arc::new(Registry::new()), stop.clone());
        stop.cancel();
        assert!(events.collect::<Vec<_>>().await.len() <= 2);
    }
}

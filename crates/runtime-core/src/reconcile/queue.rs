//! Ids to look at: each at most once in the queue, never twice at the same time, some only later.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::monotonic;
use crate::ids::SandboxId;

/// The queue. Bounded by the number of sandboxes.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    ready: VecDeque<SandboxId>,
    later: BTreeSet<(Instant, SandboxId)>,
    places: HashMap<SandboxId, Place>,
}

/// Where an id is.
#[derive(Debug, Default)]
struct Place {
    ready: bool,
    later: Option<Instant>,
    /// It is being looked at.
    busy: bool,
    /// It was woken while it was being looked at.
    again: bool,
}

impl Queue {
    /// Wakes an id: it is looked at as soon as there is room.
    pub(crate) fn push(&self, id: &SandboxId) {
        self.lock().wake(id);
        self.changed.notify_one();
    }

    /// Wakes an id after a while, unless an earlier wake-up is set.
    pub(crate) fn push_after(&self, id: &SandboxId, wait: Duration) {
        self.lock().wake_at(id, monotonic() + wait);
        self.changed.notify_one();
    }

    /// The next id to look at. It must be given back with [`done`](Self::done).
    ///
    /// # Cancel safety
    /// A dropped call takes no id.
    pub(crate) async fn take(&self) -> SandboxId {
        loop {
            let next = {
                let mut inner = self.lock();
                inner.ripen(monotonic());
                if let Some(id) = inner.take_ready() {
                    // Whoever else waits may find more.
                    self.changed.notify_one();
                    return id;
                }
                inner.later.first().map(|(at, _)| *at)
            };
            match next {
                Some(at) => {
                    // Neither branch loses anything when it is dropped: both only mean *look again*.
                    tokio::select! { biased;
                        () = self.changed.notified() => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// Gives back an id that was looked at.
    pub(crate) fn done(&self, id: &SandboxId) {
        self.lock().done(id);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn wake(&mut self, id: &SandboxId) {
        let place = self.places.entry(id.clone()).or_default();
        if let Some(at) = place.later.take() {
            self.later.remove(&(at, id.clone()));
        }
        if place.busy {
            place.again = true;
        } else if !place.ready {
            place.ready = true;
            self.ready.push_back(id.clone());
        }
    }

    fn wake_at(&mut self, id: &SandboxId, at: Instant) {
        let place = self.places.entry(id.clone()).or_default();
        if place.ready || place.again || place.later.is_some_and(|earlier| earlier <= at) {
            return;
        }
        if let Some(later) = place.later.replace(at) {
            self.later.remove(&(later, id.clone()));
        }
        self.later.insert((at, id.clone()));
    }

    /// Wakes whose time has come.
    fn ripen(&mut self, now: Instant) {
        while let Some((at, _)) = self.later.first()
            && *at <= now
            && let Some((_, id)) = self.later.pop_first()
        {
            if let Some(place) = self.places.get_mut(&id) {
                place.later = None;
            }
            self.wake(&id);
        }
    }

    fn take_ready(&mut self) -> Option<SandboxId> {
        let id = self.ready.pop_front()?;
        if let Some(place) = self.places.get_mut(&id) {
            place.ready = false;
            place.busy = true;
        }
        Some(id)
    }

    fn done(&mut self, id: &SandboxId) {
        let Some(place) = self.places.get_mut(id) else {
            return;
        };
        place.busy = false;
        if std::mem::take(&mut place.again) {
            self.wake(id);
        } else if !place.ready && place.later.is_none() {
            self.places.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> SandboxId {
        name.parse().unwrap()
    }

    async fn nothing_comes(queue: &Queue) -> bool {
        tokio::time::timeout(Duration::from_millis(1), queue.take())
            .await
            .is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn an_id_stands_in_the_queue_once() {
        let queue = Queue::default();
        queue.push(&id("a"));
        queue.push(&id("a"));
        assert_eq!(queue.take().await, id("a"));
        queue.done(&id("a"));
        assert!(nothing_comes(&queue).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_id_that_is_woken_while_it_is_looked_at_comes_again_afterwards() {
        let queue = Queue::default();
        queue.push(&id("a"));
        assert_eq!(queue.take().await, id("a"));
        queue.push(&id("a"));
        assert!(
            nothing_comes(&queue).await,
            "it was given out twice at a time"
        );
        queue.done(&id("a"));
        assert_eq!(queue.take().await, id("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_wake_up_counts() {
        let queue = Queue::default();
        let begin = monotonic();
        queue.push_after(&id("a"), Duration::from_secs(5));
        queue.push_after(&id("a"), Duration::from_secs(1));
        queue.push_after(&id("a"), Duration::from_secs(9));
        assert_eq!(queue.take().await, id("a"));
        assert_eq!((monotonic() - begin).as_secs(), 1);
        queue.done(&id("a"));
        assert!(nothing_comes(&queue).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_up_in_time_replaces_the_later_one() {
        let queue = Queue::default();
        queue.push_after(&id("a"), Duration::from_secs(5));
        queue.push(&id("a"));
        assert_eq!(queue.take().await, id("a"));
        queue.done(&id("a"));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(nothing_comes(&queue).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_wake_up_set_during_a_look_is_kept() {
        let queue = Queue::default();
        queue.push(&id("a"));
        assert_eq!(queue.take().await, id("a"));
        queue.push_after(&id("a"), Duration::from_secs(1));
        queue.done(&id("a"));
        assert_eq!(queue.take().await, id("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn ids_that_are_done_leave_nothing_behind() {
        let queue = Queue::default();
        for name in ["a", "b", "c"] {
            queue.push(&id(name));
        }
        for _ in 0..3 {
            let id = queue.take().await;
            queue.done(&id);
        }
        let inner = queue.lock();
        assert!(inner.places.is_empty() && inner.ready.is_empty() && inner.later.is_empty());
    }
}

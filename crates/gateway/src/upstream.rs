//! Connections to sandboxes: bounded for each of them, and kept for the next request to the same boot.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use runtime_core::{Boot, SandboxId};

use crate::link::Link;
use crate::time::now;

/// How many connections without a request are kept for one sandbox.
const IDLE_LINKS: usize = 64;

/// The connections to all sandboxes.
pub(crate) struct Upstreams {
    limit: usize,
    idle: Duration,
    sandboxes: Mutex<HashMap<SandboxId, Arc<Upstream>>>,
}

/// The connections to one sandbox.
struct Upstream {
    in_flight: AtomicUsize,
    #[expect(
        clippy::vec_box,
        reason = "a link goes back and forth between here and a body, as one pointer"
    )]
    idle: Mutex<Vec<Box<Link>>>,
}

/// The right to one request or tunnel to a sandbox, until it is dropped.
pub(crate) struct Permit {
    upstream: Arc<Upstream>,
    idle: Duration,
}

impl Upstreams {
    /// No connections yet; at most `limit` requests at a time for each sandbox, connections kept for `idle`.
    pub(crate) fn new(limit: usize, idle: Duration) -> Self {
        Self {
            limit,
            idle,
            sandboxes: Mutex::default(),
        }
    }

    /// Admits one more request to the sandbox; none if it has as many as it may have.
    pub(crate) fn admit(&self, id: &SandboxId) -> Option<Permit> {
        let upstream = {
            let mut sandboxes = lock(&self.sandboxes);
            match sandboxes.get(id) {
                Some(upstream) => Arc::clone(upstream),
                None => Arc::clone(sandboxes.entry(id.clone()).or_insert_with(|| {
                    Arc::new(Upstream {
                        in_flight: AtomicUsize::new(0),
                        idle: Mutex::default(),
                    })
                })),
            }
        };
        let before = upstream.in_flight.fetch_add(1, Ordering::Relaxed);
        // From here on dropping the permit gives the place back, also where there was none.
        let permit = Permit {
            upstream,
            idle: self.idle,
        };
        (before < self.limit).then_some(permit)
    }

    /// Closes connections that had nothing to do for long or whose boot left, and forgets sandboxes without any.
    pub(crate) fn sweep(&self) {
        let now = now();
        lock(&self.sandboxes).retain(|_, upstream| {
            let mut idle = lock(&upstream.idle);
            idle.retain(|link| now - link.idle_since < self.idle && !link.left.is_cancelled());
            // Permits are made under the lock that is held here, so nobody else can have this one.
            !idle.is_empty() || Arc::strong_count(upstream) > 1
        });
    }
}

impl Permit {
    /// A connection to this boot at this address that waits for a request. One that led to another boot is never given,
    /// even where the address is the same.
    pub(crate) fn take(&self, boot: Boot, address: SocketAddr) -> Option<Box<Link>> {
        let mut idle = lock(&self.upstream.idle);
        loop {
            let newest = idle
                .iter()
                .rposition(|link| link.boot == boot && link.address == address)?;
            let link = idle.swap_remove(newest);
            if link.is_ready() && now() - link.idle_since < self.idle {
                return Some(link);
            }
        }
    }

    /// Keeps a connection for the next request, if it is still good for one.
    pub(crate) fn put(&self, mut link: Box<Link>) {
        if !link.is_ready() || link.left.is_cancelled() {
            return;
        }
        link.idle_since = now();
        let mut idle = lock(&self.upstream.idle);
        if idle.len() < IDLE_LINKS {
            idle.push(link);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.upstream.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Every change under these locks is one statement, so a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_has_a_bound_and_others_have_their_own() {
        let upstreams = Upstreams::new(2, Duration::from_secs(4));
        let (one, other) = ("one".parse().unwrap(), "other".parse().unwrap());
        let first = upstreams.admit(&one).unwrap();
        let _second = upstreams.admit(&one).unwrap();
        assert!(upstreams.admit(&one).is_none());
        assert!(
            upstreams.admit(&one).is_none(),
            "a refused one takes no place"
        );
        assert!(upstreams.admit(&other).is_some());
        drop(first);
        assert!(upstreams.admit(&one).is_some());
    }

    #[tokio::test]
    async fn a_sandbox_without_connections_is_forgotten() {
        let upstreams = Upstreams::new(2, Duration::from_secs(4));
        let id = "one".parse().unwrap();
        let permit = upstreams.admit(&id).unwrap();
        upstreams.sweep();
        assert_eq!(lock(&upstreams.sandboxes).len(), 1);
        drop(permit);
        upstreams.sweep();
        assert_eq!(lock(&upstreams.sandboxes).len(), 0);
    }
}

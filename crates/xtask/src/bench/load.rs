//! Several clients that ask at once, each on a connection of its own that is kept.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use super::connection::Connection;
use super::times::Times;
use crate::interrupt::Interrupt;

/// The longest that one load goes on.
const BOUND: Duration = Duration::from_secs(300);

/// What is asked, by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    /// Of all clients together.
    pub(crate) requests: usize,
    /// Every answer must have it.
    pub(crate) status: u16,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// To the head of the answer.
    pub(crate) first_byte: Times,
    /// To the end of the answer.
    pub(crate) whole: Times,
    /// All requests together.
    pub(crate) took: Duration,
    /// The largest body, in bytes.
    pub(crate) largest: usize,
}

impl Loaded {
    fn nothing() -> Result<Self> {
        Ok(Self {
            first_byte: Times::new()?,
            whole: Times::new()?,
            took: Duration::ZERO,
            largest: 0,
        })
    }
}

impl Load {
    /// Sends `request(n)` for each number below `requests`, whoever comes next.
    ///
    /// # Errors
    /// A connection broke, an answer had another status, or it took too long. The others end after their answer.
    pub(crate) fn run(
        self,
        url: &str,
        interrupt: &Interrupt,
        request: impl Fn(usize) -> Result<Vec<u8>> + Sync,
    ) -> Result<Loaded> {
        let (began, next) = (Instant::now(), AtomicUsize::new(0));
        let one = || {
            let mut connection = Connection::open(url)?;
            let mut done = Loaded::nothing()?;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= self.requests {
                    return Ok(done);
                }
                interrupt.check()?;
                ensure!(
                    began.elapsed() < BOUND,
                    "took longer than {} s",
                    BOUND.as_secs()
                );
                let answer = connection.send(&request(n)?)?;
                done.largest = done.largest.max(answer.expect(self.status)?.len());
                done.first_byte.record(answer.first_byte);
                done.whole.record(answer.whole);
            }
        };
        let one = || {
            let done = one();
            if done.is_err() {
                next.store(self.requests, Ordering::Relaxed);
            }
            done
        };
        let clients: Vec<Result<Loaded>> = thread::scope(|scope| {
            let running: Vec<_> = (0..self.clients).map(|_| scope.spawn(one)).collect();
            running
                .into_iter()
                .map(|client| {
                    client
                        .join()
                        .unwrap_or_else(|_| Err(anyhow!("a client panicked")))
                })
                .collect()
        });
        let mut all = Loaded::nothing()?;
        for client in clients {
            let client = client?;
            all.first_byte.add(&client.first_byte)?;
            all.whole.add(&client.whole)?;
            all.largest = all.largest.max(client.largest);
        }
        all.took = began.elapsed();
        Ok(all)
    }
}

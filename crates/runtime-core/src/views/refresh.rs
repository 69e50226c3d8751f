//! Many readers, one question to the store: a reader is served by any question that began after the reader came.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::store::{Cursor, StoreError};

#[derive(Debug, Default)]
pub(super) struct Refresh {
    /// Readers that have come.
    arrivals: AtomicU64,
    /// The place after the last answer, and up to which reader that answer serves.
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    cursor: Cursor,
    serves: u64,
}

impl Refresh {
    /// Asks with `ask`, unless somebody has asked since this call began.
    pub(super) async fn run(
        &self,
        ask: impl AsyncFnOnce(&Cursor) -> Result<Cursor, StoreError>,
    ) -> Result<(), StoreError> {
        let me = self.arrivals.fetch_add(1, Ordering::AcqRel) + 1;
        let mut last = self.last.lock().await;
        if last.serves >= me {
            return Ok(());
        }
        // Whoever has come by now is served by the question that begins here.
        let serves = self.arrivals.load(Ordering::Acquire);
        last.cursor = ask(&last.cursor).await?;
        last.serves = serves;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn waiting_readers_share_one_question_that_began_after_they_came() {
        let refresh = Arc::new(Refresh::default());
        let asked = Arc::new(AtomicU64::new(0));
        let (answer, wait) = tokio::sync::watch::channel(false);
        let readers = (0..100).map(|_| {
            let (refresh, asked, mut wait) =
                (Arc::clone(&refresh), Arc::clone(&asked), wait.clone());
            async move {
                refresh
                    .run(async |cursor| {
                        asked.fetch_add(1, Ordering::SeqCst);
                        wait.wait_for(|go| *go).await.unwrap();
                        Ok(cursor.clone())
                    })
                    .await
            }
        });
        let all = futures::future::join_all(readers);
        // The first reader's question began before the others came, so one more serves all of them.
        let release = async { answer.send(true).unwrap() };
        let (results, ()) = tokio::join!(all, release);
        assert!(results.iter().all(Result::is_ok));
        assert!(asked.load(Ordering::SeqCst) <= 2, "{asked:?} questions");
    }

    #[tokio::test]
    async fn a_failed_question_serves_nobody() {
        let refresh = Refresh::default();
        assert!(
            refresh
                .run(async |_| Err(StoreError::Closed))
                .await
                .is_err()
        );
        let mut asked = false;
        refresh
            .run(async |cursor| {
                asked = true;
                Ok(cursor.clone())
            })
            .await
            .unwrap();
        assert!(asked);
    }
}

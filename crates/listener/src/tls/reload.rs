//! New certificates are taken up while the server runs.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::chain::chain;
use crate::tls::{Tls, TlsError, pair};

impl Tls {
    /// Looks at the files every so often until `stop`, and takes up what is new in them. Their contents are looked at,
    /// not their times or inodes: so it does not matter whether they are written anew, renamed, or reached through a link
    /// that is changed, as Kubernetes changes secrets. A broken pair is logged once, and the one before is kept.
    ///
    /// # Cancel safety
    /// No look is lost that the next call does not make up for.
    pub async fn keep_current(self, every: Duration, stop: CancellationToken) {
        let mut judged = Judged {
            settled: self.fingerprint,
            doubted: None,
        };
        while stop
            .run_until_cancelled(tokio::time::sleep(every))
            .await
            .is_some()
        {
            self.look(&mut judged).await;
        }
    }

    async fn look(&self, judged: &mut Judged) {
        let read = pair::read(&self.files).await;
        let fingerprint = match &read {
            Ok(pair) => pair.fingerprint(),
            Err(error) => of_error(error),
        };
        if judged.is_known(fingerprint) {
            return;
        }
        let provider = self.config.crypto_provider();
        match read.and_then(|pair| pair.certified(&self.files, provider)) {
            Ok(certified) => {
                self.current.replace(certified);
                judged.settle(fingerprint);
                tracing::info!(cert_file = %self.files.cert_file.display(), "new certificate taken up");
            }
            Err(error) if judged.is_broken_twice(fingerprint) => {
                tracing::error!(
                    error = chain(&error),
                    "the new certificate cannot be used; the one before is kept"
                );
            }
            // Perhaps only one of the files is written yet.
            Err(_) => {}
        }
    }
}

/// What was made of the files so far.
#[derive(Debug)]
struct Judged {
    /// Taken up, or complained of.
    settled: u64,
    /// Broken when they were looked at the last time.
    doubted: Option<u64>,
}

impl Judged {
    fn is_known(&mut self, fingerprint: u64) -> bool {
        let is_known = self.settled == fingerprint;
        if is_known {
            self.doubted = None;
        }
        is_known
    }

    fn settle(&mut self, fingerprint: u64) {
        self.settled = fingerprint;
        self.doubted = None;
    }

    /// Whether what is broken was so before. Then that is settled.
    fn is_broken_twice(&mut self, fingerprint: u64) -> bool {
        let twice = self.doubted.replace(fingerprint) == Some(fingerprint);
        if twice {
            self.settle(fingerprint);
        }
        twice
    }
}

fn of_error(error: &TlsError) -> u64 {
    let mut hasher = DefaultHasher::new();
    chain(error).hash(&mut hasher);
    hasher.finish()
}

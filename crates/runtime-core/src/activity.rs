//! The newest activity per sandbox, gathered without a write per request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::ids::SandboxId;

/// Activity that was noted and not stored yet: at most one entry per sandbox.
#[derive(Debug, Default)]
pub(crate) struct Activity(Mutex<HashMap<SandboxId, Timestamp>>);

impl Activity {
    /// Notes that a client used the sandbox.
    pub(crate) fn note(&self, id: &SandboxId, now: Timestamp) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match noted.get_mut(id) {
            Some(at) => *at = now.max(*at),
            None => {
                noted.insert(id.clone(), now);
            }
        }
    }

    /// Takes what was noted since the last time.
    pub(crate) fn take(&self) -> Vec<(SandboxId, Timestamp)> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *noted).into_iter().collect()
    }

    /// Gives back what could not be stored; newer notes win.
    pub(crate) fn give_back(&self, seen: Vec<(SandboxId, Timestamp)>) {
        for (id, at) in seen {
            self.note(&id, at);
        }
    }
}

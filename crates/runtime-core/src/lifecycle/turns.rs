//! One start of a session at a time in this process. The database decides who is first; turns only spare it, and the
//! port range, a thousand attempts that are bound to lose.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::sync::{Mutex, MutexGuard};

use crate::ids::{SessionId, TenantId};

/// Sessions that share a turn by chance wait for each other; with this many turns that is rare.
const TURNS: usize = 256;

#[derive(Debug)]
pub(crate) struct Turns(Box<[Mutex<()>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    /// Waits for the turn of a session, which lasts until the guard is dropped.
    pub(super) async fn take(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        (tenant, session).hash(&mut hasher);
        let turns = u64::try_from(self.0.len()).unwrap_or(u64::MAX).max(1);
        let turn = usize::try_from(hasher.finish() % turns).unwrap_or_default();
        match self.0.get(turn) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }
}

//! The store together with the views that it feeds: whoever writes here is seen by readers and waiters at once.

use std::sync::Arc;

use crate::sandbox::{Event, Record};
use crate::store::{Admit, Inserted, Replacing, StateStore, StoreError, Updated};
use crate::views::Views;

#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) views: Views,
}

impl Records {
    /// Takes over what others wrote; see [`Views::refresh`].
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        self.views.refresh(self.store.as_ref()).await
    }

    /// [`StateStore::insert`].
    pub(crate) async fn insert(
        &self,
        new: &Record,
        events: &[Event],
        admit: Admit,
        replacing: Option<Replacing<'_>>,
    ) -> Result<Inserted, StoreError> {
        let closed = replacing.map(|replacing| replacing.closed);
        let inserted = self.store.insert(new, events, admit, replacing).await?;
        match &inserted {
            Inserted::Created => {
                if let Some(closed) = closed {
                    let mut stored = closed.clone();
                    stored.version = closed.version.next();
                    self.views.apply(stored.summary());
                }
                self.views.apply(new.summary());
            }
            Inserted::Exists(record) => self.views.apply(record.summary()),
            Inserted::OverQuota { .. } => {}
        }
        Ok(inserted)
    }

    /// [`StateStore::update`]; on success `next` carries the stored version.
    pub(crate) async fn update(
        &self,
        next: &mut Record,
        events: &[Event],
        admit: Admit,
    ) -> Result<Updated, StoreError> {
        let updated = self.store.update(next, events, admit).await?;
        match &updated {
            Updated::Yes(version) => {
                next.version = *version;
                self.views.apply(next.summary());
            }
            Updated::Stale(newer) => self.views.apply(newer.summary()),
            Updated::Missing | Updated::OverQuota { .. } => {}
        }
        Ok(updated)
    }
}

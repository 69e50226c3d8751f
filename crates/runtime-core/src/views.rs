//! What clients read: every unfinished sandbox, ready-made, kept exact by the store's changes.
//!
//! Reads never ask a backend. Each read first asks the store once for what changed ([`Views::refresh`]), so that it sees
//! every write that was acknowledged before it began, whichever process made it.

mod listing;
mod refresh;
mod table;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::ids::{SandboxId, SessionId, TenantId};
use crate::routes::Route;
use crate::sandbox::{Label, Service, Summary};
use crate::store::{StateStore, StoreError};

use refresh::Refresh;
use table::Table;

/// Writes a sandbox as clients see it. The core keeps the text and does not read it.
pub trait Render: fmt::Debug + Send + Sync {
    /// The text of one sandbox.
    fn render(&self, summary: &Summary) -> Arc<str>;

    /// The text of a part of a list, from the text of each sandbox in it; never asked for an empty part.
    fn part(&self, fragments: &[&str]) -> Arc<str>;
}

/// A tenant's live sandboxes as clients see them.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The texts of its parts, by [`Render::part`], in no particular order. Shared with other readers.
    pub parts: Vec<Fragment>,
    /// How many sandboxes are in them.
    pub total: usize,
}

/// A sandbox as clients see it.
#[derive(Debug, Clone)]
pub struct View {
    /// The stored facts.
    pub summary: Arc<Summary>,
    /// Their text, by [`Render`]. It holds the session key, so it is not for logs.
    pub fragment: Fragment,
}

/// Ready-made text for clients; Debug shows its length only.
#[derive(Clone)]
pub struct Fragment(Arc<str>);

impl Fragment {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, shared and not copied.
    pub fn to_shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fragment({} bytes)", self.0.len())
    }
}

/// Every sandbox that is not stopped, as clients and the gateway see it.
#[derive(Debug)]
pub(crate) struct Views {
    render: Arc<dyn Render>,
    table: RwLock<Table>,
    refresh: Refresh,
}

impl Views {
    pub(crate) fn new(render: Arc<dyn Render>) -> Self {
        Self {
            render,
            table: RwLock::new(Table::default()),
            refresh: Refresh::default(),
        }
    }

    /// Takes over what changed in the store before this call began.
    ///
    /// # Cancel safety
    /// Dropping the call loses nothing: the next one asks again from the same place.
    pub(crate) async fn refresh(&self, store: &dyn StateStore) -> Result<(), StoreError> {
        self.refresh
            .run(async |cursor| {
                let changes = store.changes(cursor).await?;
                for summary in changes.changed {
                    self.apply(summary);
                }
                Ok(changes.cursor)
            })
            .await
    }

    /// Takes over one sandbox. Older news than what is known changes nothing.
    pub(crate) fn apply(&self, summary: Summary) {
        if self.read(|table| table.knows(&summary.id, summary.version)) {
            return;
        }
        let view = self.view(summary);
        self.table
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .apply(view);
    }

    /// A view of a sandbox that is not kept here, such as a stopped one.
    pub(crate) fn view(&self, summary: Summary) -> View {
        let fragment = Fragment(self.render.render(&summary));
        View {
            summary: Arc::new(summary),
            fragment,
        }
    }

    pub(crate) fn get(&self, id: &SandboxId) -> Option<View> {
        self.read(|table| table.get(id))
    }

    pub(crate) fn open_of_session(&self, tenant: &TenantId, session: &SessionId) -> Option<View> {
        self.read(|table| table.open_of_session(tenant, session))
    }

    /// The tenant's live sandboxes. Only what changed since somebody asked is written anew.
    pub(crate) fn list(&self, tenant: &TenantId) -> List {
        self.read(|table| {
            let listing = table.listing(tenant)?;
            let (parts, total) = listing.read(|fragments| self.render.part(fragments));
            Some(List { parts, total })
        })
        .unwrap_or_default()
    }

    pub(crate) fn open_of_tenant(&self, tenant: &TenantId) -> Vec<View> {
        self.read(|table| table.open_of_tenant(tenant))
    }

    pub(crate) fn ids(&self) -> Vec<SandboxId> {
        self.read(Table::ids)
    }

    pub(crate) fn all(&self) -> Vec<View> {
        self.read(Table::all)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.read(Table::counts)
    }

    pub(crate) fn route(&self, label: &Label, service: Service) -> Option<Route> {
        self.read(|table| table.route(label, service))
    }

    /// News of one sandbox as it is applied; none when it is not kept here. The sender goes when it is stopped.
    pub(crate) fn subscribe(&self, id: &SandboxId) -> Option<watch::Receiver<View>> {
        self.read(|table| table.subscribe(id))
    }

    fn read<T>(&self, read: impl FnOnce(&Table) -> T) -> T {
        read(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many sandboxes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Not stopped.
    pub(crate) unfinished: usize,
    /// Live.
    pub(crate) live: usize,
}

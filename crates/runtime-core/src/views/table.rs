//! The views in memory, by id, session and label. Plain data: no lock, no clock, no waiting.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::listing::{Listing, PageNumber};
use super::{Counts, View};
use crate::ids::{Boot, SandboxId, SessionId, TenantId, Version};
use crate::routes::{Route, Standing};
use crate::sandbox::{Desired, Label, Phase, Service, State};

#[derive(Debug, Default)]
pub(super) struct Table {
    by_id: BTreeMap<SandboxId, Entry>,
    open: HashMap<(TenantId, SessionId), SandboxId>,
    by_label: HashMap<Label, SandboxId>,
    /// The live ones of each tenant.
    listings: HashMap<TenantId, Listing>,
}

#[derive(Debug)]
struct Entry {
    view: watch::Sender<View>,
    /// Where its tenant's list has it; none while it is not live.
    page: Option<PageNumber>,
    reachable: Reachable,
}

/// The boot that clients can reach, and the end of that.
#[derive(Debug, Default)]
struct Reachable {
    boot: Option<Boot>,
    left: CancellationToken,
}

impl Reachable {
    /// A boot that can no longer be reached takes its connections with it.
    fn follow(&mut self, boot: Option<Boot>) {
        if self.boot == boot {
            return;
        }
        if self.boot.is_some() {
            self.left.cancel();
            self.left = CancellationToken::new();
        }
        self.boot = boot;
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        self.left.cancel();
    }
}

impl Table {
    pub(super) fn knows(&self, id: &SandboxId, version: Version) -> bool {
        self.by_id
            .get(id)
            .is_some_and(|entry| entry.view.borrow().summary.version >= version)
    }

    /// Takes a view over, unless a newer one is known. A stopped sandbox is told to who waits for it and forgotten.
    pub(super) fn apply(&mut self, view: View) {
        let summary = view.summary.clone();
        if self.knows(&summary.id, summary.version) {
            return;
        }
        let session = (summary.tenant.clone(), summary.session.clone());
        if summary.state.is_open() {
            self.open.insert(session, summary.id.clone());
        } else if self.open.get(&session) == Some(&summary.id) {
            self.open.remove(&session);
        }
        let entry = self.by_id.entry(summary.id.clone()).or_insert_with(|| {
            self.by_label
                .insert(summary.label.clone(), summary.id.clone());
            Entry {
                view: watch::Sender::new(view.clone()),
                page: None,
                reachable: Reachable::default(),
            }
        });
        let listing = self.listings.entry(summary.tenant.clone()).or_default();
        if summary.state.is_live() {
            let page = listing.put(entry.page, &summary.id, view.fragment.clone());
            entry.page = Some(page);
        } else if let Some(page) = entry.page.take() {
            listing.remove(page, &summary.id);
        }
        entry.reachable.follow(reachable_boot(&summary.state));
        entry.view.send_replace(view);
        if summary.state.phase == Phase::Stopped {
            self.by_label.remove(&summary.label);
            self.by_id.remove(&summary.id);
        }
    }

    pub(super) fn get(&self, id: &SandboxId) -> Option<View> {
        self.by_id.get(id).map(|entry| entry.view.borrow().clone())
    }

    pub(super) fn open_of_session(&self, tenant: &TenantId, session: &SessionId) -> Option<View> {
        self.open
            .get(&(tenant.clone(), session.clone()))
            .and_then(|id| self.get(id))
    }

    pub(super) fn open_of_tenant(&self, tenant: &TenantId) -> Vec<View> {
        let views = self.by_id.values().map(|entry| entry.view.borrow());
        views
            .filter(|view| view.summary.tenant == *tenant && view.summary.state.is_open())
            .map(|view| view.clone())
            .collect()
    }

    /// The list of the tenant's live sandboxes; none before it had any.
    pub(super) fn listing(&self, tenant: &TenantId) -> Option<&Listing> {
        self.listings.get(tenant)
    }

    pub(super) fn ids(&self) -> Vec<SandboxId> {
        self.by_id.keys().cloned().collect()
    }

    pub(super) fn all(&self) -> Vec<View> {
        self.by_id
            .values()
            .map(|entry| entry.view.borrow().clone())
            .collect()
    }

    pub(super) fn counts(&self) -> Counts {
        let live = self
            .by_id
            .values()
            .filter(|entry| entry.view.borrow().summary.state.is_live())
            .count();
        Counts {
            unfinished: self.by_id.len(),
            live,
        }
    }

    pub(super) fn subscribe(&self, id: &SandboxId) -> Option<watch::Receiver<View>> {
        self.by_id.get(id).map(|entry| entry.view.subscribe())
    }

    pub(super) fn route(&self, label: &Label, service: Service) -> Option<Route> {
        let id = self.by_label.get(label)?;
        let entry = self.by_id.get(id)?;
        let view = entry.view.borrow();
        Some(Route {
            id: id.clone(),
            boot: view.summary.state.boot,
            standing: standing(&view.summary.state, service),
            left: entry.reachable.left.clone(),
        })
    }
}

/// The boot that requests may be sent to.
fn reachable_boot(state: &State) -> Option<Boot> {
    let wanted = state.intent.desired == Desired::Running && !state.failed_for_good();
    (wanted && state.endpoints.is_some()).then_some(state.boot)
}

/// What a request meets (contract §7.2).
pub(super) fn standing(state: &State, service: Service) -> Standing {
    let address = || {
        state
            .endpoints
            .as_ref()
            .and_then(|endpoints| endpoints.get(service))
    };
    match (state.intent.desired, state.phase) {
        (Desired::Stopped, _) => Standing::Stopped,
        _ if state.failed_for_good() => Standing::Failed,
        (Desired::Paused, _) => Standing::Paused,
        (Desired::Running, Phase::Running) => Standing::Running(address()),
        (Desired::Running, _) => Standing::Starting {
            ran: state.ran,
            address: address(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sandbox::Endpoints;
    use crate::sandbox::builders::record;
    use crate::views::Fragment;

    fn view(version: u64, edit: impl FnOnce(&mut State)) -> View {
        let mut record = record();
        record.version = Version(version);
        edit(&mut record.state);
        View {
            summary: Arc::new(record.summary()),
            fragment: Fragment("{}".into()),
        }
    }

    fn running(state: &mut State) {
        state.phase = Phase::Running;
        state.endpoints = Some(Endpoints::from_iter([(
            Service::Agent,
            "127.0.0.1:10000".parse().unwrap(),
        )]));
    }

    fn label() -> Label {
        "abc".parse().unwrap()
    }

    #[test]
    fn older_news_changes_nothing() {
        let mut table = Table::default();
        table.apply(view(2, running));
        table.apply(view(1, |_| {}));
        assert_eq!(
            table.get(&label()).unwrap().summary.state.phase,
            Phase::Running
        );
    }

    #[test]
    fn a_boot_that_leaves_takes_its_connections_with_it() {
        let mut table = Table::default();
        table.apply(view(1, running));
        let route = table.route(&label(), Service::Agent).unwrap();
        assert_eq!(
            route.standing,
            Standing::Running(Some("127.0.0.1:10000".parse().unwrap()))
        );
        table.apply(view(2, |state| {
            running(state);
            state.detail = Some("still the same boot".to_owned());
        }));
        assert!(!route.left.is_cancelled());
        table.apply(view(3, |state| {
            state.boot = state.boot.next();
            state.ran = true;
        }));
        assert!(route.left.is_cancelled());
        let route = table.route(&label(), Service::Agent).unwrap();
        assert_eq!(
            route.standing,
            Standing::Starting {
                ran: true,
                address: None
            }
        );
        assert!(!route.left.is_cancelled());
    }

    #[test]
    fn a_pause_that_was_accepted_ends_connections_at_once() {
        let mut table = Table::default();
        table.apply(view(1, running));
        let route = table.route(&label(), Service::Agent).unwrap();
        table.apply(view(2, |state| {
            running(state);
            state.intent.desired = Desired::Paused;
        }));
        assert!(route.left.is_cancelled());
        assert_eq!(
            table.route(&label(), Service::Agent).unwrap().standing,
            Standing::Paused
        );
    }

    #[test]
    fn a_session_is_free_when_its_sandbox_is_to_be_stopped_and_the_view_goes_when_it_is() {
        let mut table = Table::default();
        table.apply(view(1, running));
        let session = "session".parse().unwrap();
        let tenant = TenantId::default_tenant();
        assert!(table.open_of_session(&tenant, &session).is_some());
        table.apply(view(2, |state| {
            running(state);
            state.intent.desired = Desired::Stopped;
        }));
        assert!(table.open_of_session(&tenant, &session).is_none());
        assert_eq!(
            table.counts(),
            Counts {
                unfinished: 1,
                live: 0
            }
        );
        let news = table.subscribe(&label()).unwrap();
        table.apply(view(3, |state| {
            state.intent.desired = Desired::Stopped;
            state.phase = Phase::Stopped;
        }));
        assert_eq!(news.borrow().summary.state.phase, Phase::Stopped);
        assert!(table.get(&label()).is_none() && table.route(&label(), Service::Agent).is_none());
    }

    #[test]
    fn lists_show_live_sandboxes_of_the_tenant_only() {
        let mut table = Table::default();
        let (default, other) = (TenantId::default_tenant(), "other".parse().unwrap());
        let listed = |table: &Table, tenant| {
            table
                .listing(tenant)
                .map(|listing| listing.read(|texts| texts.concat().into()).1)
        };
        table.apply(view(1, running));
        assert_eq!(
            (listed(&table, &default), listed(&table, &other)),
            (Some(1), None)
        );
        table.apply(view(2, |state| state.intent.desired = Desired::Paused));
        assert_eq!(listed(&table, &default), Some(0));
        assert_eq!(table.open_of_tenant(&default).len(), 1);
        assert!(table.open_of_tenant(&other).is_empty());
        table.apply(view(3, running));
        assert_eq!(listed(&table, &default), Some(1));
        table.apply(view(4, |state| {
            state.intent.desired = Desired::Stopped;
            state.phase = Phase::Stopped;
        }));
        assert_eq!(listed(&table, &default), Some(0));
    }
}

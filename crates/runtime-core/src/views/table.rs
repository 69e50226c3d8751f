//! The views in memory, by id, session and label. Plain data: no lock, no clock, no waiting.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Counts, Fragment, View};
use crate::ids::{Boot, SandboxId, SessionId, TenantId, Version};
use crate::routes::{Route, Standing};
use crate::sandbox::{Desired, Label, Phase, Service, State};

#[derive(Debug, Default)]
pub(super) struct Table {
    by_id: BTreeMap<SandboxId, Entry>,
    open: HashMap<(TenantId, SessionId), SandboxId>,
    by_label: HashMap<Label, SandboxId>,
    /// Changes of each tenant's sandboxes.
    epochs: HashMap<TenantId, u64>,
}

#[derive(Debug)]
struct Entry {
    view: watch::Sender<View>,
    // What lists read, beside each other: a walk over 10,000 entries does not follow 30,000 pointers.
    tenant: TenantId,
    live: bool,
    fragment: Fragment,
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
        let tenant = self.changed(&summary.tenant);
        let entry = self.by_id.entry(summary.id.clone()).or_insert_with(|| {
            self.by_label
                .insert(summary.label.clone(), summary.id.clone());
            Entry {
                view: watch::Sender::new(view.clone()),
                tenant,
                live: false,
                fragment: view.fragment.clone(),
                reachable: Reachable::default(),
            }
        });
        entry.live = summary.state.is_live();
        entry.fragment = view.fragment.clone();
        entry.reachable.follow(reachable_boot(&summary.state));
        entry.view.send_replace(view);
        if summary.state.phase == Phase::Stopped {
            self.by_label.remove(&summary.label);
            self.by_id.remove(&summary.id);
        }
    }

    /// Counts a change of the tenant's sandboxes. Answers the one copy of its name that all entries share.
    fn changed(&mut self, tenant: &TenantId) -> TenantId {
        let known = self.epochs.get_key_value(tenant);
        let shared = known.map_or_else(|| tenant.clone(), |(shared, _)| shared.clone());
        *self.epochs.entry(shared.clone()).or_default() += 1;
        shared
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

    /// How often the tenant's sandboxes have changed.
    pub(super) fn epoch(&self, tenant: &TenantId) -> u64 {
        self.epochs.get(tenant).copied().unwrap_or_default()
    }

    /// The texts of the tenant's live sandboxes by id, and the epoch that they are of.
    pub(super) fn live_fragments(&self, tenant: &TenantId) -> (u64, Vec<Fragment>) {
        let mut fragments = Vec::with_capacity(self.by_id.len());
        let entries = self
            .by_id
            .values()
            .filter(|entry| entry.live && entry.tenant == *tenant);
        fragments.extend(entries.map(|entry| entry.fragment.clone()));
        (self.epoch(tenant), fragments)
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
        let listed = |table: &Table, tenant| table.live_fragments(tenant).1.len();
        table.apply(view(1, running));
        assert_eq!((listed(&table, &default), listed(&table, &other)), (1, 0));
        table.apply(view(2, |state| state.intent.desired = Desired::Paused));
        assert_eq!(listed(&table, &default), 0);
        assert_eq!(table.open_of_tenant(&default).len(), 1);
        assert!(table.open_of_tenant(&other).is_empty());
    }

    #[test]
    fn a_tenants_epoch_counts_the_changes_of_its_sandboxes() {
        let mut table = Table::default();
        let tenant = TenantId::default_tenant();
        assert_eq!(table.epoch(&tenant), 0);
        table.apply(view(2, running));
        table.apply(view(1, running));
        assert_eq!(table.epoch(&tenant), 1, "older news is no change");
        table.apply(view(3, |state| state.phase = Phase::Stopped));
        assert_eq!(table.epoch(&tenant), 2);
        assert_eq!(table.live_fragments(&tenant).0, 2);
    }
}

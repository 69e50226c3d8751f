//! A site with a backend, and short ways to act and to wait.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use runtime_core::sandbox::{BootState, DiskState, Identity};
use runtime_core::{
    BackendError, BackendEvent, Boot, Capabilities, ErrorClass, InstallationId, LaunchSpec,
    SandboxBackend, SandboxId, Seen, Sighting,
};

use super::platform::{Behaviour, Platform, Site};
use crate::builders::sealed;

/// Longest that a method of a backend may take (design §5).
const METHOD: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What a check of a backend acts on.
pub struct World {
    site: Box<dyn Site>,
    backend: Option<Arc<dyn SandboxBackend>>,
    patience: Duration,
}

/// What a watch has listed.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) boots: BTreeMap<(SandboxId, Boot), BootState>,
    pub(super) disks: BTreeMap<SandboxId, DiskState>,
    pub(super) sightings: Vec<Sighting>,
}

impl Listing {
    pub(super) fn boot(&self, id: &str, boot: u32) -> Option<&BootState> {
        self.boots.get(&(self::id(id), Boot(boot)))
    }

    fn add(&mut self, sighting: Sighting) {
        let id = sighting.id.clone();
        let twice = match sighting.seen.clone() {
            Seen::Boot(boot, state) => self.boots.insert((id, boot), state).is_some(),
            Seen::Disk(disk) => self.disks.insert(id, disk).is_some(),
        };
        assert!(!twice, "listed twice: {sighting:?}");
        self.sightings.push(sighting);
    }
}

pub(super) fn id(text: &str) -> SandboxId {
    text.parse().unwrap()
}

/// The answer of a method, which comes within 10 s.
pub(super) async fn within<T>(call: impl Future<Output = T>) -> T {
    let answer = tokio::time::timeout(METHOD, call).await;
    answer.unwrap_or_else(|_| panic!("a method took longer than {} s", METHOD.as_secs()))
}

pub(super) fn class<T: Debug>(answer: Result<T, BackendError>) -> ErrorClass {
    answer.expect_err("an error").class()
}

impl World {
    pub(super) async fn new(platform: &dyn Platform) -> Self {
        let site = platform.site().await;
        let backend = Some(site.open().await);
        Self {
            site,
            backend,
            patience: platform.patience(),
        }
    }

    /// Releases and erases whatever is there, then lets go of the backend.
    pub(super) async fn end(mut self) {
        self.open().await;
        let listing = self.list().await;
        for (id, boot) in listing.boots.keys() {
            within(self.backend().release(id, *boot)).await.unwrap();
        }
        for (id, boot) in listing.boots.keys() {
            self.gone(id.as_str(), boot.0).await;
        }
        let disks = listing.disks.into_keys();
        let boots = listing.boots.into_keys().map(|(id, _)| id);
        for id in disks.chain(boots).collect::<BTreeSet<_>>() {
            within(self.backend().erase(&id)).await.unwrap();
        }
        self.close().await;
    }

    pub(super) fn site(&self) -> &dyn Site {
        &*self.site
    }

    pub(super) fn backend(&self) -> &dyn SandboxBackend {
        self.backend.as_deref().expect("the backend is open")
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.backend().capabilities()
    }

    /// The server ends.
    pub(super) async fn close(&mut self) {
        if let Some(backend) = self.backend.take() {
            self.site.close(backend).await;
        }
    }

    /// The server begins.
    pub(super) async fn open(&mut self) {
        self.close().await;
        self.backend = Some(self.site.open().await);
    }

    pub(super) fn spec(&self, id: &str, boot: u32, behaviour: Behaviour) -> LaunchSpec {
        LaunchSpec {
            installation: self.site.installation(),
            identity: Identity {
                id: self::id(id),
                url: format!("http://{id}.example:8080"),
            },
            boot: Boot(boot),
            tenant: "default".parse().unwrap(),
            session: "a session / \u{e9}".parse().unwrap(),
            spec: Arc::new(self.site.spec(behaviour)),
            sealed: Arc::new(sealed()),
        }
    }

    pub(super) async fn launch(&self, id: &str, boot: u32, behaviour: Behaviour) {
        let spec = self.spec(id, boot, behaviour);
        within(self.backend().launch(&spec)).await.unwrap();
    }

    /// Launches and waits until the program has begun.
    pub(super) async fn up(&self, id: &str, boot: u32, behaviour: Behaviour) {
        self.launch(id, boot, behaviour).await;
        self.is_up(id, boot).await;
        self.starts(id, 1).await;
    }

    pub(super) async fn is_up(&self, id: &str, boot: u32) {
        self.state(id, boot, |state| {
            matches!(state, Some(BootState::Up { .. }))
        })
        .await;
    }

    pub(super) async fn release(&self, id: &str, boot: u32) {
        let id = self::id(id);
        within(self.backend().release(&id, Boot(boot)))
            .await
            .unwrap();
    }

    pub(super) async fn gone(&self, id: &str, boot: u32) {
        self.state(id, boot, |state| state.is_none()).await;
    }

    /// Code and last lines of a boot that ended.
    pub(super) async fn exit(&self, id: &str, boot: u32) -> (Option<i32>, String) {
        let exited = |state: Option<&BootState>| matches!(state, Some(BootState::Exited { .. }));
        match self.state(id, boot, exited).await {
            Some(BootState::Exited { code, log_tail, .. }) => (code, log_tail),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a state of a boot; none is *gone*. Each look is a new listing.
    pub(super) async fn state(
        &self,
        id: &str,
        boot: u32,
        wanted: impl Fn(Option<&BootState>) -> bool,
    ) -> Option<BootState> {
        let look = async || {
            let state = self.list().await.boot(id, boot).cloned();
            if wanted(state.as_ref()) {
                Ok(state)
            } else {
                Err(format!("boot {boot} of {id} is {state:?}"))
            }
        };
        self.wait(look).await
    }

    pub(super) async fn disk(&self, id: &str, wanted: Option<DiskState>) {
        let look = async || {
            let disk = self.list().await.disks.get(&self::id(id)).copied();
            if disk == wanted {
                Ok(())
            } else {
                Err(format!("the disk of {id} is {disk:?}"))
            }
        };
        self.wait(look).await;
    }

    /// Waits until as many programs have begun in a workspace.
    pub(super) async fn starts(&self, id: &str, at_least: usize) -> usize {
        let look = async || {
            let noted = self.site.read(&self::id(id), "starts").await;
            let starts = noted.unwrap_or_default().lines().count();
            if starts >= at_least {
                Ok(starts)
            } else {
                Err(format!("{starts} programs have begun in {id}"))
            }
        };
        self.wait(look).await
    }

    /// Waits until `look` finds something, and fails with what it saw last.
    pub(super) async fn wait<T>(&self, look: impl AsyncFn() -> Result<T, String>) -> T {
        let mut last = String::new();
        let waited = async {
            loop {
                match look().await {
                    Ok(found) => return found,
                    Err(seen) => last = seen,
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        match tokio::time::timeout(self.patience, waited).await {
            Ok(found) => found,
            Err(_) => panic!("waited too long; at last {last}"),
        }
    }

    /// Everything that a new watch lists.
    pub(super) async fn list(&self) -> Listing {
        self.list_of(self.backend()).await
    }

    pub(super) async fn list_of(&self, backend: &dyn SandboxBackend) -> Listing {
        let mut events = backend.watch();
        self.listed(&mut events).await
    }

    /// A listing from its beginning to its end.
    pub(super) async fn listed(&self, events: &mut BoxStream<'static, BackendEvent>) -> Listing {
        let mut listing = None;
        loop {
            match self.next(events).await {
                BackendEvent::ResyncBegins => listing = Some(Listing::default()),
                BackendEvent::Exists(sighting) => {
                    let listing = listing
                        .as_mut()
                        .expect("a listing begins with its beginning");
                    listing.add(sighting);
                }
                BackendEvent::ResyncEnds => {
                    return listing.expect("a listing begins with its beginning");
                }
                BackendEvent::Lost if listing.is_none() => {}
                other => panic!("in a listing: {other:?}"),
            }
        }
    }

    /// The next news.
    pub(super) async fn next(&self, events: &mut BoxStream<'static, BackendEvent>) -> BackendEvent {
        let next = tokio::time::timeout(self.patience, events.next()).await;
        next.expect("news within the platform's patience")
            .expect("the stream goes on")
    }

    /// A backend of another installation that sees this place.
    pub(super) async fn stranger(&self) -> (InstallationId, Arc<dyn SandboxBackend>) {
        let stranger = InstallationId(uuid::Uuid::from_u128(1));
        (stranger, self.site.open_as(stranger).await)
    }
}

impl Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("installation", &self.site.installation())
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}

//! The core's `Images`: what was found is remembered for a while, and who asks for the same at once shares one answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::Expiry;
use moka::future::Cache;
use runtime_core::sandbox::ImageRef;
use runtime_core::{Clock, ImageError, ImageFacts, Images, SystemClock};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::exchange::{Connector, default_port};
use crate::look_up::look_up;
use crate::reference::Reference;
use crate::settings::RegistrySettings;
use crate::tls::{self, SetupError};
use crate::trouble::Trouble;

/// Images that are remembered; a few hundred bytes each.
const REMEMBERED: u64 = 10_000;
/// Look-ups at a time; the others wait for their turn within their own bound.
const AT_ONCE: usize = 32;

/// Images of any registry.
pub struct ImageRegistry {
    settings: RegistrySettings,
    connector: Connector,
    clock: Arc<dyn Clock>,
    turns: Semaphore,
    /// None: there is no such image. Errors are not remembered.
    found: Cache<Reference, Option<ImageFacts>>,
}

impl ImageRegistry {
    /// Reads the certificates; asks nobody yet.
    ///
    /// # Errors
    /// [`SetupError`] when they cannot be used.
    pub fn new(settings: RegistrySettings) -> Result<Self, SetupError> {
        let found = Cache::builder()
            .max_capacity(REMEMBERED)
            .expire_after(Remember {
                present: settings.remember,
                absent: settings.remember_absent,
            })
            .build();
        Ok(Self {
            connector: Connector {
                tls: tls::client(settings.ca_file.as_deref())?,
                bound: settings.connect,
            },
            clock: Arc::new(SystemClock),
            turns: Semaphore::new(AT_ONCE),
            found,
            settings,
        })
    }

    fn may_ask(&self, reference: &Reference) -> bool {
        let port = reference.port.unwrap_or(default_port(true));
        self.settings.hosts.is_empty()
            || self
                .settings
                .hosts
                .iter()
                .any(|pattern| pattern.holds(&reference.host, port))
    }

    async fn ask(&self, reference: &Reference) -> Result<Option<ImageFacts>, Trouble> {
        let bound = self.settings.bound;
        let asked = async {
            // Never closed; were it, the look-up would go on unbounded in number, not in time.
            let _turn = self.turns.acquire().await.ok();
            let mut access = Access::new(
                &self.connector,
                &self.settings.insecure,
                self.settings.docker_config.as_deref(),
                reference,
            );
            let now = self.clock.now();
            look_up(
                &mut access,
                &reference.version,
                &self.settings.architecture,
                now,
            )
            .await
        };
        let answer = tokio::time::timeout(bound, asked)
            .await
            .unwrap_or_else(|_elapsed| Err(Trouble::Late(bound)));
        match answer {
            Ok(facts) => Ok(Some(facts)),
            Err(Trouble::Absent) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

#[async_trait]
impl Images for ImageRegistry {
    async fn look_up(&self, image: &ImageRef) -> Result<Option<ImageFacts>, ImageError> {
        // What is no reference names no image.
        let Some(reference) = Reference::parse(image.as_str()).filter(|it| self.may_ask(it)) else {
            return Ok(None);
        };
        let key = reference.clone();
        self.found
            .try_get_with(key, Box::pin(self.ask(&reference)))
            .await
            .map_err(|trouble| ImageError {
                image: reference.to_string(),
                advice: trouble.advice(),
                source: Box::new(trouble),
            })
    }
}

impl fmt::Debug for ImageRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageRegistry")
            .field("settings", &self.settings)
            .field("remembered", &self.found.entry_count())
            .finish_non_exhaustive()
    }
}

/// What is there stays longer than what is not.
struct Remember {
    present: Duration,
    absent: Duration,
}

impl Expiry<Reference, Option<ImageFacts>> for Remember {
    #[expect(
        clippy::disallowed_types,
        reason = "the trait of the cache is written so"
    )]
    fn expire_after_create(
        &self,
        _image: &Reference,
        found: &Option<ImageFacts>,
        _now: std::time::Instant,
    ) -> Option<Duration> {
        Some(if found.is_some() {
            self.present
        } else {
            self.absent
        })
    }
}

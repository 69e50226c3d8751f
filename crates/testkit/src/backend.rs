//! What every [`SandboxBackend`](runtime_core::SandboxBackend) must pass.

mod erasing;
mod freezing;
mod launching;
mod logs;
mod platform;
mod promises;
mod refusing;
mod releasing;
mod restarting;
mod watching;
mod world;

use std::sync::Arc;

use libtest_mimic::Trial;
use runtime_core::Capabilities;

pub use platform::{Behaviour, Platform, Site};
pub use world::World;

use crate::check::{self, Check};

/// Every check of backends on this platform, by what they can do. Each is given a site of its own.
pub fn checks(capabilities: Capabilities) -> Vec<Check<dyn Platform>> {
    promises::checks(capabilities)
}

/// The checks as trials for [`run`](crate::run). One backend is made to ask it what it can do.
///
/// # Panics
/// When none can be made.
pub fn trials(platform: impl Platform) -> Vec<Trial> {
    let platform: Arc<dyn Platform> = Arc::new(platform);
    let capabilities = check::runtime().unwrap().block_on(async {
        let site = platform.site().await;
        let backend = site.open().await;
        let capabilities = backend.capabilities();
        site.close(backend).await;
        capabilities
    });
    check::trials(&platform, checks(capabilities))
}

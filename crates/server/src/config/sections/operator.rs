//! `[operator]`: metrics and health.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::config::catalogue::{Key, Section};
use crate::config::checks::Checks;
use crate::config::values::maybe_written;

pub(super) const SECTION: Section = Section {
    name: "operator",
    is_list: false,
    about: "Metrics and health for operators.",
    keys: &[
        Key::of::<SocketAddr>("listen", "Where they are served, without keys.")
            .unset(
                "`127.0.0.1:9001`, or any port where that is taken",
                "\"127.0.0.1:9001\"",
            )
            .flag("--operator-listen"),
    ],
};

/// The operator's listener.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Operator {
    /// None: the default port, or any where that is taken.
    #[serde(with = "maybe_written")]
    pub(crate) listen: Option<SocketAddr>,
}

impl Operator {
    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        if self.listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            checks.warning(
                "operator.listen",
                "is reachable from other machines: metrics and health are served without keys",
            );
        }
    }
}

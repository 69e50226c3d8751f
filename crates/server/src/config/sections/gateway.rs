//! `[gateway]`: the way to sandboxes.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::catalogue::{Key, Section};
use crate::config::checks::Checks;
use crate::config::values::written;

pub(super) const SECTION: Section = Section {
    name: "gateway",
    is_list: false,
    about: "The way to sandboxes.",
    keys: &[
        Key::of::<IpAddr>("listen", "Where sandboxes are reached."),
        Key::of::<String>("public_host", "The host in the URLs that clients get.").unset(
            "`gateway.listen`, unless that is 0.0.0.0 or ::",
            "\"sandboxes.example.org\"",
        ),
        Key::of::<RangeInclusive<u16>>(
            "ports",
            "A port for each sandbox, stable for its life; four with `service_ports`.",
        ),
        Key::of::<bool>(
            "service_ports",
            "Whether VS Code and the two web applications of a sandbox get ports, too.",
        ),
        Key::of::<Duration>(
            "hold",
            "For how long a request waits for a sandbox that comes back by itself.",
        ),
        Key::of::<Duration>("connect", "For how long connecting to a sandbox may take."),
        Key::of::<Duration>(
            "first_byte",
            "For how long a sandbox may think before the first byte of its answer.",
        ),
        Key::of::<usize>(
            "connections_per_sandbox",
            "Requests and tunnels of one sandbox at once.",
        ),
    ],
};

/// The gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gateway {
    #[serde(with = "written")]
    pub(crate) listen: IpAddr,
    pub(crate) public_host: Option<String>,
    #[serde(with = "written")]
    pub(crate) ports: RangeInclusive<u16>,
    pub(crate) service_ports: bool,
    #[serde(with = "written")]
    pub(crate) hold: Duration,
    #[serde(with = "written")]
    pub(crate) connect: Duration,
    #[serde(with = "written")]
    pub(crate) first_byte: Duration,
    pub(crate) connections_per_sandbox: usize,
}

impl Default for Gateway {
    fn default() -> Self {
        let gateway = gateway::GatewaySettings::default();
        Self {
            listen: gateway.listen,
            public_host: None,
            ports: gateway.ports,
            service_ports: gateway.service_ports,
            hold: gateway.hold,
            connect: gateway.connect,
            first_byte: gateway.first_byte,
            connections_per_sandbox: gateway.connections_per_sandbox,
        }
    }
}

impl Gateway {
    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        if self.listen.is_unspecified() && self.public_host.is_none() {
            checks.mistake(
                "gateway.public_host",
                "must be set when `gateway.listen` stands for every address: clients get it in their URLs",
            );
        }
    }
}

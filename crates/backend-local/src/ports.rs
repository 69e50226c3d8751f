//! Ports for boots: four each, from the range of the settings, held from launch until the boot is gone.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use runtime_core::Entropy;
use runtime_core::sandbox::{Endpoints, Service, ServicePorts};

/// Agent, VS Code and two web applications.
pub(crate) const PORTS_PER_BOOT: usize = 4;

/// All ports of the range are held by boots or used by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsedUp;

/// The range and what is held of it.
#[derive(Debug)]
pub(crate) struct PortRange {
    range: RangeInclusive<u16>,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    ports: BTreeSet<u16>,
    /// Where the next search begins: a port that was just given back may still be known to somebody.
    next: u16,
}

impl PortRange {
    /// The first search begins anywhere, so that two servers of one machine rarely want the same.
    pub(crate) fn new(range: RangeInclusive<u16>, entropy: &dyn Entropy) -> Self {
        let length = u64::from(range.end().saturating_sub(*range.start())) + 1;
        let offset = u16::try_from(entropy.number() % length).unwrap_or_default();
        let next = range.start().saturating_add(offset);
        Self {
            range,
            held: Mutex::new(Held {
                ports: BTreeSet::new(),
                next,
            }),
        }
    }

    /// Four ports that nobody listens on now, held until they are given back.
    pub(crate) fn take(&self) -> Result<ServicePorts, UsedUp> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let candidates = (held.next..=*self.range.end()).chain(*self.range.start()..held.next);
        let found: Vec<u16> = candidates
            .filter(|port| !held.ports.contains(port) && is_free(*port))
            .take(PORTS_PER_BOOT)
            .collect();
        let [agent, vscode, work_1, work_2] = found.as_slice() else {
            return Err(UsedUp);
        };
        let after = work_2.saturating_add(1);
        held.next = if self.range.contains(&after) {
            after
        } else {
            *self.range.start()
        };
        let ports = ServicePorts {
            agent: *agent,
            vscode: *vscode,
            work_1: *work_1,
            work_2: *work_2,
        };
        held.ports.extend(each(&ports));
        Ok(ports)
    }

    /// Holds the ports of a boot that was found.
    pub(crate) fn hold(&self, ports: &ServicePorts) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.ports.extend(each(ports));
    }

    /// Gives ports back.
    pub(crate) fn give_back(&self, ports: &ServicePorts) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for port in each(ports) {
            held.ports.remove(&port);
        }
    }
}

fn each(ports: &ServicePorts) -> [u16; PORTS_PER_BOOT] {
    Service::ALL.map(|service| ports.get(service))
}

/// Whether nobody listens on this port of loopback, or of all addresses.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Where the services of a boot listen.
pub(crate) fn endpoints(ports: &ServicePorts) -> Endpoints {
    Service::ALL
        .into_iter()
        .map(|service| {
            (
                service,
                SocketAddr::from((Ipv4Addr::LOCALHOST, ports.get(service))),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use runtime_core::SystemEntropy;

    use super::*;

    /// Eight ports of which the first is used by somebody else, for as long as the listener lives.
    fn eight_ports() -> (TcpListener, RangeInclusive<u16>) {
        loop {
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            let first = taken.local_addr().unwrap().port();
            if first < 65000 && (first + 1..=first + 8).all(is_free) {
                return (taken, first..=first + 8);
            }
        }
    }

    #[test]
    fn a_port_that_somebody_uses_is_passed_over() {
        let (taken, range) = eight_ports();
        let ports = PortRange::new(range, &SystemEntropy);
        let (one, two) = (ports.take().unwrap(), ports.take().unwrap());
        let all: BTreeSet<u16> = each(&one).into_iter().chain(each(&two)).collect();
        assert_eq!(all.len(), 8);
        assert!(!all.contains(&taken.local_addr().unwrap().port()));
        assert_eq!(ports.take(), Err(UsedUp));
        ports.give_back(&one);
        ports.hold(&one);
        assert_eq!(ports.take(), Err(UsedUp));
        ports.give_back(&one);
        assert!(ports.take().is_ok());
    }
}

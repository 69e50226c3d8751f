//! Port mode: every sandbox has ports of its own, and keeps them for its life.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use runtime_core::sandbox::{GatewayPorts, Label, Service};
use runtime_core::{AddressError, Addresses, Endpoint};
use tokio::time::sleep;

use crate::gateway::Shared;
use crate::listener::{self, Door, at};
use crate::ports::PortTable;
use crate::target::Target;

/// The configuration key of the range, for messages.
const RANGE_SETTING: &str = "gateway.ports";
/// How often a port that another program has is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The gateway's doors and who has them.
#[derive(Clone)]
pub(crate) struct PortDoors {
    shared: Arc<Shared>,
    table: Arc<Mutex<PortTable<DoorState>>>,
}

/// The listener of a port.
#[derive(Debug)]
enum DoorState {
    /// It listens.
    Open(Arc<Door>),
    /// Another program has the port; it is tried again.
    Taken,
}

impl PortDoors {
    /// No door is open yet.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let table = PortTable::new(shared.settings.ports.clone());
        Self {
            shared,
            table: Arc::new(Mutex::new(table)),
        }
    }

    /// Every change under this lock leaves the table whole, so a panic elsewhere does no harm to it.
    fn table(&self) -> MutexGuard<'_, PortTable<DoorState>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn services(&self) -> &'static [Service] {
        if self.shared.settings.service_ports {
            &Service::ALL
        } else {
            &[Service::Agent]
        }
    }

    fn reserve_one(
        &self,
        table: &mut PortTable<DoorState>,
        label: &Label,
        service: Service,
    ) -> Option<u16> {
        let target = Target {
            label: label.clone(),
            service,
        };
        let fresh = table.take_fresh(label, |port| match self.open(port, &target) {
            Ok(door) => Some(DoorState::Open(door)),
            Err(error) => {
                if error.kind() != ErrorKind::AddrInUse {
                    tracing::warn!(port, %error, "cannot open a gateway port");
                }
                None
            }
        });
        if fresh.is_some() {
            return fresh;
        }
        let (port, door) = table.take_released(label)?;
        if let DoorState::Open(door) = door {
            door.lead_to(target);
        }
        Some(port)
    }

    /// Listens on a port, and serves it from now on.
    fn open(&self, port: u16, target: &Target) -> std::io::Result<Arc<Door>> {
        let listener = listener::bind(at(self.shared.settings.listen, port))?;
        let door = Door::new(target.clone());
        let served = listener::serve(listener, Arc::clone(&door), Arc::clone(&self.shared));
        self.shared.doors.spawn_on(served, &self.shared.runtime);
        Ok(door)
    }

    fn restore_one(&self, label: &Label, service: Service, port: u16) {
        let target = Target {
            label: label.clone(),
            service,
        };
        let mut table = self.table();
        if let Some(entry) = table.get_mut(port) {
            match (&entry.owner, &entry.door) {
                (Some(owner), _) if owner == label => return,
                (Some(owner), _) => {
                    tracing::error!(port, sandbox.id = %label, %owner, "a gateway port belongs to two sandboxes");
                    return;
                }
                (None, DoorState::Open(door)) => {
                    let door = Arc::clone(door);
                    door.lead_to(target);
                    table.insert(port, label, DoorState::Open(door));
                    return;
                }
                (None, DoorState::Taken) => {}
            }
        }
        match self.open(port, &target) {
            Ok(door) => table.insert(port, label, DoorState::Open(door)),
            Err(error) => {
                tracing::warn!(port, sandbox.id = %label, %error, "cannot open a sandbox's gateway port; trying on");
                table.insert(port, label, DoorState::Taken);
                drop(table);
                let doors = self.clone();
                self.shared.doors.spawn_on(
                    async move { doors.open_when_free(port, target).await },
                    &self.shared.runtime,
                );
            }
        }
    }

    /// Tries until the port is open, or nobody wants it any more.
    async fn open_when_free(self, port: u16, target: Target) {
        loop {
            tokio::select! {
                () = sleep(RETRY) => {}
                () = self.shared.stop.cancelled() => return,
            }
            let mut table = self.table();
            let Some(entry) = table.get_mut(port) else {
                return;
            };
            let is_wanted = entry.owner.as_ref() == Some(&target.label);
            if !is_wanted || matches!(entry.door, DoorState::Open(_)) {
                return;
            }
            if let Ok(door) = self.open(port, &target) {
                entry.door = DoorState::Open(door);
                tracing::info!(port, sandbox.id = %target.label, "opened a sandbox's gateway port");
                return;
            }
        }
    }

    fn release_one(&self, table: &mut PortTable<DoorState>, label: &Label, port: u16) {
        if table.release(port, label)
            && matches!(table.get(port), Some(entry) if matches!(entry.door, DoorState::Taken))
        {
            table.forget(port);
        }
    }
}

impl Addresses for PortDoors {
    fn reserve(&self, label: &Label) -> Result<GatewayPorts, AddressError> {
        let mut table = self.table();
        let mut ports = GatewayPorts::new();
        for service in self.services() {
            if let Some(port) = self.reserve_one(&mut table, label, *service) {
                ports.insert(*service, port);
                continue;
            }
            for port in ports.values() {
                self.release_one(&mut table, label, *port);
            }
            let range = &self.shared.settings.ports;
            return Err(AddressError::Exhausted {
                range: format!("{}-{}", range.start(), range.end()),
                setting: RANGE_SETTING,
            });
        }
        Ok(ports)
    }

    fn restore(&self, label: &Label, ports: &GatewayPorts) {
        for (service, port) in ports {
            self.restore_one(label, *service, *port);
        }
    }

    fn release(&self, label: &Label, ports: &GatewayPorts) {
        let mut table = self.table();
        for port in ports.values() {
            self.release_one(&mut table, label, *port);
        }
    }

    fn public(&self, _label: &Label, ports: &GatewayPorts, service: Service) -> Option<Endpoint> {
        let port = ports.get(&service)?;
        let host = &self.shared.settings.public_host;
        Some(Endpoint::new(&format!("http://{host}:{port}")))
    }

    fn trouble(&self, ports: &GatewayPorts) -> Option<String> {
        let table = self.table();
        let is_taken = |port: &u16| matches!(table.get(*port), Some(entry) if matches!(entry.door, DoorState::Taken));
        let port = ports.values().copied().find(is_taken)?;
        Some(format!("gateway port {port} is in use by another program"))
    }
}

impl fmt::Debug for PortDoors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortDoors")
            .field("ports", &self.shared.settings.ports)
            .finish_non_exhaustive()
    }
}

//! What happens to a request, by where the sandbox is (contract §7.2). A table without I/O.

use std::net::SocketAddr;

use runtime_core::Standing;

use crate::reply::Refusal;
use crate::target::Kind;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It goes there.
    Forward(SocketAddr),
    /// It waits until the sandbox is back.
    Hold,
    /// We answer it.
    Refuse(Refusal),
}

/// Decides for a request of `kind` to a sandbox that stands so.
///
/// A 503 means *paused* and nothing else, because clients resume at one. A running sandbox whose service has no address
/// is a 502, not a 404: clients take a 404 for the end of the sandbox. Probes are never held: who asks whether a sandbox
/// answers wants to know it now, and the server itself asks this way before it says that the sandbox runs.
pub(crate) fn decide(standing: Standing, kind: Kind) -> Decision {
    match (standing, kind) {
        (Standing::Running(Some(address)), _) => Decision::Forward(address),
        (Standing::Running(None), _) => Decision::Refuse(Refusal::NoService),
        (Standing::Starting { ran: true, .. }, Kind::Ordinary) => Decision::Hold,
        (
            Standing::Starting {
                address: Some(address),
                ..
            },
            _,
        ) => Decision::Forward(address),
        (Standing::Starting { address: None, .. }, _) => Decision::Refuse(Refusal::Starting),
        (Standing::Paused, _) => Decision::Refuse(Refusal::Paused),
        (Standing::Failed, _) => Decision::Refuse(Refusal::Failed),
        (Standing::Stopped, _) => Decision::Refuse(Refusal::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Forward, Hold, Refuse};
    use Kind::{Ordinary, Probe};

    fn starting(ran: bool, address: Option<SocketAddr>) -> Standing {
        Standing::Starting { ran, address }
    }

    #[test]
    fn the_table_of_contract_7_2() {
        let at: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let rows = [
            ("runs", Standing::Running(Some(at)), Ordinary, Forward(at)),
            ("runs", Standing::Running(Some(at)), Probe, Forward(at)),
            (
                "runs without this service",
                Standing::Running(None),
                Ordinary,
                Refuse(Refusal::NoService),
            ),
            (
                "first start, nowhere yet",
                starting(false, None),
                Ordinary,
                Refuse(Refusal::Starting),
            ),
            (
                "first start, nowhere yet",
                starting(false, None),
                Probe,
                Refuse(Refusal::Starting),
            ),
            (
                "first start, perhaps up",
                starting(false, Some(at)),
                Ordinary,
                Forward(at),
            ),
            (
                "first start, perhaps up",
                starting(false, Some(at)),
                Probe,
                Forward(at),
            ),
            ("comes back", starting(true, None), Ordinary, Hold),
            (
                "comes back, perhaps up",
                starting(true, Some(at)),
                Ordinary,
                Hold,
            ),
            (
                "comes back",
                starting(true, None),
                Probe,
                Refuse(Refusal::Starting),
            ),
            (
                "comes back, perhaps up",
                starting(true, Some(at)),
                Probe,
                Forward(at),
            ),
            (
                "paused",
                Standing::Paused,
                Ordinary,
                Refuse(Refusal::Paused),
            ),
            ("paused", Standing::Paused, Probe, Refuse(Refusal::Paused)),
            (
                "failed",
                Standing::Failed,
                Ordinary,
                Refuse(Refusal::Failed),
            ),
            (
                "stopped",
                Standing::Stopped,
                Ordinary,
                Refuse(Refusal::Unknown),
            ),
        ];
        for (why, standing, kind, expected) in rows {
            assert_eq!(decide(standing, kind), expected, "{why}, {kind:?}");
        }
    }
}

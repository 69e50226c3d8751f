//! What the gateway counts. Never by sandbox: ids make too many series.

use metrics::{Counter, Gauge, counter, gauge};

use crate::reply::Refusal;

/// Counters and gauges, looked up once, because a look-up per request would show.
pub(crate) struct Metrics {
    forwarded: Counter,
    upgraded: Counter,
    in_flight: Gauge,
    tunnels: Gauge,
}

/// Raises a gauge until it is dropped.
pub(crate) struct InFlight(Gauge);

impl Metrics {
    /// Looks them up in the recorder that is installed now.
    pub(crate) fn new() -> Self {
        Self {
            forwarded: counter!("gateway_requests_total", "result" => "forwarded"),
            upgraded: counter!("gateway_requests_total", "result" => "upgraded"),
            in_flight: gauge!("gateway_requests_in_flight"),
            tunnels: gauge!("gateway_tunnels"),
        }
    }

    /// A sandbox answered.
    pub(crate) fn forwarded(&self) {
        self.forwarded.increment(1);
    }

    /// A sandbox agreed to switch protocols.
    pub(crate) fn upgraded(&self) {
        self.upgraded.increment(1);
    }

    /// We answered.
    pub(crate) fn refused(refusal: Refusal) {
        counter!("gateway_requests_total", "result" => refusal.code()).increment(1);
    }

    /// A request is under way until the result is dropped.
    pub(crate) fn request(&self) -> InFlight {
        InFlight::new(&self.in_flight)
    }

    /// A tunnel is open until the result is dropped.
    pub(crate) fn tunnel(&self) -> InFlight {
        InFlight::new(&self.tunnels)
    }
}

impl InFlight {
    fn new(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

//! Figures for operators: the recorder, and what is counted here.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use runtime_core::Health;

const REQUESTS: &str = "http_requests_total";
const REQUEST_SECONDS: &str = "http_request_duration_seconds";
const OPEN: &str = "sandboxes_open";
const LIVE: &str = "sandboxes_live";
const ORPHAN_BOOTS: &str = "orphan_boots";
const ORPHAN_DISKS: &str = "orphan_disks";
const FRESH: &str = "backend_observations_fresh";

/// Upper bounds of the histograms' buckets, in seconds: from a read (design §1: below 10 ms) to a held start.
const BUCKETS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// Makes this process's recorder.
///
/// # Errors
/// There is one already.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .install_recorder()?;
    describe_counter!(REQUESTS, "Requests to the API by route and status");
    describe_histogram!(
        REQUEST_SECONDS,
        "Time to the answer of a request to the API, by route"
    );
    describe_gauge!(OPEN, "Sandboxes that are not stopped");
    describe_gauge!(LIVE, "Sandboxes that are starting or running");
    describe_gauge!(ORPHAN_BOOTS, "Compute that no record owns");
    describe_gauge!(ORPHAN_DISKS, "Disks that no record owns");
    describe_gauge!(
        FRESH,
        "1 while what is observed of a backend can be relied on"
    );
    Ok(handle)
}

/// A request was answered. Routes are templates, so that there are only so many.
pub(crate) fn request(route: &'static str, status: u16, took: Duration) {
    counter!(REQUESTS, "route" => route, "status" => status.to_string()).increment(1);
    histogram!(REQUEST_SECONDS, "route" => route).record(took);
}

/// The core's figures at this moment.
pub(crate) fn core(health: &Health) {
    gauge!(OPEN).set(number(health.unfinished));
    gauge!(LIVE).set(number(health.live));
    gauge!(ORPHAN_BOOTS).set(number(health.orphan_boots));
    gauge!(ORPHAN_DISKS).set(number(health.orphan_disks));
    for (backend, fresh) in &health.backends {
        gauge!(FRESH, "backend" => backend.to_string()).set(f64::from(u8::from(*fresh)));
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

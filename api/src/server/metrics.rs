//! The process's metrics recorder, installed once.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Upper bounds of the time histograms, in seconds.
const SECONDS: [f64; 10] = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Upper bounds of how many entries a batch holds.
const ENTRIES: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];

/// Starts recording. Doing it again changes nothing.
pub fn install() {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        // Buckets, not summaries: summaries cannot be added across processes.
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
        let entries = Matcher::Full("rollbook_batch_entries".to_owned());
        let builder = builder.and_then(|builder| builder.set_buckets_for_metric(entries, &ENTRIES));
        builder.ok().and_then(|builder| builder.install_recorder().ok())
    });
}

/// The metrics in Prometheus's text format; empty where recording was not started.
#[must_use]
pub fn render() -> String {
    HANDLE.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}

//! Which log lines are never written, whatever an operator asks for: those that would name a path or a value.

use tracing_subscriber::EnvFilter;

/// Libraries whose lines repeat what a caller sent: the CSRF layer writes paths, which may name logins.
const SILENT: [&str; 2] = ["tower_http::csrf=off", "axum::rejection=off"];

/// `asked` without the lines that must not be.
#[must_use]
pub fn filter(asked: EnvFilter) -> EnvFilter {
    let directives = SILENT.iter().filter_map(|directive| directive.parse().ok());
    directives.fold(asked, EnvFilter::add_directive)
}

//! The harness: what the tests need of the world around Rollbook.
//!
//! - [`app`]: the API in process, on a SQLite database of its own, with two organizations and their people
//! - [`client`]: one client a kind of caller, through the real router
//! - [`pg`]: a PostgreSQL database of its own for each test
//! - [`pg_server`]: a PostgreSQL server of a test's own, to be crashed
//! - [`process`]: the `rollbook` binary as a child process, to be killed
//! - [`proxy`]: a network that cuts connections and loses answers
//! - [`smtp`]: a mail server that keeps, refuses or loses what it is sent
//! - [`totp`]: what an authenticator app shows
//!
//! It holds no test of Rollbook and no knowledge of its tables or routes (callers name paths in full). `tests/run` prepares what it stands on.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness that cannot do its work must fail the test at once, and say where"
)]

pub mod app;
pub mod client;
pub mod pg;
pub mod pg_server;
pub mod process;
pub mod proxy;
pub mod smtp;
pub mod totp;

/// How many rounds a crash test repeats, from `ROLLBOOK_CRASH_ROUNDS`.
///
/// `tests/run` sets 8, enough to meet each kind of crash; `tests/run --soak` sets 200.
///
/// # Panics
/// If the variable is set to anything but a whole number.
pub fn crash_rounds() -> u32 {
    setting("ROLLBOOK_CRASH_ROUNDS")
        .map_or(8, |text| text.parse().expect("ROLLBOOK_CRASH_ROUNDS is a whole number"))
}

/// Whether snapshots are to be written anew instead of compared, from `ROLLBOOK_UPDATE_SNAPSHOTS`.
#[must_use]
pub fn update_snapshots() -> bool {
    setting("ROLLBOOK_UPDATE_SNAPSHOTS").is_some()
}

/// What `tests/run` says through the environment; an empty value counts as none.
#[expect(
    clippy::disallowed_methods,
    reason = "tests/run speaks to the harness by the environment; the product's settings come through api::config"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

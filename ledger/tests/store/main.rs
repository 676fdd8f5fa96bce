//! The store's promises, each asked of both engines, and the golden entries.
//!
//! PostgreSQL comes from `ROLLBOOK_TEST_PG`, a superuser's URL of a throw-away server; `tests/run` starts one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::expect_used, reason = "a test that cannot go on fails, saying with what")]
#![expect(clippy::indexing_slicing, reason = "a row that is missing fails the test")]
#![expect(clippy::panic, reason = "a test that cannot go on fails")]

mod append;
mod bench;
mod golden;
mod guards;
mod held;
mod read;
mod rows;
mod schema;
mod side;
mod stock;

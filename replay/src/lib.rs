//! How history is re-lived: what an entity went through, how things stood, what changed, how it is undone, and
//! whether the database still says what was sealed.
//!
//! In reading order: [`history`] lists what happened to one entity; [`as_of`] is the organization at a position or
//! a moment; [`diff`] is the difference between two of them and who gains or loses what by it; [`rollback`] plans
//! and applies compensating changes; [`import`] reads other products' registers and says what each row asks for;
//! [`verify`] recomputes everything from the database. Nothing here writes to a ledger but through its writer, and
//! nothing here names a table.

pub mod as_of;
pub mod diff;
pub mod history;
pub mod import;
mod read;
pub mod rollback;
pub mod verify;

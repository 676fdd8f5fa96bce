//! The rules that span entities: founding, authority, undoing, snapshots.

mod escalation;
mod random;
mod snapshot;
mod undo;

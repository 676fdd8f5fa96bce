//! The rules that span entities: founding, authority, undoing, snapshots.

mod authority;
mod escalation;
mod founding;
mod random;
mod snapshot;
mod undo;

//! The rules that span entities: founding, authority, undoing, snapshots.

mod authority;
mod escalation;
mod founding;
mod products;
mod random;
mod snapshot;
mod transfer;
mod undo;

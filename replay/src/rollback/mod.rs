//! Undoing: select what shall not have been, see what that does to whom, and apply it as one batch of changes.
//!
//! Nothing is deleted. In reading order: a `selection` says which events shall be undone; `material` is what must be
//! read for it; `walk` finds for each field and element the value to go back to, and the conflicts; `trial` finds the
//! order in which that can be done, and the blockers; `plan` puts it together with the blast radius and the plan's
//! id; `apply` plans again on the newest state and submits all of it as one command. Passwords, keys, sessions and
//! erased values are never rolled back.

mod apply;
mod digest;
mod material;
mod plan;
mod references;
mod selection;
mod trial;
mod walk;

pub use apply::{Applied, Apply, ApplyError, apply, preview};
pub use material::{ENTRIES_MAX, Material, gather};
pub use plan::{Blocker, Conflict, Kept, Later, Plan, PlanError, Planned, Request, plan};
pub use selection::{EVENTS_MAX, Resolution, Resolutions, Selection, To};

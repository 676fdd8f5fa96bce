//! What shall be undone, and how conflicts and blockers are resolved, as callers write it (design §6).

use rollbook_domain::kernel::id::Subject;
use rollbook_domain::kernel::moment::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Which events shall be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Selection {
    /// All that happened to an entity after a point: `{"subject","to"}`. Its places in groups and on queues count.
    Entity {
        /// Which entity.
        subject: Subject,
        /// Back to when.
        to: To,
    },
    /// These events: `{"events":[positions]}`, at most [`EVENTS_MAX`].
    Events {
        /// Their positions.
        events: Vec<u64>,
    },
    /// Everything an actor did in a window: `{"actor","from","until"}`.
    Actor {
        /// As in an entry: `user:<id>`, `api_key:<id>`, `token:<id>`, `operator`, `system`.
        actor: String,
        /// From this time.
        from: Moment,
        /// To this time; both count.
        until: Moment,
    },
    /// One command, rollback or import by its id: `{"batch"}`.
    Batch {
        /// The id that the change answered with.
        batch: Uuid,
    },
}

/// Most positions that one selection names.
pub const EVENTS_MAX: usize = 10_000;

/// A point in an entity's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// The state after its n-th event; 0 is before there was one.
    Version(u64),
    /// Its state at this position of the ledger.
    Position(u64),
    /// Its state after the last batch at or before this time.
    #[serde(rename = "at")]
    Moment(Moment),
}

/// What to do about a conflict or a blocker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Of a conflict: leave the later value.
    Keep,
    /// Of a conflict: go back all the same.
    Force,
    /// Leave this field or element alone.
    Skip,
    /// Of a blocker: undo the archiving of what is missing too.
    Include,
    /// Of a blocker: go to this value instead.
    Value(Value),
}

/// By the id of the conflict or blocker: `<kind>:<id>:<field>[:<element>]`.
pub type Resolutions = BTreeMap<String, Resolution>;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selections_and_resolutions_are_read_as_the_api_writes_them() {
        let id = Uuid::from_u128(7);
        let entity = json!({ "subject": { "kind": "user", "id": id }, "to": { "version": 2 } });
        let read: Selection = serde_json::from_value(entity.clone()).unwrap();
        assert!(matches!(read, Selection::Entity { to: To::Version(2), .. }));
        assert_eq!(serde_json::to_value(&read).unwrap(), entity);
        let at = json!({ "at": "2026-05-03T09:30:00.000000Z" });
        assert!(matches!(serde_json::from_value(at).unwrap(), To::Moment(_)));
        assert_eq!(
            serde_json::from_value::<Selection>(json!({ "batch": id })).unwrap(),
            Selection::Batch { batch: id }
        );
        let resolve = json!({ "a": "keep", "b": { "value": "ada2" }, "c": "include" });
        let read: Resolutions = serde_json::from_value(resolve).unwrap();
        assert_eq!(read.get("a"), Some(&Resolution::Keep));
        assert_eq!(read.get("b"), Some(&Resolution::Value(json!("ada2"))));
    }
}

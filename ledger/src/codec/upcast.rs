//! Upcasters: a stored shape of an earlier release, brought up to the next one, one step each.
//!
//! Stored entries are never edited. A new shape is a new version in the event's declaration, plus one step
//! here with its reason, plus a new golden file. No event has had a second shape yet, so there is no step.

use serde_json::Value;

/// One step: the payload of `event_type` from version `from` to the next.
struct Step {
    event_type: &'static str,
    from: &'static str,
    to: &'static str,
    /// The reason stands in the step's own comment; the function cannot fail, since every stored payload of
    /// its version has the shape its golden file shows.
    change: fn(Value) -> Value,
}

/// Every step there is, each type's in order.
const STEPS: &[Step] = &[];

/// Brings a payload up to the newest version that the steps lead to.
pub(super) fn upcast(event_type: &str, version: String, payload: Value) -> (String, Value) {
    apply(STEPS, event_type, version, payload)
}

/// Whether there is a step for this shape.
pub(super) fn applies(event_type: &str, version: &str) -> bool {
    STEPS.iter().any(|step| step.event_type == event_type && step.from == version)
}

fn apply(steps: &[Step], event_type: &str, version: String, payload: Value) -> (String, Value) {
    let step = steps.iter().find(|step| step.event_type == event_type && step.from == version);
    match step {
        Some(step) => apply(steps, event_type, step.to.to_owned(), (step.change)(payload)),
        None => (version, payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn add(name: &'static str) -> impl Fn(Value) -> Value {
        move |mut payload| {
            payload[name] = json!(true);
            payload
        }
    }

    const TWO: &[Step] = &[
        Step { event_type: "x.y", from: "1", to: "2", change: |payload| add("second")(payload) },
        Step { event_type: "x.y", from: "2", to: "3", change: |payload| add("third")(payload) },
    ];

    #[test]
    fn steps_are_taken_one_after_another() {
        let got = apply(TWO, "x.y", "1".into(), json!({}));
        assert_eq!(got, ("3".into(), json!({ "second": true, "third": true })));
    }

    #[test]
    fn a_payload_of_the_newest_version_is_left_alone() {
        assert_eq!(apply(TWO, "x.y", "3".into(), json!({})), ("3".into(), json!({})));
        assert_eq!(apply(TWO, "a.b", "1".into(), json!({})), ("1".into(), json!({})));
    }
}

//! What is left of a row when a user or an agent is erased.

use super::super::columns::to_cells;
use super::{BOB, SEAT, ZOE, erasing, folded, id, leaving, life};
use rollbook_domain::kernel::id::OrganizationId;
use serde_json::{Value, json};

#[test]
fn a_redacted_row_is_the_row_that_is_made_after_the_erasure() {
    for authored in [false, true] {
        let (_, mut before) = folded([life(), erasing(authored)].concat());
        assert!(format!("{before:?}").contains("zoe@north.example"));
        before.iter_mut().for_each(|row| row.redact(id(ZOE), authored));
        let (_, after) = folded([without_zoe(life()), erasing(authored)].concat());
        for (before, after) in before.iter().zip(&after) {
            let organization = OrganizationId(id(1));
            assert_eq!(to_cells(organization, before), to_cells(organization, after));
            let all = format!("{:?}", to_cells(organization, before));
            for word in ["zoe", "Zo", "\"zo\""] {
                assert!(!all.contains(word), "{word} is left: {all}");
            }
            assert!(!before.people().unwrap_or_default().contains(&id(ZOE).to_string()));
        }
        let members = before.iter().find(|row| row.action == "queue.agents_changed").unwrap();
        assert_eq!(members.sentence, "changed who serves queue Sales EU: added [erased], bob, removed none");
        assert_eq!(members.people().unwrap(), format!(" {} ", id(BOB)));
    }
}

#[test]
fn an_agent_goes_from_every_row_as_a_user_does_lists_included() {
    let gone = |mut life: Vec<(&'static str, Value)>| {
        for (_, payload) in life.iter_mut().filter(|(name, _)| name.starts_with("agent.")) {
            for value in payload.as_object_mut().unwrap().values_mut() {
                forget(value);
                value.as_array_mut().into_iter().flatten().for_each(forget);
            }
        }
        life
    };
    let (labels, mut before) = folded([life(), leaving()].concat());
    let held = ["Ida Seaton", "SIP/8", "4711", "Agent/8", "P7"];
    let said = format!("{before:?}");
    assert!(held.iter().all(|word| said.contains(word)));
    let all = labels.erased();
    assert_eq!(all.iter().map(|erasure| erasure.person).collect::<Vec<_>>(), [id(SEAT)]);
    before.iter_mut().for_each(|row| row.redact(id(SEAT), false));
    let (_, after) = folded([gone(life()), leaving()].concat());
    for (before, after) in before.iter().zip(&after) {
        let cells = |row| to_cells(OrganizationId(id(1)), row);
        assert_eq!(cells(before), cells(after));
        let left = format!("{:?}", cells(before));
        assert!(!held.iter().any(|word| left.contains(word)), "{left}");
        assert!(!before.people().unwrap_or_default().contains(&id(SEAT).to_string()));
    }
    let aliases = before.iter().find(|row| row.action == "agent.aliases_changed").unwrap();
    let change = aliases.changes.first().unwrap();
    assert_eq!((&change.from, &change.to), (&json!(["[erased]"]), &json!(["[erased]", "[erased]"])));
}

fn forget(value: &mut Value) {
    if value.is_object() && value.get("$personal").is_some() {
        *value = json!({ "$personal": { "commitment": "commit:gone" } });
    }
}

/// The ledger as it reads when the values of the erased are gone.
fn without_zoe(life: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let zoe = json!(id(ZOE));
    let erased = life.into_iter().map(|(name, mut payload)| {
        if payload["user"] == zoe && name.starts_with("user.") {
            payload.as_object_mut().unwrap().values_mut().for_each(forget);
        }
        (name, payload)
    });
    erased.collect()
}

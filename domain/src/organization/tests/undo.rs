//! Undoing brings back what was, and undoing that brings back what is.

use super::random::{self, Dice};
use crate::kernel::context::Actor;
use crate::kernel::id::CredentialId;
use crate::kernel::moment::Moment;
use crate::kernel::spec;
use crate::organization::command::{Command, Undo};
use crate::organization::rejection::Forbidden;
use crate::organization::state::Organization;
use crate::organization::undo::compensations;
use crate::role::rejection::RoleRejection;
use crate::settings::state::Setting;
use crate::user::command::{UserCommand, UserEdit};
use crate::user::link::Link;
use crate::user::password::NewPassword;
use crate::user::rejection::UserRejection;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Entities without positions, versions, salts and credentials; settings as they hold.
fn normal(organization: &Organization) -> Value {
    let mut json: Value = serde_json::from_slice(&organization.to_snapshot()).unwrap();
    let lists = ["users", "roles", "profiles", "keys", "queues", "groups", "agents"];
    let mut entities = Map::new();
    for list in lists {
        for entity in json[list].as_array_mut().unwrap() {
            strip(entity);
            entities.insert(format!("{list} {}", entity["id"]), entity.take());
        }
    }
    let settings: Vec<_> = Setting::ALL.map(|setting| json!(organization.settings.get(setting))).into();
    entities.insert("settings".into(), settings.into());
    entities.insert("name".into(), organization.name.clone().into());
    entities.into()
}

fn strip(value: &mut Value) {
    crate::kernel::personal::plain(value);
    match value {
        Value::Object(members) => {
            for noise in [
                "record",
                "changed",
                "version",
                "position",
                "since",
                "password",
                "link",
                "api_key",
                "tokens",
                "two_factor",
                "before_archive",
            ] {
                members.remove(noise);
            }
            // Since when a group is supervised.
            if let Some(Value::Object(groups)) = members.get_mut("supervises") {
                groups.values_mut().for_each(|position| *position = Value::Null);
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Without entities that `like` does not have: they were created since, and are archived, not gone. Roles and
/// profiles remember who holds them, archived holders included.
fn only_as_in(state: &Organization, like: &Organization) -> Value {
    let mut normal_state = normal(state);
    let known = normal(like);
    let members = normal_state.as_object_mut().unwrap();
    members.retain(|name, _| known.get(name).is_some());
    for entity in members.values_mut() {
        if let Some(Value::Array(holders)) = entity.get_mut("holders") {
            holders.retain(|id| known.get(format!("users {id}")).is_some());
        }
    }
    normal_state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn undoing_the_last_events_gives_the_state_before_and_undoing_that_the_state_after(
        seed in any::<u64>(), commands in prop::collection::vec(any::<u64>(), 1..25),
    ) {
        let mut state = random::organization(&mut Dice::new(seed)).organization;
        let mut events = Vec::new();
        let mut states = vec![state.clone()];
        for seed in commands {
            let command = random::command(&state, &mut Dice::new(seed));
            let mut at = state.clone();
            if let Ok(accepted) = random::step(&mut state, Actor::Operator, &command) {
                for event in accepted.events {
                    at.apply(Actor::Operator, accepted.after.at, &event);
                    events.push(event);
                    states.push(at.clone());
                }
            }
        }
        let k = Dice::new(seed).roll(events.len() + 1);
        let before = &states[events.len() - k];
        let mut undone = state.clone();
        let undo = Command::Undo(compensations(&events[events.len() - k..]));
        let result = random::step(&mut undone, Actor::Operator, &undo);
        let accepted = match result {
            Ok(accepted) => accepted,
            Err(rejection) => {
                let told: Vec<_> = events[events.len() - k..].iter().map(|event| spec::told(&state, event)).collect();
                return Err(TestCaseError::fail(format!("{rejection:?}: {told:#?}")));
            }
        };
        prop_assert_eq!(only_as_in(&undone, before), normal(before));
        let redo = Command::Undo(compensations(&accepted.events));
        let mut redone = undone.clone();
        random::step(&mut redone, Actor::Operator, &redo)
            .map_err(|rejection| TestCaseError::fail(format!("redo: {rejection:?}")))?;
        prop_assert_eq!(normal(&redone), normal(&state));
    }
}

#[test]
fn what_is_no_field_has_nothing_to_undo() {
    let world = spec::world();
    let anna = world.user_id("anna");
    for command in [
        UserCommand::SetPassword(anna, NewPassword::unknown(CredentialId(anna.uuid()))),
        UserCommand::MakePasswordLink(
            anna,
            Link { credential: CredentialId(anna.uuid()), until: Moment(4_000_000_000_000_000) },
        ),
        UserCommand::CreateApiKey(anna, CredentialId(anna.uuid())),
        spec::new_token(anna, 1, "CI"),
    ] {
        let accepted = spec::given(&world).as_user("adam").when(command).accepted();
        assert_eq!(compensations(&accepted.events), []);
    }
}

#[test]
fn what_cannot_be_brought_back_is_refused_by_its_field() {
    let world = spec::world();
    let undo = |subject, field: &str, to: Value| {
        let one = Undo { subject, field: field.into(), element: None, to };
        spec::given(&world).as_user("olga").when(Command::Undo(vec![one]))
    };
    let (anna, agent) = (world.user_id("anna").subject(), world.role("Agent").subject());
    undo(anna, "password", Value::Null).then_invalid("/password", "cannot_be_undone");
    undo(anna, "name", Value::Null).then_invalid("/name", "cannot_be_undone");
    undo(agent, "keys", Value::Null).then_invalid("/keys", "cannot_be_undone");
    undo(agent, "rank", json!("high")).then_invalid("/rank", "cannot_be_undone");
    undo(world.id.subject(), "catalog", json!("voximplant")).then_invalid("/catalog", "cannot_be_undone");
    undo(agent, "status", Value::Null).then_refused(RoleRejection::Protected);
}

#[test]
fn an_erased_value_is_never_brought_back() {
    let mut world = spec::world();
    let anna = world.user_id("anna");
    let edit = UserEdit { name: Some("Ann".into()), ..UserEdit::default() };
    let renamed = spec::given(&world).as_operator().when(UserCommand::Edit(anna, edit)).accepted();
    world.organization = renamed.after;
    world.act(UserCommand::Archive(anna));
    world.act(UserCommand::RequestErasure { user: anna, authored: false });
    let undo = Command::Undo(compensations(&renamed.events));
    spec::given(&world).as_operator().when(undo).then_refused(UserRejection::Erased);
}

#[test]
fn undoing_needs_the_right_to_undo_and_to_each_change() {
    let world = spec::world();
    let block = UserCommand::Block(world.user_id("anna"));
    let blocked = spec::given(&world).as_user("mona").when(block).accepted();
    let undo = Command::Undo(compensations(&blocked.events));
    let needs = Forbidden::Permission { permission: "rollback.apply" };
    spec::given(&blocked.after).as_user("mona").when(undo.clone()).then_refused(needs.clone());
    spec::given(&blocked.after).as_user("aude").when(undo.clone()).then_refused(needs);
    let back = spec::given(&blocked.after).as_user("adam").when(undo);
    back.then(&["user.unblocked anna: status blocked -> active"]);
}

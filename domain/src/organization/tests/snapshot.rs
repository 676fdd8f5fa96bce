//! A snapshot is the state: at any position, with its tail, it equals the fold from the first event.

use super::random::{self, Dice};
use crate::agent::command::{AgentCommand, AgentEdit};
use crate::agent::state::Level;
use crate::event::Event;
use crate::group::command::{GroupCommand, GroupEdit};
use crate::kernel::context::Actor;
use crate::kernel::id::{CredentialId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::spec;
use crate::object::command::{ObjectCommand, ObjectEdit, Use};
use crate::organization::command::Command;
use crate::organization::snapshot::{BadSnapshot, SHAPE};
use crate::organization::state::Organization;
use crate::permission::facts::{Facts, Targets};
use crate::permission::grant::{Grant, Limits, Scope};
use crate::permission::resolve::{Question, allowed};
use crate::queue::command::{QueueCommand, QueueEdit};
use crate::queue::state::Supervision;
use crate::role::command::{RoleCommand, RoleEdit};
use crate::settings::command::SettingsCommand;
use crate::settings::state::{Setting, SettingValue};
use crate::user::avatar::{Avatar, Media};
use crate::user::command::{UserCommand, UserEdit};
use crate::user::detail::{Detail, Plain};
use crate::user::link::Link;
use crate::user::password::NewPassword;
use crate::user::state::KeyEntry;
use crate::user::window::{Hours, LoginWindow, Span};
use proptest::prelude::*;

fn text(organization: &Organization) -> String {
    String::from_utf8(organization.to_snapshot()).unwrap()
}

/// The answers to a grid of questions.
fn answers(organization: &Organization) -> Vec<bool> {
    let mut users: Vec<_> = organization.users.values().collect();
    users.sort_by_key(|user| user.id);
    let facts = Facts::default();
    let ask = |who, over: &Targets, permission| {
        let at = organization.at;
        let question = Question { who, permission, targets: over, facts: &facts, at, as_if_active: false };
        allowed(organization, &question)
    };
    let mut answers = Vec::new();
    for who in &users {
        for target in users.iter().take(6) {
            let over = Targets::of(target.id.subject());
            answers.extend(["users.view", "users.edit", "reports.agents"].map(|name| ask(who, &over, name)));
        }
        for queue in organization.queues.keys() {
            answers.push(ask(who, &Targets::of(queue.subject()), "reports.queues"));
        }
        for object in organization.objects.keys() {
            answers.push(ask(who, &Targets::of(object.subject()), "objects.view"));
        }
        for agent in organization.agents.keys() {
            answers.push(ask(who, &Targets::of(agent.subject()), "agents.view"));
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16, failure_persistence: None, max_shrink_iters: 50, ..ProptestConfig::default()
    })]

    #[test]
    fn a_snapshot_at_any_position_and_its_tail_equal_the_fold_from_the_first_event(
        seed in any::<u64>(), commands in prop::collection::vec(any::<u64>(), 5..30), cut in any::<u64>(),
    ) {
        let start = random::organization(&mut Dice::new(seed)).organization;
        let mut events: Vec<(Moment, Event)> = Vec::new();
        let mut state = start.clone();
        for seed in commands {
            let command = random::command(&state, &mut Dice::new(seed));
            if let Ok(accepted) = random::step(&mut state, Actor::Operator, &command) {
                events.extend(accepted.events.into_iter().map(|event| (accepted.after.at, event)));
            }
        }
        let cut = Dice::new(cut).roll(events.len() + 1);
        let mut folded = start;
        events[..cut].iter().for_each(|(at, event)| folded.apply(Actor::Operator, *at, event));
        let mut cloned = folded.clone();
        let mut read = Organization::from_snapshot(&folded.to_snapshot()).unwrap();
        for (at, event) in &events[cut..] {
            for state in [&mut folded, &mut cloned, &mut read] {
                state.apply(Actor::Operator, *at, event);
            }
        }
        prop_assert_eq!(text(&folded), text(&state));
        prop_assert_eq!(text(&cloned), text(&state));
        prop_assert_eq!(text(&read), text(&state));
        prop_assert_eq!(spec::indexes(&read), spec::indexes(&state));
        prop_assert_eq!(answers(&read), answers(&state));
    }
}

#[test]
fn an_organization_without_events_has_a_snapshot_too() {
    let empty = Organization::empty(spec::world().id);
    assert_eq!(text(&Organization::from_snapshot(&empty.to_snapshot()).unwrap()), text(&empty));
}

#[test]
fn bytes_of_another_shape_or_catalog_or_none_are_refused() {
    let refused = |text: &str| Organization::from_snapshot(text.as_bytes()).unwrap_err();
    let good = text(&spec::world());
    assert_eq!(refused(&good.replace(SHAPE, "organization-0")), BadSnapshot::Shape("organization-0".into()));
    let other = good.replace(r#""catalog":"standard""#, r#""catalog":"gone""#);
    assert_eq!(refused(&other), BadSnapshot::NoSuchCatalog);
    assert!(matches!(refused("{"), BadSnapshot::Unreadable(_)));
    assert!(matches!(refused(&good[..good.len() / 2]), BadSnapshot::Unreadable(_)));
}

#[test]
fn a_set_as_the_release_before_wrote_it_or_with_too_few_positions_is_refused() {
    let good = text(&spec::world());
    let (users, roles) = good.split_once(r#""roles":["#).unwrap();
    let (before, rest) = roles.split_once(r#""since":["#).unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    for positions in [r#""position":4"#, r#""since":[]"#] {
        let bad = format!(r#"{users}"roles":[{before}{positions}{after}"#);
        let refused = Organization::from_snapshot(bad.as_bytes()).unwrap_err();
        assert!(matches!(refused, BadSnapshot::Unreadable(_)), "{positions}: {refused:?}");
    }
}

/// An address, details and a picture.
fn account(user: UserId) -> Command {
    let details = [(Detail::Phone, "+34 600"), (Detail::Language, "es")];
    let details = details.map(|(detail, text)| (detail, Some(Plain::Text(text.into())))).into();
    let email = Some(Some("a@x.example".into()));
    let avatar = Avatar { media: Media::Png, bytes: 9, sha256: [1; 32] };
    let edit = UserCommand::Edit(user, UserEdit { email, details, ..UserEdit::default() });
    Command::Many(vec![edit.into(), UserCommand::SetAvatar(user, Some(avatar)).into()])
}

/// Something of everything that a state can hold.
fn full() -> spec::World {
    let mut world = spec::world();
    let (anna, amir, sven) = (world.user_id("anna"), world.user_id("amir"), world.user_id("sven"));
    world.act_by(Actor::User(amir), spec::second_factor(amir, 1));
    let (gate, sales, night) = (world.key("GATE"), world.queue("Sales"), world.group("Night"));
    let part = world.add_queue("Part", &[amir], &[(sven, Supervision::Editor)]);
    let (profile, credential) = (world.profile("Exporters"), CredentialId(anna.uuid()));
    let elements = Grant { elements: ["e1".into()].into(), ..Grant::new("users.edit", Scope::Elements) };
    let limits = Limits { fields: ["name".into()].into(), ..Limits::default() };
    let queues = Grant {
        queues: [("voice".into(), [sales].into())].into(),
        ..Grant::new("reports.queues", Scope::Queues)
    };
    let custom = vec![Grant { limits, ..elements }, queues];
    let role = RoleEdit { keys: Some(vec![gate]), ..RoleEdit::default() };
    let edit =
        QueueEdit { parts: Some(vec![part]), visibility_key: Some(Some(gate)), ..QueueEdit::default() };
    let outbound = [(Setting::OutboundCalls, SettingValue::Flag(false))];
    let hours = [
        (Setting::SessionHours, SettingValue::Number(1)),
        (Setting::ReasonRequired, SettingValue::Word("none".into())),
    ];
    let gone = world.add_user("gone", world.role("Agent"));
    let left = world.add_agent("left", AgentEdit::default());
    let seat = AgentEdit {
        description: Some("Anna".into()),
        aliases: Some(vec!["anna101".into()]),
        location: Some(Some("Leeds".into())),
        payroll_code: Some(Some("P101".into())),
        extension: Some(Some("101".into())),
        visibility_key: Some(Some(gate)),
        group: Some(Some(night)),
        supervisor: Some(Some(sven)),
        queues: Some([(sales, Level::Main)].into()),
        update_protected: Some(true),
        ..AgentEdit::default()
    };
    world.add_agent("Agent/101", seat);
    let topics = ObjectEdit { contents: Some(vec!["Price".into()]), ..ObjectEdit::default() };
    let topics = world.add_object("topic_set:Orders", topics);
    let locked = ObjectEdit { visibility_key: Some(Some(gate)), ..ObjectEdit::default() };
    let skill = world.add_object("skill:French", locked);
    let commands: Vec<Command> = vec![
        ObjectCommand::SetUse(topics, Use::Queue(sales), true).into(),
        ObjectCommand::SetUse(skill, Use::User(anna), true).into(),
        UserCommand::AssignProfile(anna, Some(profile)).into(),
        UserCommand::SetCustomProfile(amir, Some(custom.into())).into(),
        UserCommand::SetKeys(anna, vec![KeyEntry { key: gate, minus: true }]).into(),
        UserCommand::SetLoginWindow(anna, Some(window())).into(),
        UserCommand::SetPassword(anna, NewPassword::unknown(credential)).into(),
        UserCommand::CreateApiKey(anna, credential).into(),
        UserCommand::MakePasswordLink(sven, Link { credential, until: Moment(1_767_225_600_000_000) }).into(),
        spec::new_token(anna, 1, "CI").into(),
        account(anna),
        UserCommand::Archive(gone).into(),
        UserCommand::RequestErasure { user: gone, authored: true }.into(),
        AgentCommand::Archive(left).into(),
        AgentCommand::RequestErasure(left).into(),
        RoleCommand::Edit(world.role("Agent"), role).into(),
        QueueCommand::Edit(sales, edit).into(),
        GroupCommand::Edit(night, GroupEdit { settings: Some(outbound.into()), ..GroupEdit::default() })
            .into(),
        SettingsCommand::Set(hours.into()).into(),
        SettingsCommand::Set([(Setting::ReasonRequired, SettingValue::Word("all".into()))].into()).into(),
    ];
    commands.into_iter().for_each(|command| world.act(command));
    let until = spec::context(Actor::System, world.position + 60).at;
    let locked = spec::given(&world).as_system().when(UserCommand::LockOut { user: anna, until });
    world.organization = locked.accepted().after;
    world
}

fn window() -> LoginWindow {
    let at = |seconds| Some(spec::context(Actor::System, seconds).at);
    let span = Span {
        day: "monday".parse().unwrap(),
        from: "08:00".parse().unwrap(),
        until: "18:00".parse().unwrap(),
    };
    let hours = Hours { time_zone: "Europe/Madrid".parse().unwrap(), week: vec![span] };
    LoginWindow { from: at(0), until: at(1_000_000), hours: Some(hours) }
}

/// If this fails, the shape of the folded state has changed: give `SHAPE` the next number, delete the golden
/// file and run again with `ROLLBOOK_WRITE_GOLDEN=1`.
#[test]
fn the_shape_of_a_snapshot_changes_only_with_its_name() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/snapshot.txt");
    let json: serde_json::Value = serde_json::from_str(&text(&full())).unwrap();
    let names = member_names(&json);
    let golden = format!("{SHAPE}\n{}\n", names.join("\n"));
    if std::env::var_os("ROLLBOOK_WRITE_GOLDEN").is_some() && !std::path::Path::new(path).exists() {
        std::fs::write(path, &golden).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), golden);
}

/// Every path of member names and kinds of values, each once.
fn member_names(json: &serde_json::Value) -> Vec<String> {
    fn walk(value: &serde_json::Value, path: &str, names: &mut std::collections::BTreeSet<String>) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    // Members named by ids are elements of a map.
                    let id = name.strip_prefix('-').unwrap_or(name);
                    let name = if uuid::Uuid::parse_str(id).is_ok() { "<id>" } else { name };
                    walk(value, &format!("{path}.{name}"), names);
                }
            }
            serde_json::Value::Array(items) => {
                items.iter().for_each(|item| walk(item, &format!("{path}[]"), names))
            }
            serde_json::Value::Null => drop(names.insert(format!("{path}: null"))),
            serde_json::Value::Bool(_) => drop(names.insert(format!("{path}: bool"))),
            serde_json::Value::Number(_) => drop(names.insert(format!("{path}: number"))),
            serde_json::Value::String(_) => drop(names.insert(format!("{path}: text"))),
        }
    }
    let mut names = std::collections::BTreeSet::new();
    walk(json, "", &mut names);
    names.into_iter().collect()
}

//! An agent's own record: what it is called, its fields, its protections.

use super::{as_mona, coded, seated, update_protected};
use crate::agent::command::AgentCommand;
use crate::agent::command::AgentEdit;
use crate::agent::rejection::AgentRejection;
use crate::agent::state::Level;
use crate::kernel::id::AgentId;
use crate::kernel::id::GroupId;
use crate::kernel::id::KeyId;
use crate::kernel::id::Kind;
use crate::kernel::id::QueueId;
use crate::kernel::id::UserId;
use crate::kernel::spec::World;
use crate::kernel::spec::given;
use crate::kernel::spec::world;
use crate::organization::rejection::Rejection;
use uuid::Uuid;

#[test]
fn an_agent_is_added_with_its_places_and_protections() {
    let world = world();
    let new = AgentEdit {
        description: Some("Zoe".into()),
        aliases: Some(vec!["zoe101".into()]),
        location: Some(Some("Leeds".into())),
        payroll_code: Some(Some("P-1".into())),
        extension: Some(Some("101".into())),
        update_protected: Some(true),
        delete_protected: Some(true),
        ..AgentEdit { code: Some("Agent/101".into()), ..seated(&world) }
    };
    let after = given(&world).as_user("mona").when(AgentCommand::Create(new)).then(&[
        "agent.created Agent/101: aliases - -> [\"zoe101\"], code - -> Agent/101, description - -> Zoe, \
         extension - -> 101, location - -> Leeds, payroll_code - -> P-1",
        "agent.group_set Agent/101: group - -> Night",
        "agent.supervisor_set Agent/101: supervisor - -> sven",
        "agent.level_set Agent/101: queues[Sales] - -> main",
        "agent.delete_protection_set Agent/101: delete_protected false -> true",
        "agent.update_protection_set Agent/101: update_protected false -> true",
    ]);
    for name in ["agent/101", "ZOE101"] {
        assert_eq!(after.agent_called(name).map(|agent| agent.code.text()), Some("Agent/101"));
    }
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let mut world = world();
    let agent = world.add_agent("Agent/101", seated(&world));
    let part = world.add_queue("Part", &[], &[]);
    let edit = AgentEdit {
        description: Some("Zoe".into()),
        aliases: Some(vec!["b".into(), "a".into()]),
        location: Some(Some("Leeds".into())),
        payroll_code: Some(Some("P-1".into())),
        extension: Some(Some("102".into())),
        visibility_key: Some(Some(world.key("GATE"))),
        group: Some(None),
        supervisor: Some(Some(world.user_id("sara"))),
        queues: Some([(part, Level::Wrap)].into()),
        ..coded("Agent/102")
    };
    let command = AgentCommand::Edit(agent, edit);
    let after = given(&world).as_user("olga").when(command.clone()).then(&[
        "agent.code_changed Agent/102: code Agent/101 -> Agent/102",
        "agent.described Agent/102: description  -> Zoe",
        "agent.aliases_changed Agent/102: aliases [] -> [\"b\",\"a\"]",
        "agent.location_changed Agent/102: location - -> Leeds",
        "agent.payroll_code_changed Agent/102: payroll_code - -> P-1",
        "agent.extension_changed Agent/102: extension - -> 102",
        "agent.visibility_key_set Agent/102: visibility_key - -> GATE",
        "agent.group_set Agent/102: group Night -> -",
        "agent.supervisor_set Agent/102: supervisor sven -> sara",
        "agent.level_set Agent/102: queues[Sales] main -> -",
        "agent.level_set Agent/102: queues[Part] - -> wrap",
    ]);
    given(&after).as_operator().when(command).then_nothing();
    let cleared = AgentEdit {
        location: Some(None),
        payroll_code: Some(None),
        extension: Some(None),
        aliases: Some(Vec::new()),
        queues: Some([(part, Level::Spill)].into()),
        ..AgentEdit::default()
    };
    given(&after).as_operator().when(AgentCommand::Edit(agent, cleared)).then(&[
        "agent.aliases_changed Agent/102: aliases [\"b\",\"a\"] -> []",
        "agent.location_changed Agent/102: location Leeds -> -",
        "agent.payroll_code_changed Agent/102: payroll_code P-1 -> -",
        "agent.extension_changed Agent/102: extension 102 -> -",
        "agent.level_set Agent/102: queues[Part] wrap -> spill",
    ]);
}

#[test]
fn what_cannot_be_is_refused() {
    let mut world = world();
    let agent = world.add_agent("Agent/101", AgentEdit::default());
    let none = AgentEdit::default;
    let refused = |edit: AgentEdit, pointer: &str, code: &str| {
        as_mona(&world, agent, edit).then_invalid(pointer, code);
    };
    refused(coded("Agent 101"), "/code", "has_spaces");
    refused(coded(""), "/code", "empty");
    refused(AgentEdit { location: Some(Some(String::new())), ..none() }, "/location", "empty");
    refused(AgentEdit { extension: Some(Some("1 0".into())), ..none() }, "/extension", "has_spaces");
    refused(
        AgentEdit { payroll_code: Some(Some("\0".into())), ..none() },
        "/payroll_code",
        "control_character",
    );
    let aliases = |all: &[&str]| AgentEdit {
        aliases: Some(all.iter().map(|alias| (*alias).to_owned()).collect()),
        ..none()
    };
    refused(aliases(&["a|b"]), "/aliases/0", "has_bars");
    refused(aliases(&["a", "A"]), "/aliases/1", "twice");
    refused(aliases(&["a"; 21]), "/aliases", "too_many");
    let nothing = Uuid::nil();
    refused(AgentEdit { group: Some(Some(GroupId(nothing))), ..none() }, "/group", "no_such_group");
    refused(AgentEdit { supervisor: Some(Some(UserId(nothing))), ..none() }, "/supervisor", "no_such_user");
    let queues = Some([(QueueId(nothing), Level::Main)].into());
    refused(AgentEdit { queues, ..none() }, "/queues", "no_such_queue");
    let lock = |key| AgentEdit { visibility_key: Some(Some(key)), ..none() };
    refused(lock(KeyId(nothing)), "/visibility_key", "no_such_key");
    refused(lock(world.key("NODIALOUT")), "/visibility_key", "key_restricts");
    let unknown = AgentCommand::Archive(AgentId(nothing));
    given(&world).as_user("mona").when(unknown).then_refused(Rejection::Missing(Kind::Agent));
}

#[test]
fn a_code_or_an_alias_names_one_agent_whatever_its_case() {
    let mut world = world();
    let aliases = |alias: &str| AgentEdit { aliases: Some(vec![alias.into()]), ..AgentEdit::default() };
    let first = world.add_agent("Agent/101", aliases("zoe"));
    let second = world.add_agent("Agent/102", AgentEdit::default());
    let create = |code| given(&world).as_user("mona").when(AgentCommand::Create(coded(code)));
    for taken in ["AGENT/101", "Zoe"] {
        create(taken).then_refused(AgentRejection::CodeTaken);
        as_mona(&world, second, coded(taken)).then_refused(AgentRejection::CodeTaken);
        as_mona(&world, second, aliases(taken)).then_refused(AgentRejection::AliasTaken);
    }
    // Its own alias may become its code, and the other way round.
    let swapped = as_mona(&world, first, coded("zoe")).then_names(&["agent.code_changed"]);
    let back = AgentCommand::Edit(first, AgentEdit { code: Some("Agent/101".into()), ..aliases("zoe") });
    given(&swapped).as_user("mona").when(back).then_names(&["agent.code_changed"]);
    as_mona(&world, first, coded("agent/101"))
        .then(&["agent.code_changed agent/101: code Agent/101 -> agent/101"]);
    let freed = as_mona(&world, first, aliases("ann")).then_names(&["agent.aliases_changed"]);
    let taken = AgentCommand::Edit(second, aliases("zoe"));
    given(&freed).as_user("mona").when(taken).then_names(&["agent.aliases_changed"]);
}

#[test]
fn the_agent_whose_code_is_a_users_login_is_that_users_whatever_came_first() {
    let mut world = world();
    let agent = world.add_agent("anna", AgentEdit::default());
    let alias = AgentEdit { aliases: Some(vec!["amir".into()]), ..AgentEdit::default() };
    world.add_agent("Agent/7", alias);
    let of = |world: &World, login: &str| {
        let user = world.user_by_login(login).unwrap();
        world.agent_of(user).map(|agent| agent.code.text().to_owned())
    };
    assert_eq!(of(&world, "anna").as_deref(), Some("anna"));
    assert_eq!(of(&world, "amir"), None, "an alias links nobody");
    world.add_user("AGENT/7", world.role("Agent"));
    assert_eq!(of(&world, "agent/7").as_deref(), Some("Agent/7"));
    world.act(AgentCommand::Edit(agent, coded("Agent/8")));
    assert_eq!(of(&world, "anna"), None);
    let code_of = |code: &str| world.user_of(world.agent_called(code).unwrap()).map(|user| user.login.text());
    assert_eq!((code_of("Agent/8"), code_of("Agent/7")), (None, Some("AGENT/7")));
}

#[test]
fn a_protection_keeps_the_record_as_it_is_until_it_is_taken_away() {
    let mut world = world();
    let agent = world.add_agent("Agent/101", seated(&world));
    world.act(AgentCommand::Edit(agent, update_protected(true)));
    as_mona(&world, agent, coded("Agent/102")).then_refused(AgentRejection::UpdateProtected);
    as_mona(&world, agent, coded("Agent/101")).then_nothing();
    let leave = AgentEdit { queues: Some(Default::default()), ..AgentEdit::default() };
    as_mona(&world, agent, leave.clone()).then_refused(AgentRejection::UpdateProtected);
    let archive = || given(&world).as_user("mona").when(AgentCommand::Archive(agent));
    archive().then_refused(AgentRejection::UpdateProtected);
    let both = AgentEdit { update_protected: Some(false), ..leave };
    as_mona(&world, agent, both).then(&[
        "agent.update_protection_set Agent/101: update_protected true -> false",
        "agent.level_set Agent/101: queues[Sales] main -> -",
    ]);
    let delete_protected = AgentEdit { delete_protected: Some(true), ..update_protected(false) };
    let after = as_mona(&world, agent, delete_protected)
        .then_names(&["agent.update_protection_set", "agent.delete_protection_set"]);
    given(&after)
        .as_user("mona")
        .when(AgentCommand::Archive(agent))
        .then_refused(AgentRejection::DeleteProtected);
    let rename = AgentCommand::Edit(agent, coded("Agent/102"));
    given(&after).as_user("mona").when(rename).then_names(&["agent.code_changed"]);
}

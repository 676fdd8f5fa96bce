//! Who sees an agent, and who may put it where.

use super::{coded, seated};
use crate::agent::command::AgentCommand;
use crate::agent::command::AgentEdit;
use crate::agent::state::Level;
use crate::kernel::id::GroupId;
use crate::kernel::id::Kind;
use crate::kernel::id::QueueId;
use crate::kernel::spec::World;
use crate::kernel::spec::given;
use crate::kernel::spec::world;
use crate::key::command::KeyCommand;
use crate::key::rejection::KeyRejection;
use crate::organization::rejection::Forbidden;
use crate::organization::rejection::Rejection;
use crate::organization::visible::sees;
use crate::permission::grant::Grant;
use crate::permission::grant::Scope;
use crate::queue::state::Supervision;

#[test]
fn a_key_that_locks_an_agent_is_in_use() {
    let mut world = world();
    let gate = world.key("GATE");
    let locked = AgentEdit { visibility_key: Some(Some(gate)), ..AgentEdit::default() };
    let agent = world.add_agent("Agent/101", locked);
    given(&world).as_user("olga").when(KeyCommand::Archive(gate)).then_refused(KeyRejection::InUse);
    world.act(AgentCommand::Archive(agent));
    world.act(KeyCommand::Archive(gate));
    let restore = given(&world).as_operator().when(AgentCommand::Restore(agent));
    restore.then_invalid("/visibility_key", "no_such_key");
}

#[test]
fn an_agent_is_seen_by_its_groups_supervisors_and_its_queues_people_and_by_who_holds_its_key() {
    let mut world = world();
    let night = AgentEdit { group: Some(Some(world.group("Night"))), ..AgentEdit::default() };
    let sales =
        AgentEdit { queues: Some([(world.queue("Sales"), Level::Spill)].into()), ..AgentEdit::default() };
    let agents = [
        world.add_agent("Agent/1", night.clone()),
        world.add_agent("Agent/2", sales),
        world.add_agent("Agent/3", AgentEdit { supervisor: Some(Some(world.user_id("sara"))), ..night }),
        world.add_agent("Agent/4", AgentEdit::default()),
    ];
    let key = AgentEdit { visibility_key: Some(Some(world.key("GATE"))), ..AgentEdit::default() };
    world.act(AgentCommand::Edit(agents[2], key));
    let seen = |login: &str| {
        let user = world.user_by_login(login).unwrap();
        agents.map(|agent| sees(&world, user, agent.subject(), world.at))
    };
    assert_eq!(seen("mona"), [true, true, false, true], "a lock shuts out whoever lacks its key");
    assert_eq!(seen("sven"), [true, true, false, false]);
    assert_eq!(seen("sara"), [false; 4], "supervising an agent is a note, no reach");
    assert_eq!(seen("anna"), [false; 4], "to serve a queue without the permission is to see nothing");
}

#[test]
fn taking_a_visibility_key_away_is_giving_it() {
    let mut world = world();
    let key = AgentEdit { visibility_key: Some(Some(world.key("GATE"))), ..AgentEdit::default() };
    let agent = world.add_agent("Agent/101", key);
    let open = AgentEdit { visibility_key: Some(None), ..AgentEdit::default() };
    let open = || AgentCommand::Edit(agent, open.clone());
    given(&world).as_user("mona").when(open()).then_refused(Rejection::Missing(Kind::Agent));
    given(&world).as_user("olga").when(open()).then_refused(Rejection::Missing(Kind::Agent));
    given(&world).as_operator().when(open()).then_names(&["agent.visibility_key_set"]);
}

/// May view and edit the agents of his group `Day` and of queue `Help`, sees every group and queue, and edits none.
fn with_dirk(world: &mut World) -> (GroupId, QueueId) {
    let all =
        ["groups.view", "queues.view", "users.view"].map(|permission| Grant::new(permission, Scope::All));
    let scoped = ["agents.view", "agents.edit"]
        .into_iter()
        .flat_map(|permission| [Scope::Managed, Scope::Assigned].map(|scope| Grant::new(permission, scope)));
    let grants: Vec<_> = all.into_iter().chain(scoped).collect();
    let dirk = world.add_user_with("dirk", 25, &grants);
    let edits = Grant::new("agents.edit", Scope::Managed);
    let eve = world.add_user_with("eve", 15, &[edits, Grant::new("agents.archive", Scope::Assigned)]);
    world.add_group("Late", &[], &[eve, dirk]);
    world.add_queue("Care", &[], &[(eve, Supervision::Viewer)]);
    (world.add_group("Day", &[], &[dirk]), world.add_queue("Help", &[dirk], &[]))
}

#[test]
fn an_agent_is_put_only_where_nobody_gains_a_reach_that_the_giver_lacks() {
    let mut world = world();
    let (day, help) = with_dirk(&mut world);
    let mine = world.add_agent("Agent/1", AgentEdit { group: Some(Some(day)), ..AgentEdit::default() });
    let as_dirk = |edit| given(&world).as_user("dirk").when(AgentCommand::Edit(mine, edit));
    let into = |group| AgentEdit { group: Some(Some(group)), ..AgentEdit::default() };
    let serving = |queue| AgentEdit { queues: Some([(queue, Level::Main)].into()), ..AgentEdit::default() };
    // Eve begins to edit it, as dirk did already.
    as_dirk(into(world.group("Late"))).then_names(&["agent.group_set"]);
    as_dirk(serving(help)).then_names(&["agent.level_set"]);
    // Sven begins to see it, as dirk does.
    as_dirk(into(world.group("Night"))).then_names(&["agent.group_set"]);
    // On Care eve would begin to archive it, which dirk may not.
    as_dirk(serving(world.queue("Care")))
        .then_refused(Forbidden::GivesMore { what: "agents.archive".into() });
    let mona = given(&world).as_user("mona").when(AgentCommand::Edit(mine, serving(world.queue("Care"))));
    mona.then_names(&["agent.level_set"]);
}

#[test]
fn nobody_puts_an_agent_where_they_do_not_see() {
    let mut world = world();
    let (day, _) = with_dirk(&mut world);
    let grants = [Grant::new("agents.edit", Scope::All), Grant::new("agents.view", Scope::All)];
    world.add_user_with("edna", 25, &grants);
    let agent = world.add_agent("Agent/1", AgentEdit::default());
    let as_edna = |edit| given(&world).as_user("edna").when(AgentCommand::Edit(agent, edit));
    let missing = |kind| Rejection::Missing(kind);
    as_edna(AgentEdit { group: Some(Some(day)), ..AgentEdit::default() }).then_refused(missing(Kind::Group));
    as_edna(seated(&world)).then_refused(missing(Kind::Group));
    let supervisor = Some(Some(world.user_id("sven")));
    as_edna(AgentEdit { supervisor, ..AgentEdit::default() }).then_refused(missing(Kind::User));
    let queues = Some([(world.queue("Sales"), Level::Main)].into());
    as_edna(AgentEdit { queues, ..AgentEdit::default() }).then_refused(missing(Kind::Queue));
}

#[test]
fn each_change_needs_its_own_right() {
    let mut world = world();
    let agent = world.add_agent("Agent/1", AgentEdit::default());
    let asks: [(AgentCommand, &'static str); 4] = [
        (AgentCommand::Create(coded("Agent/2")), "agents.create"),
        (AgentCommand::Edit(agent, coded("Agent/2")), "agents.edit"),
        (AgentCommand::Archive(agent), "agents.archive"),
        (AgentCommand::RequestErasure(agent), "agents.erase"),
    ];
    for (command, permission) in asks {
        given(&world).as_user("aude").when(command).then_refused(Forbidden::Permission { permission });
    }
}

#[test]
fn each_scope_reaches_the_agents_of_its_places_and_no_other() {
    let expected: [(Scope, [bool; 5]); 10] = [
        (Scope::All, [true; 5]),
        (Scope::Managed, [true, false, false, false, false]),
        (Scope::Group, [false, true, false, false, false]),
        (Scope::Assigned, [false, false, true, true, false]),
        (Scope::AssignedEditor, [false, false, false, true, false]),
        (Scope::Lower, [false; 5]),
        (Scope::Own, [false; 5]),
        (Scope::Unassigned, [false; 5]),
        (Scope::Bot, [false; 5]),
        (Scope::Queues, [false; 5]),
    ];
    for (scope, expected) in expected {
        let mut world = world();
        let who = world.add_user_with("a5", 25, &[Grant::new("agents.view", scope)]);
        let groups = [world.add_group("Led", &[], &[who]), world.add_group("Joined", &[who], &[])];
        let queues = [
            world.add_queue("Served", &[who], &[]),
            world.add_queue("Edited", &[], &[(who, Supervision::Editor)]),
        ];
        let places = [
            AgentEdit { group: Some(Some(groups[0])), ..AgentEdit::default() },
            AgentEdit { group: Some(Some(groups[1])), ..AgentEdit::default() },
            AgentEdit { queues: Some([(queues[0], Level::Wrap)].into()), ..AgentEdit::default() },
            AgentEdit { queues: Some([(queues[1], Level::Main)].into()), ..AgentEdit::default() },
            AgentEdit::default(),
        ];
        let agents = [1, 2, 3, 4, 5].map(|n| world.add_agent(&format!("a{n}"), places[n - 1].clone()));
        let user = world.organization.user(who).unwrap();
        let seen = agents.map(|agent| sees(&world, user, agent.subject(), world.at));
        assert_eq!(seen, expected, "{scope}");
    }
}

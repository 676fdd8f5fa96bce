//! Coming to groups, queues and supervisors, and leaving them.

use super::{coded, seated, update_protected};
use crate::agent::command::AgentCommand;
use crate::agent::rejection::AgentRejection;
use crate::agent::state::Level;
use crate::group::command::GroupCommand;
use crate::kernel::spec::given;
use crate::kernel::spec::world;
use crate::organization::command::Command;
use crate::organization::undo::compensations;
use crate::permission::grant::Grant;
use crate::permission::grant::Scope;
use crate::queue::command::QueueCommand;
use crate::user::command::UserCommand;

#[test]
fn what_a_protected_agent_refers_to_stays_in_use() {
    let mut world = world();
    let agent = world.add_agent("Agent/101", seated(&world));
    world.act(AgentCommand::Edit(agent, update_protected(true)));
    let commands: [Command; 3] = [
        QueueCommand::Archive(world.queue("Sales")).into(),
        GroupCommand::Archive(world.group("Night")).into(),
        UserCommand::Archive(world.user_id("sven")).into(),
    ];
    for command in commands {
        given(&world).as_user("mona").when(command).then_refused(AgentRejection::HeldByProtected(agent));
    }
}

#[test]
fn agents_leave_the_queue_the_group_and_the_supervisor_that_are_put_away() {
    let mut world = world();
    world.add_agent("Agent/101", seated(&world));
    let (sales, night) = (world.queue("Sales"), world.group("Night"));
    let queue = given(&world).as_user("mona").when(QueueCommand::Archive(sales)).accepted();
    given(&world).as_user("mona").when(QueueCommand::Archive(sales)).then(&[
        "queue.agents_changed Sales: agents[anna] anna -> -",
        "queue.supervisor_set Sales: supervisors[sven] viewer -> -",
        "agent.level_set Agent/101: queues[Sales] main -> -",
        "queue.archived Sales: status active -> archived",
    ]);
    given(&world).as_user("mona").when(GroupCommand::Archive(night)).then(&[
        "group.members_changed Night: members[anna] anna -> -",
        "group.supervisors_changed Night: supervisors[sven] sven -> -",
        "agent.group_set Agent/101: group Night -> -",
        "group.archived Night: status active -> archived",
    ]);
    let sven = UserCommand::Archive(world.user_id("sven"));
    given(&world).as_user("mona").when(sven).then_names(&[
        "group.supervisors_changed",
        "queue.supervisor_set",
        "agent.supervisor_set",
        "user.archived",
    ]);
    let undo = Command::Undo(compensations(&queue.events));
    let back = given(&queue.after).as_user("adam").when(undo);
    let back = back.then_names(&[
        "queue.restored",
        "agent.level_set",
        "queue.supervisor_set",
        "queue.agents_changed",
    ]);
    assert_eq!(back.agent_called("Agent/101").unwrap().queues.get(&sales), Some(&Level::Main));
}

#[test]
fn whoever_may_archive_a_group_needs_no_right_over_its_agents() {
    let mut world = world();
    world.add_agent("Agent/101", seated(&world));
    let grants = ["groups.view", "groups.archive"].map(|permission| Grant::new(permission, Scope::All));
    world.add_user_with("gina", 25, &grants);
    given(&world).as_user("gina").when(GroupCommand::Archive(world.group("Night"))).then_names(&[
        "group.members_changed",
        "group.supervisors_changed",
        "agent.group_set",
        "group.archived",
    ]);
}

#[test]
fn an_archived_agent_has_left_everything_and_comes_back_alone() {
    let mut world = world();
    let agent = world.add_agent("Agent/101", seated(&world));
    let archived = given(&world).as_user("mona").when(AgentCommand::Archive(agent)).then(&[
        "agent.level_set Agent/101: queues[Sales] main -> -",
        "agent.group_set Agent/101: group Night -> -",
        "agent.supervisor_set Agent/101: supervisor sven -> -",
        "agent.archived Agent/101: status active -> archived",
    ]);
    let asked = |command| given(&archived).as_user("mona").when(command);
    asked(AgentCommand::Archive(agent)).then_nothing();
    asked(AgentCommand::Edit(agent, coded("Agent/2"))).then_refused(AgentRejection::Archived);
    asked(AgentCommand::Create(coded("Agent/101"))).then_refused(AgentRejection::CodeTaken);
    let restored =
        asked(AgentCommand::Restore(agent)).then(&["agent.restored Agent/101: status archived -> active"]);
    given(&restored).as_user("mona").when(AgentCommand::Restore(agent)).then_nothing();
}

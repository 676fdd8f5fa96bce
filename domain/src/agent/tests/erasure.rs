//! Erasing personal data.

use super::{coded, seated};
use crate::agent::command::AgentCommand;
use crate::agent::command::AgentEdit;
use crate::agent::rejection::AgentRejection;
use crate::kernel::spec::World;
use crate::kernel::spec::given;
use crate::kernel::spec::world;
use crate::organization::rejection::Forbidden;
use crate::permission::grant::Grant;
use crate::permission::grant::Scope;
use crate::user::command::UserCommand;

#[test]
fn an_archived_agent_is_erased_on_request_and_its_code_is_free() {
    let mut world = world();
    let alias = AgentEdit { aliases: Some(vec!["zoe".into()]), ..AgentEdit::default() };
    let agent = world.add_agent("Agent/101", AgentEdit { description: Some("Zoe".into()), ..alias });
    let asks = |world: &World, command| given(world).as_user("adam").when(command);
    asks(&world, AgentCommand::RequestErasure(agent)).then_refused(AgentRejection::NotArchived);
    asks(&world, AgentCommand::ConfirmErasure(agent)).then_refused(AgentRejection::ErasureNotRequested);
    world.act(AgentCommand::Archive(agent));
    let asked = asks(&world, AgentCommand::RequestErasure(agent));
    world.organization = asked.then(&["agent.erasure_requested [erased]"]);
    let erased = world.organization.agent(agent).unwrap();
    assert!(erased.personal().all(|value| value.text() == "[erased]"));
    asks(&world, AgentCommand::RequestErasure(agent)).then_nothing();
    for command in [AgentCommand::Restore(agent), AgentCommand::Edit(agent, coded("x"))] {
        asks(&world, command).then_refused(AgentRejection::Erased);
    }
    asks(&world, AgentCommand::Create(coded("zoe"))).then_names(&["agent.created"]);
    let confirmed = asks(&world, AgentCommand::ConfirmErasure(agent)).then_names(&["agent.erased"]);
    given(&confirmed).as_user("adam").when(AgentCommand::ConfirmErasure(agent)).then_nothing();
}

#[test]
fn erasing_a_user_erases_the_agent_they_signed_in_as_by_its_own_right() {
    let mut world = world();
    let zoe = world.add_user("Agent/101", world.role("Agent"));
    world.add_agent("agent/101", seated(&world));
    world.act(UserCommand::Archive(zoe));
    let erase = || UserCommand::RequestErasure { user: zoe, authored: false };
    given(&world).as_user("adam").when(erase()).then_names(&[
        "agent.level_set",
        "agent.group_set",
        "agent.supervisor_set",
        "agent.archived",
        "agent.erasure_requested",
        "user.erasure_requested",
    ]);
    let grants =
        ["users.view", "users.erase", "agents.archive"].map(|permission| Grant::new(permission, Scope::All));
    world.add_user_with("pia", 45, &grants);
    let needs = Forbidden::Permission { permission: "agents.erase" };
    given(&world).as_user("pia").when(erase()).then_refused(needs);
    let protect = AgentEdit { delete_protected: Some(true), ..AgentEdit::default() };
    world.act(AgentCommand::Edit(world.agent("Agent/101"), protect));
    given(&world).as_user("adam").when(erase()).then_refused(AgentRejection::DeleteProtected);
}

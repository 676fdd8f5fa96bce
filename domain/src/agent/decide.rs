//! The rules of an agent's life.

use super::command::{AgentCommand, AgentEdit};
use super::event::AgentEvent;
use super::names::{aliases, aliases_are_free, code_is_free};
use super::place;
use super::rejection::AgentRejection;
use super::state::{Agent, Erasure};
use crate::kernel::id::{AgentId, KeyId, Kind};
use crate::kernel::personal::Personal;
use crate::kernel::shared::Standing;
use crate::kernel::text;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::queue::decide::lockable;
use crate::user::state::User;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &AgentCommand) -> Result<(), Rejection> {
    match command {
        AgentCommand::Create(new) => create(deciding, new),
        AgentCommand::Edit(agent, edit) => change(deciding, *agent, edit),
        AgentCommand::Archive(agent) => archive(deciding, *agent),
        AgentCommand::Restore(agent) => restore(deciding, *agent),
        AgentCommand::RequestErasure(agent) => request_erasure(deciding, *agent),
        AgentCommand::ConfirmErasure(agent) => confirm_erasure(deciding, *agent),
    }
}

fn create(deciding: &mut Deciding<'_>, new: &AgentEdit) -> Result<(), Rejection> {
    let code = text::code("/code", new.code.as_deref().unwrap_or_default())?;
    let description = text::free("/description", new.description.as_deref().unwrap_or_default())?;
    let aliases = aliases(new.aliases.as_deref().unwrap_or_default())?;
    let location = line("/location", new.location.as_ref())?;
    let payroll_code = line("/payroll_code", new.payroll_code.as_ref())?;
    let extension = extension(new.extension.as_ref())?;
    code_is_free(deciding, None, &code)?;
    aliases_are_free(deciding, None, &aliases)?;
    let visibility_key = new.visibility_key.flatten();
    lockable(deciding, "/visibility_key", visibility_key)?;
    let agent = AgentId(deciding.fresh.uuid());
    let event = AgentEvent::Created {
        agent,
        code: deciding.fresh.personal(&code),
        description: deciding.fresh.personal(&description),
        aliases: personal(deciding, &aliases),
        location,
        payroll_code: payroll_code.map(|code| deciding.fresh.personal(&code)),
        extension: extension.map(|extension| deciding.fresh.personal(&extension)),
        visibility_key,
    };
    deciding.emit(event)?;
    places(deciding, agent, new)?;
    protect(deciding, agent, new)
}

/// A protection that goes, goes first, and one that comes, comes last, so that one request can do both.
fn change(deciding: &mut Deciding<'_>, id: AgentId, edit: &AgentEdit) -> Result<(), Rejection> {
    active(deciding, id)?;
    if edit.update_protected == Some(false) {
        set_update_protected(deciding, id, false)?;
    }
    if let Some(code) = &edit.code {
        change_code(deciding, id, code)?;
    }
    if let Some(description) = &edit.description {
        change_description(deciding, id, description)?;
    }
    if let Some(aliases) = &edit.aliases {
        change_aliases(deciding, id, aliases)?;
    }
    if let Some(location) = &edit.location {
        change_location(deciding, id, location.as_ref())?;
    }
    if let Some(payroll_code) = &edit.payroll_code {
        change_payroll_code(deciding, id, payroll_code.as_ref())?;
    }
    if let Some(extension) = &edit.extension {
        change_extension(deciding, id, extension.as_ref())?;
    }
    if let Some(key) = edit.visibility_key {
        set_visibility_key(deciding, id, key)?;
    }
    places(deciding, id, edit)?;
    protect(deciding, id, edit)
}

fn places(deciding: &mut Deciding<'_>, id: AgentId, edit: &AgentEdit) -> Result<(), Rejection> {
    if let Some(group) = edit.group {
        place::set_group(deciding, id, group)?;
    }
    if let Some(supervisor) = edit.supervisor {
        place::set_supervisor(deciding, id, supervisor)?;
    }
    if let Some(queues) = &edit.queues {
        place::change_queues(deciding, id, queues)?;
    }
    Ok(())
}

fn protect(deciding: &mut Deciding<'_>, id: AgentId, edit: &AgentEdit) -> Result<(), Rejection> {
    if let Some(to) = edit.delete_protected {
        set_delete_protected(deciding, id, to)?;
    }
    if edit.update_protected == Some(true) {
        set_update_protected(deciding, id, true)?;
    }
    Ok(())
}

pub(super) fn change_code(deciding: &mut Deciding<'_>, id: AgentId, code: &str) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let code = text::code("/code", code)?;
    if agent.code.clear() == Some(code.as_str()) {
        return Ok(());
    }
    code_is_free(deciding, Some(id), &code)?;
    let to = deciding.fresh.personal(&code);
    let from = deciding.fresh.personal(agent.code.text());
    touch(deciding, &agent, AgentEvent::CodeChanged { agent: id, from, to })
}

pub(super) fn change_description(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    description: &str,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let description = text::free("/description", description)?;
    if agent.description.clear() == Some(description.as_str()) {
        return Ok(());
    }
    let to = deciding.fresh.personal(&description);
    let from = deciding.fresh.personal(agent.description.text());
    touch(deciding, &agent, AgentEvent::Described { agent: id, from, to })
}

pub(super) fn change_aliases(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    wanted: &[String],
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let wanted = aliases(wanted)?;
    let now: Vec<String> = agent.aliases.iter().map(|alias| alias.text().to_owned()).collect();
    if now == wanted {
        return Ok(());
    }
    aliases_are_free(deciding, Some(id), &wanted)?;
    let (to, from) = (personal(deciding, &wanted), personal(deciding, &now));
    touch(deciding, &agent, AgentEvent::AliasesChanged { agent: id, from, to })
}

pub(super) fn change_location(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: Option<&String>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let to = to.map(|to| text::word("/location", to)).transpose()?;
    let from = agent.location.clone();
    if from == to {
        return Ok(());
    }
    touch(deciding, &agent, AgentEvent::LocationChanged { agent: id, from, to })
}

pub(super) fn change_payroll_code(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: Option<&String>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let to = to.map(|to| text::word("/payroll_code", to)).transpose()?;
    let Some((from, to)) = replaced(deciding, agent.payroll_code.as_ref(), to) else { return Ok(()) };
    touch(deciding, &agent, AgentEvent::PayrollCodeChanged { agent: id, from, to })
}

pub(super) fn change_extension(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: Option<&String>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let to = to.map(|to| text::extension("/extension", to)).transpose()?;
    let Some((from, to)) = replaced(deciding, agent.extension.as_ref(), to) else { return Ok(()) };
    touch(deciding, &agent, AgentEvent::ExtensionChanged { agent: id, from, to })
}

pub(super) fn set_visibility_key(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: Option<KeyId>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    lockable(deciding, "/visibility_key", to)?;
    let from = agent.visibility_key.value;
    if from == to {
        return Ok(());
    }
    touch(deciding, &agent, AgentEvent::VisibilityKeySet { agent: id, from, to })
}

pub(super) fn set_update_protected(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: bool,
) -> Result<(), Rejection> {
    let from = active(deciding, id)?.update_protected;
    if from == to {
        return Ok(());
    }
    deciding.emit(AgentEvent::UpdateProtectionSet { agent: id, from, to })
}

pub(super) fn set_delete_protected(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: bool,
) -> Result<(), Rejection> {
    let from = active(deciding, id)?.delete_protected;
    if from == to {
        return Ok(());
    }
    deciding.emit(AgentEvent::DeleteProtectionSet { agent: id, from, to })
}

/// Archiving emits every removal it causes before the archiving itself.
pub(super) fn archive(deciding: &mut Deciding<'_>, id: AgentId) -> Result<(), Rejection> {
    let agent = existing(deciding, id)?;
    if agent.status == Standing::Archived {
        return Ok(());
    }
    if agent.delete_protected {
        return Err(AgentRejection::DeleteProtected.into());
    }
    if agent.update_protected {
        return Err(AgentRejection::UpdateProtected.into());
    }
    place::leave_all(deciding, &agent)?;
    deciding.emit(AgentEvent::Archived { agent: id, from: Standing::Active, to: Standing::Archived })
}

pub(super) fn restore(deciding: &mut Deciding<'_>, id: AgentId) -> Result<(), Rejection> {
    let agent = existing(deciding, id)?;
    if agent.is_erased() {
        return Err(AgentRejection::Erased.into());
    }
    if agent.status == Standing::Active {
        return Ok(());
    }
    lockable(deciding, "/visibility_key", agent.visibility_key.value)?;
    deciding.emit(AgentEvent::Restored { agent: id, from: Standing::Archived, to: Standing::Active })
}

fn request_erasure(deciding: &mut Deciding<'_>, id: AgentId) -> Result<(), Rejection> {
    let agent = existing(deciding, id)?;
    if agent.is_erased() {
        return Ok(());
    }
    if agent.status != Standing::Archived {
        return Err(AgentRejection::NotArchived.into());
    }
    deciding.emit(AgentEvent::ErasureRequested { agent: id })
}

/// Who is erased as a user is erased as the agent they signed in as: its code is their login.
pub(crate) fn erase_with(deciding: &mut Deciding<'_>, user: &User) -> Result<(), Rejection> {
    let Some(id) = deciding.now.agent_of(user).map(|agent| agent.id) else { return Ok(()) };
    archive(deciding, id)?;
    request_erasure(deciding, id)
}

fn confirm_erasure(deciding: &mut Deciding<'_>, id: AgentId) -> Result<(), Rejection> {
    match existing(deciding, id)?.erasure {
        Erasure::None => Err(AgentRejection::ErasureNotRequested.into()),
        Erasure::Requested => deciding.emit(AgentEvent::Erased { agent: id }),
        Erasure::Done => Ok(()),
    }
}

/// Records a change of an agent's own record, which its protection may forbid.
pub(super) fn touch(deciding: &mut Deciding<'_>, agent: &Agent, event: AgentEvent) -> Result<(), Rejection> {
    if agent.update_protected {
        return Err(AgentRejection::UpdateProtected.into());
    }
    deciding.emit(event)
}

fn existing(deciding: &mut Deciding<'_>, id: AgentId) -> Result<Agent, Rejection> {
    deciding.visit(1)?;
    deciding.now.agents.get(&id).map(|agent| Agent::clone(agent)).ok_or(Rejection::Missing(Kind::Agent))
}

pub(super) fn active(deciding: &mut Deciding<'_>, id: AgentId) -> Result<Agent, Rejection> {
    let agent = existing(deciding, id)?;
    if agent.is_erased() {
        return Err(AgentRejection::Erased.into());
    }
    match agent.status {
        Standing::Active => Ok(agent),
        Standing::Archived => Err(AgentRejection::Archived.into()),
    }
}

fn line(pointer: &str, given: Option<&Option<String>>) -> Result<Option<String>, Rejection> {
    let given = given.and_then(Option::as_deref);
    Ok(given.map(|text| text::word(pointer, text)).transpose()?)
}

fn extension(given: Option<&Option<String>>) -> Result<Option<String>, Rejection> {
    let given = given.and_then(Option::as_deref);
    Ok(given.map(|text| text::extension("/extension", text)).transpose()?)
}

fn personal(deciding: &mut Deciding<'_>, texts: &[String]) -> Vec<Personal> {
    texts.iter().map(|text| deciding.fresh.personal(text)).collect()
}

/// From and to with salts of their own; nothing if they are the same.
fn replaced(
    deciding: &mut Deciding<'_>,
    now: Option<&Personal>,
    to: Option<String>,
) -> Option<(Option<Personal>, Option<Personal>)> {
    if now.map(Personal::text) == to.as_deref() {
        return None;
    }
    let to = to.map(|to| deciding.fresh.personal(&to));
    Some((now.map(|now| deciding.fresh.personal(now.text())), to))
}

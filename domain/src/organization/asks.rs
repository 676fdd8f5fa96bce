//! What a command asks for at all, before any rule runs: a permission, and over what.
//!
//! This is the first door only: whoever does not hold the permission at any scope learns nothing of the
//! rules behind it. Every single change is judged again in [`authorize`](super::authorize).

use super::command::{Command, OrganizationCommand};
use super::state::Organization;
use crate::agent::command::AgentCommand;
use crate::group::command::GroupCommand;
use crate::kernel::id::{ObjectId, Subject};
use crate::key::command::KeyCommand;
use crate::object::command::{ObjectCommand, ObjectEdit};
use crate::permission::catalog::ObjectKind;
use crate::profile::command::ProfileCommand;
use crate::queue::command::QueueCommand;
use crate::role::command::RoleCommand;
use crate::user::command::{Beginnings, UserCommand};

type Ask = (&'static str, Option<Subject>);

pub(super) fn asks(now: &Organization, command: &Command) -> Vec<Ask> {
    match command {
        Command::Organization(OrganizationCommand::Found { .. } | OrganizationCommand::Rename { .. }) => {
            vec![("organization.edit", None)]
        }
        Command::Organization(OrganizationCommand::Transfer { to }) => {
            vec![("organization.transfer", Some(to.subject()))]
        }
        Command::User(UserCommand::TakeOver(_, with)) => taking_over(with),
        Command::User(command) => vec![user(command)],
        Command::Role(command) => vec![role(command)],
        Command::Profile(command) => vec![profile(command)],
        Command::Key(command) => vec![key(command)],
        Command::Queue(command) => vec![queue(command)],
        Command::Group(command) => vec![group(command)],
        Command::Agent(command) => vec![agent(command)],
        Command::Object(command) => vec![object(now, command)],
        Command::Settings(_) => vec![("settings.edit", None)],
        Command::Many(commands) => commands.iter().flat_map(|command| asks(now, command)).collect(),
        Command::Undo(undos) => {
            let subjects = undos.iter().map(|undo| ("rollback.apply", Some(undo.subject)));
            std::iter::once(("rollback.apply", None)).chain(subjects).collect()
        }
    }
}

/// Adding somebody with more than a form has takes the right to each of the changes that it saves.
fn taking_over(with: &Beginnings) -> Vec<Ask> {
    let Beginnings { login_window, keys, masterkey, superuser, blocked } = with;
    let keys = (!keys.is_empty() || *masterkey || *superuser).then_some("users.keys");
    let block = (login_window.is_some() || *blocked).then_some("users.block");
    [Some("users.create"), keys, block].into_iter().flatten().map(|permission| (permission, None)).collect()
}

fn user(command: &UserCommand) -> Ask {
    let permission = match command {
        UserCommand::Create(_) | UserCommand::Invite(..) | UserCommand::TakeOver(..) => "users.create",
        UserCommand::Edit(..) | UserCommand::SetAvatar(..) => "users.edit",
        UserCommand::AssignRole(..) => "users.role",
        UserCommand::AssignProfile(..) | UserCommand::SetCustomProfile(..) | UserCommand::SetElements(..) => {
            "users.profile"
        }
        UserCommand::SetKeys(..) | UserCommand::SetMasterkey(..) | UserCommand::SetSuperuser(..) => {
            "users.keys"
        }
        UserCommand::SetLoginWindow(..)
        | UserCommand::Activate(_)
        | UserCommand::Block(_)
        | UserCommand::Unblock(_)
        | UserCommand::LockOut { .. } => "users.block",
        UserCommand::Archive(_) | UserCommand::Restore(_) => "users.archive",
        UserCommand::SetPassword(..)
        | UserCommand::MakePasswordLink(..)
        | UserCommand::SetByLink { .. }
        | UserCommand::SetTwoFactor { .. }
        | UserCommand::RemoveTwoFactor(_)
        | UserCommand::UseRecoveryCode(..) => "users.password",
        UserCommand::CreateApiKey(..)
        | UserCommand::RevokeApiKey(_)
        | UserCommand::CreateToken { .. }
        | UserCommand::RevokeToken(..) => "users.api_key",
        UserCommand::RequestErasure { .. } | UserCommand::ConfirmErasure { .. } => "users.erase",
    };
    (permission, command.user().map(|user| user.subject()))
}

fn role(command: &RoleCommand) -> Ask {
    let permission = match command {
        RoleCommand::Create(_) => "roles.create",
        RoleCommand::Edit(..) => "roles.edit",
        RoleCommand::Archive(_) | RoleCommand::Restore(_) => "roles.archive",
    };
    (permission, command.role().map(|role| role.subject()))
}

fn profile(command: &ProfileCommand) -> Ask {
    let permission = match command {
        ProfileCommand::Create(_) => "profiles.create",
        ProfileCommand::Edit(..) => "profiles.edit",
        ProfileCommand::Archive(_) | ProfileCommand::Restore(_) => "profiles.archive",
    };
    (permission, command.profile().map(|profile| profile.subject()))
}

fn key(command: &KeyCommand) -> Ask {
    let permission = match command {
        KeyCommand::Create(_) => "keys.create",
        KeyCommand::Edit(..) => "keys.edit",
        KeyCommand::Archive(_) | KeyCommand::Restore(_) => "keys.archive",
    };
    (permission, command.key().map(|key| key.subject()))
}

fn queue(command: &QueueCommand) -> Ask {
    let permission = match command {
        QueueCommand::Create(_) => "queues.create",
        QueueCommand::Edit(..) => "queues.edit",
        QueueCommand::Archive(_) | QueueCommand::Restore(_) => "queues.archive",
    };
    (permission, command.queue().map(|queue| queue.subject()))
}

fn group(command: &GroupCommand) -> Ask {
    let permission = match command {
        GroupCommand::Create(_) => "groups.create",
        GroupCommand::Edit(..) => "groups.edit",
        GroupCommand::Archive(_) | GroupCommand::Restore(_) => "groups.archive",
    };
    (permission, command.group().map(|group| group.subject()))
}

fn agent(command: &AgentCommand) -> Ask {
    let permission = match command {
        AgentCommand::Create(_) => "agents.create",
        AgentCommand::Edit(..) => "agents.edit",
        AgentCommand::Archive(_) | AgentCommand::Restore(_) => "agents.archive",
        AgentCommand::RequestErasure(_) | AgentCommand::ConfirmErasure(_) => "agents.erase",
    };
    (permission, command.agent().map(|agent| agent.subject()))
}

/// By what an object's kind says; each use is judged by the right over what uses it.
fn object(now: &Organization, command: &ObjectCommand) -> Ask {
    let kind_of = |object: &ObjectId| now.object_kind(*object);
    match command {
        ObjectCommand::Create(new) => {
            let kind = new.kind.as_deref().and_then(|kind| now.catalog.object(kind));
            (kind.map_or("objects.create", ObjectKind::may_create), None)
        }
        ObjectCommand::Edit(object, edit) => {
            let permission = match (kind_of(object), is_contents_alone(edit)) {
                (Some(kind), true) => kind.may_change_contents(),
                (Some(kind), false) => kind.may_edit(),
                (None, _) => "objects.edit",
            };
            (permission, Some(object.subject()))
        }
        ObjectCommand::SetUse(object, ..) => ("objects.view", Some(object.subject())),
        ObjectCommand::Archive(object) | ObjectCommand::Restore(object) => {
            let permission = kind_of(object).map_or("objects.archive", ObjectKind::may_archive);
            (permission, Some(object.subject()))
        }
    }
}

fn is_contents_alone(edit: &ObjectEdit) -> bool {
    *edit == ObjectEdit { contents: edit.contents.clone(), ..ObjectEdit::default() }
        && edit.contents.is_some()
}

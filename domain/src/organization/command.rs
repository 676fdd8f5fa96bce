//! What can be asked of an organization: one variant per entity, several at once, and undoing.

use crate::agent::command::AgentCommand;
use crate::group::command::GroupCommand;
use crate::kernel::id::{Subject, UserId};
use crate::key::command::KeyCommand;
use crate::object::command::ObjectCommand;
use crate::profile::command::ProfileCommand;
use crate::queue::command::QueueCommand;
use crate::role::command::RoleCommand;
use crate::settings::command::SettingsCommand;
use crate::user::command::UserCommand;
use crate::user::password::NewPassword;
use serde_json::Value;

/// What someone asks. References are ids; names are resolved at the edge, since ids never go away.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// About the organization itself.
    Organization(OrganizationCommand),
    /// About a user.
    User(UserCommand),
    /// About a role.
    Role(RoleCommand),
    /// About a profile.
    Profile(ProfileCommand),
    /// About a key.
    Key(KeyCommand),
    /// About a queue or campaign.
    Queue(QueueCommand),
    /// About a group.
    Group(GroupCommand),
    /// About an agent.
    Agent(AgentCommand),
    /// About an object.
    Object(ObjectCommand),
    /// About the settings.
    Settings(SettingsCommand),
    /// All or nothing, in this order.
    Many(Vec<Command>),
    /// Bring fields back to earlier values, all or nothing; the apply of a rollback.
    Undo(Vec<Undo>),
}

/// About the organization itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationCommand {
    /// Found it: catalog, built-in roles and keys, and its owner. Only the operator may.
    Found {
        /// Its name.
        name: String,
        /// The catalog it starts from.
        catalog: String,
        /// The owner's login.
        owner_login: String,
        /// The owner's name.
        owner_name: String,
        /// The owner's e-mail address.
        owner_email: Option<String>,
        /// The owner's first password, if one was stored.
        password: Option<NewPassword>,
    },
    /// Pass it on: exchange roles with a user of lower rank.
    Transfer {
        /// Who takes the asker's role.
        to: UserId,
    },
    /// Rename it.
    Rename {
        /// The new name.
        name: String,
    },
}

/// One field or element to bring to a value it had.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// Whose field.
    pub subject: Subject,
    /// Which field, by its name in the API; `status` also stands for creation and archiving.
    pub field: String,
    /// Which element, where the field is a set or map.
    pub element: Option<String>,
    /// The value it shall have; null: none. Personal values are in their marked form.
    pub to: Value,
}

impl From<OrganizationCommand> for Command {
    fn from(command: OrganizationCommand) -> Self {
        Self::Organization(command)
    }
}

impl From<UserCommand> for Command {
    fn from(command: UserCommand) -> Self {
        Self::User(command)
    }
}

impl From<RoleCommand> for Command {
    fn from(command: RoleCommand) -> Self {
        Self::Role(command)
    }
}

impl From<ProfileCommand> for Command {
    fn from(command: ProfileCommand) -> Self {
        Self::Profile(command)
    }
}

impl From<KeyCommand> for Command {
    fn from(command: KeyCommand) -> Self {
        Self::Key(command)
    }
}

impl From<QueueCommand> for Command {
    fn from(command: QueueCommand) -> Self {
        Self::Queue(command)
    }
}

impl From<GroupCommand> for Command {
    fn from(command: GroupCommand) -> Self {
        Self::Group(command)
    }
}

impl From<AgentCommand> for Command {
    fn from(command: AgentCommand) -> Self {
        Self::Agent(command)
    }
}

impl From<ObjectCommand> for Command {
    fn from(command: ObjectCommand) -> Self {
        Self::Object(command)
    }
}

impl From<SettingsCommand> for Command {
    fn from(command: SettingsCommand) -> Self {
        Self::Settings(command)
    }
}

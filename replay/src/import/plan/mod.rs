//! What a row asks for, on the organization as it is: a command as anybody might give it.
//!
//! Only what is not so already is asked for, so that whoever may not change a thing may import what leaves it alone.
//! Nothing is taken away because a file does not name it.

mod things;
mod user;

use super::record::{Columns, Password, Record};
use super::report::RowError;
use rollbook_domain::kernel::id::{Kind, RoleId};
use rollbook_domain::kernel::rejection::Refusal as _;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::password::NewPassword;
use std::fmt;
use things::Naming;
use user::Planning;
use uuid::Uuid;

/// The organization as whoever imports knows it.
pub struct Eyes<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// What a name means to them; nothing, where they may not see it.
    pub find: &'a dyn Fn(Kind, &str) -> Option<Uuid>,
    /// The role of a new user whose row names none.
    pub role: Option<RoleId>,
}

impl fmt::Debug for Eyes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eyes").field("role", &self.role).finish_non_exhaustive()
    }
}

/// What a row asks for.
#[derive(Debug)]
pub struct Step {
    /// To be submitted; none where everything is as the file says.
    pub command: Option<Command>,
    /// Whether it adds something.
    pub is_new: bool,
    /// The password to store with it.
    pub password: Option<Password>,
}

impl Step {
    fn new(command: Command) -> Self {
        Self { command: Some(command), is_new: true, password: None }
    }

    fn change(command: Command) -> Self {
        Self { command: Some(command), is_new: false, password: None }
    }

    /// Takes the password that was stored for whom it adds.
    pub fn set_password(&mut self, stored: NewPassword) {
        if let Some(Command::User(UserCommand::TakeOver(new, _))) = &mut self.command {
            new.password = Some(stored);
        }
    }
}

/// What a row asks for, or what is wrong with it.
///
/// # Errors
/// What is wrong, by the file's own names for its fields.
pub fn plan(eyes: &Eyes<'_>, row: u32, record: &Record) -> Result<Step, Vec<RowError>> {
    let naming = Naming { eyes, row, columns: record.columns() };
    let step = match record {
        Record::Key(key) => Ok(naming.key(key)),
        Record::Role(role) => naming.role(role),
        Record::User(user) => Planning { eyes, row, user }.step(),
        Record::Queue(queue) => naming.queue(queue),
        Record::Group(group) => naming.group(group),
        Record::Agent(agent) => naming.agent(agent),
    };
    step.map_err(|error| vec![error])
}

/// What the rules say against a row, by the file's own names for its fields.
#[must_use]
pub fn refused(row: u32, columns: Columns, rejection: &Rejection) -> Vec<RowError> {
    if let Rejection::Invalid(errors) = rejection {
        let told = errors.iter();
        return told
            .map(|error| RowError::new(row, &columns.of(&error.pointer), &error.code, &error.detail))
            .collect();
    }
    let field = match rejection.code() {
        "login_taken" => columns.of("login"),
        "email_taken" => columns.of("email"),
        "profile_required" | "profile_and_custom_profile" => columns.of("profile"),
        _ => String::new(),
    };
    vec![RowError::new(row, &field, rejection.code(), &rejection.to_string())]
}

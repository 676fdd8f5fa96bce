//! What the rows of a file say, whatever the product: only what is said is there, and nothing is filled in.

use super::report::{Note, RowError};
use rollbook_domain::kernel::moment::Moment;
use std::fmt;

/// A file that was read.
#[derive(Debug, Default)]
pub struct Found {
    /// Its rows, those first on which others depend.
    pub rows: Vec<Row>,
    /// What in it was not taken, and how it was understood.
    pub notes: Vec<Note>,
}

/// One row of a file.
#[derive(Debug)]
pub struct Row {
    /// Its number: the row of a spreadsheet, the line of a text on which it begins.
    pub number: u32,
    /// What it says, or what is wrong with it.
    pub record: Result<Record, Vec<RowError>>,
}

impl Row {
    /// Rows of a stage may name what rows of an earlier one added, and nothing of their own.
    #[must_use]
    pub fn stage(&self) -> u8 {
        match &self.record {
            Ok(Record::User(_)) => 1,
            Err(_) => 0,
        }
    }
}

/// What one row says.
#[derive(Debug)]
pub enum Record {
    /// A user.
    User(Box<UserRecord>),
}

/// A user as a file has them. What is not said stays as it is.
#[derive(Debug, Default)]
pub struct UserRecord {
    /// The login.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The role's name.
    pub role: Option<String>,
    /// The profile's name.
    pub profile: Option<String>,
    /// What the product calls having no profile; a profile that is called so goes before.
    pub no_profile: Option<&'static str>,
    /// From when the user may sign in.
    pub from: Option<Moment>,
    /// Until when.
    pub until: Option<Moment>,
    /// Own keys as they are written, a minus before what is taken away.
    pub keys: Option<Vec<String>>,
    /// Whether the masterkey is set.
    pub masterkey: Option<bool>,
    /// Whether superuser is set.
    pub superuser: Option<bool>,
    /// Whether the user is let in at all.
    pub enabled: Option<bool>,
    /// A first password, for a user who is not there yet.
    pub password: Option<Password>,
    /// What the file calls each field.
    pub columns: Columns,
}

impl UserRecord {
    /// Whether a profile of that name stands for having none.
    pub(super) fn is_no_profile(&self, name: &str) -> bool {
        self.no_profile.is_some_and(|none| none.eq_ignore_ascii_case(name))
    }
}

/// What a file calls a field that the API calls otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns(pub &'static [(&'static str, &'static str)]);

impl Columns {
    /// The file's name for the field at this pointer; the pointer's own where the file has none.
    pub(super) fn of(self, pointer: &str) -> String {
        let pointer = pointer.trim_start_matches('/');
        let field = pointer.split('/').next().unwrap_or(pointer);
        let named = self.0.iter().find(|(ours, _)| *ours == field);
        named.map_or(field, |(_, theirs)| theirs).to_owned()
    }
}

/// A password in clear, which no message and no log shows.
#[derive(Clone)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

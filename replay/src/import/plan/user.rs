//! What a row about a user asks for.

use super::things::Naming;
use super::{Eyes, Step};
use crate::import::record::UserRecord;
use crate::import::report::RowError;
use rollbook_domain::kernel::id::{KeyId, Kind, ProfileId, RoleId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::{Beginnings, NewUser, UserCommand, UserEdit};
use rollbook_domain::user::state::{KeyEntry, Status, User};
use rollbook_domain::user::window::LoginWindow;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) struct Planning<'a> {
    pub(super) eyes: &'a Eyes<'a>,
    pub(super) row: u32,
    pub(super) user: &'a UserRecord,
}

impl Planning<'_> {
    pub(super) fn step(&self) -> Result<Step, RowError> {
        let found = (self.eyes.find)(Kind::User, &self.user.login);
        // No login is an id, and an id is no login.
        let found = found.filter(|id| Uuid::parse_str(&self.user.login) != Ok(*id));
        match found.and_then(|id| self.eyes.organization.user(UserId(id))) {
            Some(user) => self.change(user),
            None => self.create(),
        }
    }

    fn error(&self, field: &str, code: &str, detail: &str) -> RowError {
        RowError::new(self.row, &self.user.columns.of(field), code, detail)
    }

    fn create(&self) -> Result<Step, RowError> {
        let UserRecord { login, name, email, from, until, .. } = self.user;
        let role = match self.role()? {
            Some(role) => role,
            None => self.eyes.role.ok_or_else(|| {
                self.error("role", "no_such_role", "there is no role that a new user could have")
            })?,
        };
        let new = NewUser {
            login: login.clone(),
            name: name.clone(),
            email: email.clone(),
            role,
            profile: self.profile()?.flatten(),
            status: Status::Active,
            password: None,
            details: rollbook_domain::user::detail::Details::new(),
        };
        let login_window = (from.is_some() || until.is_some()).then_some(LoginWindow {
            from: *from,
            until: *until,
            hours: None,
        });
        let with = Beginnings {
            login_window,
            keys: self.keys()?.unwrap_or_default(),
            masterkey: self.user.masterkey.unwrap_or(false),
            superuser: self.user.superuser.unwrap_or(false),
            blocked: self.user.enabled == Some(false),
        };
        let command = Command::User(UserCommand::TakeOver(new, with));
        Ok(Step { command: Some(command), is_new: true, password: self.user.password.clone() })
    }

    fn change(&self, user: &User) -> Result<Step, RowError> {
        if user.status.value == Status::Archived {
            let detail = "this user is archived; restore them first";
            return Err(self.error("login", "status_forbids", detail));
        }
        let mut commands = Vec::new();
        commands.extend(self.edit(user));
        let role = self.role()?.filter(|role| *role != user.role.value);
        commands.extend(role.map(|role| UserCommand::AssignRole(user.id, role)));
        let profile = self.profile()?.filter(|profile| *profile != user.profile.value);
        commands.extend(profile.map(|profile| UserCommand::AssignProfile(user.id, profile)));
        let now: BTreeSet<KeyEntry> = user.keys.iter().copied().collect();
        let keys = self.keys()?.filter(|keys| keys.iter().copied().collect::<BTreeSet<_>>() != now);
        commands.extend(keys.map(|keys| UserCommand::SetKeys(user.id, keys)));
        let masterkey = self.user.masterkey.filter(|to| *to != user.masterkey.value);
        commands.extend(masterkey.map(|to| UserCommand::SetMasterkey(user.id, to)));
        let superuser = self.user.superuser.filter(|to| *to != user.superuser.value);
        commands.extend(superuser.map(|to| UserCommand::SetSuperuser(user.id, to)));
        commands.extend(self.window(user));
        commands.extend(self.bar(user));
        let commands: Vec<_> = commands.into_iter().map(Command::User).collect();
        let command = (!commands.is_empty()).then_some(Command::Many(commands));
        Ok(Step { command, is_new: false, password: None })
    }

    fn edit(&self, user: &User) -> Option<UserCommand> {
        let UserRecord { name, email, .. } = self.user;
        let name = Some(name.clone()).filter(|name| user.name.clear() != Some(name.as_str()));
        let known = user.email.as_ref().and_then(|email| email.clear());
        let email = email.clone().filter(|email| known != Some(email.as_str()));
        let edit = UserEdit { name, email: email.map(Some), ..UserEdit::default() };
        (edit != UserEdit::default()).then_some(UserCommand::Edit(user.id, edit))
    }

    fn window(&self, user: &User) -> Option<UserCommand> {
        let now = user.login_window.as_ref().map(|window| window.value.clone());
        let UserRecord { from, until, .. } = self.user;
        let mut wanted = now.clone().unwrap_or_default();
        wanted.from = from.or(wanted.from);
        wanted.until = until.or(wanted.until);
        let is_other = wanted != now.unwrap_or_default();
        is_other.then_some(UserCommand::SetLoginWindow(user.id, Some(wanted)))
    }

    fn bar(&self, user: &User) -> Option<UserCommand> {
        match (self.user.enabled?, user.status.value) {
            (false, Status::Active | Status::Invited) => Some(UserCommand::Block(user.id)),
            (true, Status::Blocked) => Some(UserCommand::Unblock(user.id)),
            (true | false, _) => None,
        }
    }

    fn named(&self, kind: Kind, field: &str, name: &str) -> Result<Uuid, RowError> {
        let Self { eyes, row, user } = self;
        Naming { eyes, row: *row, columns: user.columns }.named(kind, field, name)
    }

    fn role(&self) -> Result<Option<RoleId>, RowError> {
        let role = self.user.role.as_deref();
        role.map(|name| self.named(Kind::Role, "role", name).map(RoleId)).transpose()
    }

    fn profile(&self) -> Result<Option<Option<ProfileId>>, RowError> {
        let Some(name) = &self.user.profile else { return Ok(None) };
        match self.named(Kind::Profile, "profile", name) {
            Ok(id) => Ok(Some(Some(ProfileId(id)))),
            Err(_) if self.user.is_no_profile(name) => Ok(Some(None)),
            Err(error) => Err(error),
        }
    }

    fn keys(&self) -> Result<Option<Vec<KeyEntry>>, RowError> {
        let entry = |text: &String| {
            let (minus, name) = text.strip_prefix('-').map_or((false, text.as_str()), |name| (true, name));
            self.named(Kind::Key, "keys", name).map(|key| KeyEntry { key: KeyId(key), minus })
        };
        self.user.keys.as_ref().map(|keys| keys.iter().map(entry).collect()).transpose()
    }
}

//! How a product's story is told: day by day, each change some minutes after the one before.

use crate::cli::Failure;
use crate::demo::build::{Scene, Stage, email};
use crate::demo::cast::Person;
use crate::demo::folder::Login;
use crate::demo::times::Times;
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::id::{GroupId, KeyId, Kind, ProfileId, QueueId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::state::{KeyEntry, Status};
use std::cell::Cell;

/// The story of one organization.
pub(super) struct Tale<'a> {
    stage: &'a Stage,
    times: Times,
    organization: &'a str,
    /// Days back from now, and minutes since nine in the morning.
    at: Cell<(i64, i64)>,
}

impl<'a> Tale<'a> {
    /// The first day.
    pub(super) fn begin(stage: &'a Stage, times: Times, organization: &'a str) -> Self {
        Self { stage, times, organization, at: Cell::new((crate::demo::story::DAYS, 0)) }
    }

    /// Goes on so many days before now.
    pub(super) fn days_ago(&self, days: i64) {
        self.at.set((days, 0));
    }

    /// Goes on last Tuesday.
    pub(super) fn last_tuesday(&self) {
        self.days_ago(self.times.days_since_tuesday());
    }

    /// A day as a moment, some days before now or, negative, after.
    pub(super) fn midnight(&self, days: i64) -> Moment {
        self.times.ago(days, 0, 0)
    }

    fn next(&self) -> Moment {
        let (days, minutes) = self.at.get();
        self.at.set((days, minutes + 4));
        self.times.ago(days, 9, minutes)
    }

    fn scene<'r>(&self, by: Person, reason: &'r str) -> Scene<'r> {
        Scene { by, at: self.next(), reason, ticket: None }
    }

    /// Somebody changes something, with a reason or without (an empty one).
    pub(super) async fn act(
        &self,
        by: Person,
        reason: &str,
        command: impl Into<Command>,
    ) -> Result<(), Failure> {
        self.stage.act(self.scene(by, reason), command.into()).await
    }

    /// Somebody is added.
    pub(super) async fn hire(
        &self,
        by: Person,
        person: Person,
        role: &str,
        profile: Option<&str>,
    ) -> Result<(), Failure> {
        self.act(by, "", Command::User(UserCommand::Create(self.new_user(person, role, profile)?))).await
    }

    /// People are added, one every other day from that day on.
    pub(super) async fn newcomers(
        &self,
        by: Person,
        days: i64,
        people: &[Person],
        (role, profile): (&str, Option<&str>),
    ) -> Result<(), Failure> {
        for (nth, person) in (0..).zip(people) {
            self.days_ago(days - 2 * nth);
            self.hire(by, *person, role, profile).await?;
        }
        Ok(())
    }

    /// Somebody goes for good.
    pub(super) async fn leaves(&self, by: Person, person: Person) -> Result<(), Failure> {
        self.act(by, "Last day", Command::User(UserCommand::Archive(self.user(person)?))).await
    }

    /// Somebody is added with a password, which is remembered.
    pub(super) async fn hire_known(
        &self,
        by: Person,
        person: Person,
        role: &str,
        profile: Option<&str>,
    ) -> Result<Login, Failure> {
        let new = self.new_user(person, role, profile)?;
        self.stage.add(self.scene(by, ""), &role.to_lowercase(), person, new).await
    }

    fn new_user(&self, person: Person, role: &str, profile: Option<&str>) -> Result<NewUser, Failure> {
        Ok(NewUser {
            login: person.0.to_owned(),
            name: person.1.to_owned(),
            // `Agent/101` is no part of an address.
            email: (!person.0.contains('/')).then(|| email(person, self.organization)),
            role: RoleId(self.stage.find(Kind::Role, role)?),
            profile: profile.map(|name| self.profile(name)).transpose()?,
            status: Status::Active,
            password: None,
            details: rollbook_domain::user::detail::Details::new(),
        })
    }

    /// Somebody gets a new password, which is remembered.
    pub(super) async fn password(&self, by: Person, role: &str, person: Person) -> Result<Login, Failure> {
        self.stage.password(self.scene(by, "The old one is about to expire"), role, person).await
    }

    /// Somebody's own keys: `"A B -C"`.
    pub(super) async fn keys(
        &self,
        by: Person,
        reason: &str,
        whose: Person,
        text: &str,
    ) -> Result<(), Failure> {
        let entry = |word: &str| {
            let (minus, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
            Ok(KeyEntry { key: self.key(name)?, minus })
        };
        let entries = text.split_whitespace().map(entry).collect::<Result<_, Failure>>()?;
        self.act(by, reason, Command::User(UserCommand::SetKeys(self.user(whose)?, entries))).await
    }

    /// A profile is added.
    pub(super) async fn add_profile(
        &self,
        by: Person,
        name: &str,
        about: &str,
        grants: Grants,
    ) -> Result<(), Failure> {
        let edit = ProfileEdit {
            name: Some(name.to_owned()),
            description: Some(about.to_owned()),
            grants: Some(grants),
            ..ProfileEdit::default()
        };
        self.act(by, "", Command::Profile(ProfileCommand::Create(edit))).await
    }

    /// A profile grants something else.
    pub(super) async fn edit_profile(
        &self,
        by: Person,
        reason: &str,
        name: &str,
        grants: Grants,
    ) -> Result<(), Failure> {
        let edit = ProfileEdit { grants: Some(grants), ..ProfileEdit::default() };
        self.act(by, reason, Command::Profile(ProfileCommand::Edit(self.profile(name)?, edit))).await
    }

    /// A queue is added.
    pub(super) async fn add_queue(&self, by: Person, name: &str, edit: QueueEdit) -> Result<(), Failure> {
        let edit = QueueEdit { name: Some(name.to_owned()), ..edit };
        self.act(by, "", Command::Queue(QueueCommand::Create(edit))).await
    }

    /// A group is added.
    pub(super) async fn add_group(&self, by: Person, name: &str, edit: GroupEdit) -> Result<(), Failure> {
        let edit = GroupEdit { name: Some(name.to_owned()), ..edit };
        self.act(by, "", Command::Group(GroupCommand::Create(edit))).await
    }

    /// Settings change.
    pub(super) async fn set(
        &self,
        by: Person,
        reason: &str,
        all: &[(Setting, SettingValue)],
    ) -> Result<(), Failure> {
        let set = SettingsCommand::Set(all.iter().cloned().collect());
        self.act(by, reason, Command::Settings(set)).await
    }

    pub(super) fn user(&self, person: Person) -> Result<UserId, Failure> {
        self.stage.user(person)
    }

    pub(super) fn users(&self, people: &[Person]) -> Result<Vec<UserId>, Failure> {
        people.iter().map(|person| self.user(*person)).collect()
    }

    pub(super) fn role(&self, name: &str) -> Result<RoleId, Failure> {
        self.stage.find(Kind::Role, name).map(RoleId)
    }

    pub(super) fn profile(&self, name: &str) -> Result<ProfileId, Failure> {
        self.stage.find(Kind::Profile, name).map(ProfileId)
    }

    pub(super) fn key(&self, name: &str) -> Result<KeyId, Failure> {
        self.stage.find(Kind::Key, name).map(KeyId)
    }

    pub(super) fn queue(&self, name: &str) -> Result<QueueId, Failure> {
        self.stage.find(Kind::Queue, name).map(QueueId)
    }

    pub(super) fn queues(&self, names: &[&str]) -> Result<Vec<QueueId>, Failure> {
        names.iter().map(|name| self.queue(name)).collect()
    }

    pub(super) fn group(&self, name: &str) -> Result<GroupId, Failure> {
        self.stage.find(Kind::Group, name).map(GroupId)
    }
}

/// Grants that reach everything.
pub(super) fn all(names: &[&str]) -> Grants {
    names.iter().map(|name| Grant::new(name, Scope::All)).collect()
}

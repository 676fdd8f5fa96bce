//! Who may make a change: judged over the events a command makes, on the state before it.
//!
//! Design §2, "Granting": one may give only what one holds, to whom one may manage, and nobody changes their
//! own access, unless the catalog says `access.grant_any`. What an event gives is said in `gifts`.

use super::caused;
use super::command::Command;
use super::gifts;
use super::group_settings;
use super::rejection::{Forbidden, Rejection};
use super::state::Organization;
use super::transfer;
use super::visible;
use crate::event::Event;
use crate::kernel::context::{Actor, Context};
use crate::kernel::id::{Kind, ObjectId, RoleId, Subject, UserId};
use crate::kernel::moment::Moment;
use crate::object::command::Use;
use crate::object::rejection::{NAMED_MAX, ObjectRejection};
use crate::object::rights as object_rights;
use crate::permission::catalog::ObjectKind;
use crate::permission::cover;
use crate::permission::facts::{Facts, Target, Targets};
use crate::permission::reason::{Effect, Reason};
use crate::permission::resolve::{self, Question};
use crate::user::link::is_by_link;
use crate::user::password;
use crate::user::state::User;
use std::collections::BTreeSet;
use std::fmt;

/// What allowed a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Authority {
    /// A grant, as the resolver names it.
    Grant {
        /// The permission that was needed.
        permission: &'static str,
        /// Why it was held.
        reason: Reason,
    },
    /// What every user may do to themselves.
    Oneself,
    /// The operator at the server's command line.
    Operator,
    /// Rollbook itself.
    System,
}

impl fmt::Display for Authority {
    /// As in an entry's metadata: `users.role by role Owner since 7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant { permission, reason } => {
                let Reason { source, name, position, .. } = reason;
                write!(f, "{permission} by {} {name} since {position}", source.word())
            }
            Self::Oneself => f.write_str("oneself"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

/// What one event needs its actor to be allowed.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    pub(crate) permission: &'static str,
    subject: Option<Subject>,
    role: Option<RoleId>,
    field: Option<&'static str>,
    section: Option<&'static str>,
    action: Option<&'static str>,
    object: Option<&'static ObjectKind>,
    ranked: bool,
    new_rank: Option<u16>,
    not_oneself: bool,
    free_for_oneself: bool,
}

impl Right {
    /// A permission over nothing in particular.
    pub(crate) fn new(permission: &'static str) -> Self {
        Self {
            permission,
            subject: None,
            role: None,
            field: None,
            section: None,
            action: None,
            object: None,
            ranked: false,
            new_rank: None,
            not_oneself: false,
            free_for_oneself: false,
        }
    }

    /// A permission over `subject`.
    pub(crate) fn over(permission: &'static str, subject: Subject) -> Self {
        Self { subject: Some(subject), ..Self::new(permission) }
    }

    /// The role that is given.
    pub(crate) fn with_role(self, role: RoleId) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The field that is touched.
    pub(crate) fn field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// The section that is touched.
    pub(crate) fn section(self, section: &'static str) -> Self {
        Self { section: Some(section), ..self }
    }

    /// What is done to an object of this kind: `create`, `edit` or `delete`, or the product's word for it.
    pub(crate) fn of_object(self, kind: &'static ObjectKind, action: &'static str) -> Self {
        Self { object: Some(kind), section: Some(&kind.kind), action: Some(action), ..self }
    }

    /// Users and roles concerned must be of strictly lower rank than the actor (or be the actor).
    pub(crate) fn ranked(self) -> Self {
        Self { ranked: true, ..self }
    }

    /// A role gets this rank, which must be lower than the actor's.
    pub(crate) fn rank_of_new_role(self, rank: u16) -> Self {
        Self { new_rank: Some(rank), ..self }
    }

    /// Not over oneself, nor over a role or profile one holds.
    pub(crate) fn not_oneself(self) -> Self {
        Self { not_oneself: true, ..self }
    }

    /// Everybody may do it to themselves: set a password, unless the catalog asks for a permission.
    pub(crate) fn free_for_oneself(self) -> Self {
        Self { free_for_oneself: true, ..self }
    }
}

fn right(event: &Event, after: &Organization) -> Right {
    match event {
        Event::Organization(_) => Right::new("organization.edit"),
        Event::User(event) => crate::user::rights::right(event),
        Event::Role(event) => crate::role::rights::right(event),
        Event::Profile(event) => crate::profile::rights::right(event),
        Event::Key(event) => crate::key::rights::right(event),
        Event::Queue(event) => crate::queue::rights::right(event),
        Event::Group(event) => crate::group::rights::right(event),
        Event::Agent(event) => crate::agent::rights::right(event),
        Event::Object(event) => object_rights::right(event, after),
        Event::Settings(event) => crate::settings::rights::right(event),
    }
}

/// Judges every event; the authority of each, or the first refusal.
pub(super) fn authorize(
    (before, after): (&Organization, &Organization),
    context: &Context,
    command: &Command,
    events: &[Event],
) -> Result<Vec<Authority>, Rejection> {
    if is_by_link(context, command) {
        return Ok(vec![Authority::Oneself; events.len()]);
    }
    let asker = match context.actor {
        Actor::Operator => return Ok(vec![Authority::Operator; events.len()]),
        Actor::System => return Ok(vec![Authority::System; events.len()]),
        Actor::User(user) | Actor::ApiKey { user, .. } | Actor::Token { user, .. } => {
            active(before, user, context.at)?
        }
    };
    let any = cover::may_grant_any(before, asker);
    let put_away = caused::put_away(events);
    let judge = Judge { before, after, context, asker, any, put_away, events };
    events.iter().map(|event| judge.event(event)).collect()
}

struct Judge<'a> {
    before: &'a Organization,
    after: &'a Organization,
    context: &'a Context,
    asker: &'a User,
    any: bool,
    put_away: BTreeSet<Subject>,
    events: &'a [Event],
}

impl Judge<'_> {
    fn event(&self, event: &Event) -> Result<Authority, Rejection> {
        let right = caused::by_putting_away(self.before, event, &self.put_away)
            .or_else(|| transfer::by_transfer(self.before, self.asker.id, event, self.events))
            .unwrap_or_else(|| right(event, self.after));
        self.names_what_is_seen(event)?;
        let oneself = right.subject == Some(self.asker.id.subject());
        if !self.any {
            self.own_access(&right)?;
            self.rank(&right, oneself)?;
            let gifts = gifts::gifts(event, (self.before, self.after, self.asker.id));
            gifts.check(self.before, self.after, self.asker)?;
            group_settings::check(event, (self.before, self.after), self.asker, self.context.at)?;
        }
        if !(oneself && right.free_for_oneself) {
            return self.permission(&right);
        }
        match password::own_takes(self.before, self.asker, self.context.at) {
            Some(permission) => self.permission(&Right::new(permission)),
            None => Ok(Authority::Oneself),
        }
    }

    /// Nobody is posted, no agent put into a group or queue, and no queue made part of another, by one who may not see
    /// them. Composing a queue takes the right to change its parts too, since whoever opens the whole sees them.
    fn names_what_is_seen(&self, event: &Event) -> Result<(), Rejection> {
        for named in caused::added(event).into_iter().filter(|named| self.before.exists(*named)) {
            visible::visible(self.before, self.asker, named, self.context.at)?;
            if named.kind == Kind::Queue && matches!(event, Event::Queue(_)) {
                self.permission(&Right::over("queues.edit", named))?;
            }
        }
        Ok(())
    }

    fn own_access(&self, right: &Right) -> Result<(), Rejection> {
        let own = right.subject.is_some_and(|subject| match subject.kind {
            Kind::User => subject.id == self.asker.id.uuid(),
            Kind::Role => subject.id == self.asker.role.value.uuid(),
            Kind::Profile => self.asker.profile.value.is_some_and(|profile| profile.uuid() == subject.id),
            Kind::Organization
            | Kind::Key
            | Kind::Queue
            | Kind::Group
            | Kind::Agent
            | Kind::Object
            | Kind::Settings
            | Kind::Conversation
            | Kind::Setting
            | Kind::Element => false,
        });
        if own && right.not_oneself { Err(Forbidden::OwnAccess.into()) } else { Ok(()) }
    }

    fn rank(&self, right: &Right, oneself: bool) -> Result<(), Rejection> {
        let mine = self.before.rank_of(self.asker);
        let of_role = |id: RoleId| self.before.roles.get(&id).map_or(0, |role| role.rank.value);
        let subject =
            right.subject.filter(|_| right.ranked && !oneself).map_or(0, |subject| match subject.kind {
                Kind::User => {
                    self.before.user(UserId(subject.id)).map_or(0, |user| self.before.rank_of(user))
                }
                Kind::Role => of_role(RoleId(subject.id)),
                Kind::Organization
                | Kind::Profile
                | Kind::Key
                | Kind::Queue
                | Kind::Group
                | Kind::Agent
                | Kind::Object
                | Kind::Settings
                | Kind::Conversation
                | Kind::Setting
                | Kind::Element => 0,
            });
        let given = right.role.map_or(0, of_role);
        let highest = subject.max(given).max(right.new_rank.unwrap_or(0));
        if highest >= mine { Err(Forbidden::RankTooLow.into()) } else { Ok(()) }
    }

    /// What was created by this very command is judged by the right to create it.
    fn permission(&self, right: &Right) -> Result<Authority, Rejection> {
        let made_now = right.subject.filter(|subject| !self.before.exists(*subject));
        let (permission, subject, action) = match (made_now, right.object) {
            (Some(_), Some(kind)) => (kind.may_create(), None, Some(kind.create_action())),
            (Some(subject), None) => (creation(subject.kind), None, right.action),
            (None, _) => (right.permission, right.subject, right.action),
        };
        let role = right.role.or_else(|| made_now.and_then(|subject| self.role_given(subject)));
        // What does not exist yet is asked of the organization, a new user of the role they get.
        let whole = || role.is_none().then(|| self.whole(permission, right.object));
        let subject = subject.map(Target::Entity).or_else(whole);
        let targets = Targets { subject, role, ..Targets::default() };
        let facts = Facts {
            fields: right.field.into_iter().map(Into::into).collect(),
            section: right.section.map(Into::into),
            action: action.map(Into::into),
            ..Facts::default()
        };
        let (asker, at) = (self.asker, self.context.at);
        let question =
            Question { who: asker, permission, targets: &targets, facts: &facts, at, as_if_active: false };
        let decision = resolve::explain(self.before, &question);
        if decision.is_held_back_by("in_use") {
            return Err(self.in_use(right.subject));
        }
        let reason = decision
            .reasons
            .into_iter()
            .find(|reason| reason.effect == Effect::Allow)
            .filter(|_| decision.allowed);
        reason
            .map(|reason| Authority::Grant { permission, reason })
            .ok_or_else(|| Forbidden::Permission { permission }.into())
    }

    /// What stands for what does not exist yet: the organization, or for an object the product's setting or element that
    /// its kind is.
    fn whole(&self, permission: &str, object: Option<&ObjectKind>) -> Target {
        let wanted =
            self.before.catalog.permission(permission).map(|permission| permission.targets.as_slice());
        match (wanted, object) {
            (Some([Kind::Setting]), Some(kind)) => Target::Setting(Some(kind.kind.clone())),
            (Some([Kind::Element]), Some(kind)) => Target::Element(kind.kind.clone()),
            (Some(_) | None, _) => Target::Entity(self.before.id.subject()),
        }
    }

    /// The refusal of what could be put away if nothing used it, naming what the asker sees of that.
    fn in_use(&self, object: Option<Subject>) -> Rejection {
        let object = object.and_then(|object| self.before.object(ObjectId(object.id)));
        let uses = object.into_iter().flat_map(|object| object.uses()).map(Use::subject);
        let seen = uses.filter(|by| visible::sees(self.before, self.asker, *by, self.context.at));
        ObjectRejection::InUse { by: seen.take(NAMED_MAX).collect() }.into()
    }

    fn role_given(&self, subject: Subject) -> Option<RoleId> {
        let user = (subject.kind == Kind::User).then(|| self.after.user(UserId(subject.id)));
        user.flatten().map(|user| user.role.value)
    }
}

fn creation(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users.create",
        Kind::Role => "roles.create",
        Kind::Profile => "profiles.create",
        Kind::Key => "keys.create",
        Kind::Queue => "queues.create",
        Kind::Group => "groups.create",
        Kind::Agent => "agents.create",
        Kind::Object => "objects.create",
        Kind::Settings => "settings.edit",
        Kind::Organization | Kind::Conversation | Kind::Setting | Kind::Element => "organization.edit",
    }
}

/// Refuses at once what the asker may not ask for at all, and hides what they may not see.
pub(super) fn may_ask(before: &Organization, context: &Context, command: &Command) -> Result<(), Rejection> {
    let founding =
        matches!(command, Command::Organization(super::command::OrganizationCommand::Found { .. }));
    let Some(user) = context.actor.user().filter(|_| !is_by_link(context, command)) else { return Ok(()) };
    let asker = active(before, user, context.at)?;
    if founding {
        return Err(Forbidden::Permission { permission: "organization.edit" }.into());
    }
    for (permission, subject) in super::asks::asks(before, command) {
        if let Some(subject) = subject {
            visible::visible(before, asker, subject, context.at)?;
        }
        let own = permission == "users.password" && subject == Some(asker.id.subject());
        if !own && !holds_at_all(before, asker, permission, context) {
            return Err(Forbidden::Permission { permission }.into());
        }
    }
    Ok(())
}

fn holds_at_all(before: &Organization, asker: &User, permission: &str, context: &Context) -> bool {
    // What is about the organization as a whole is asked over it; anything else at any scope, as a first door.
    let about = before.catalog.permission(permission).map(|permission| permission.targets.as_slice());
    let targets = match about {
        Some([Kind::Organization]) => Targets::of(before.id.subject()),
        Some(_) | None => Targets::default(),
    };
    let (facts, at) = (Facts::default(), context.at);
    let question =
        Question { who: asker, permission, targets: &targets, facts: &facts, at, as_if_active: false };
    resolve::allowed(before, &question)
}

fn active(before: &Organization, user: UserId, at: Moment) -> Result<&User, Rejection> {
    before.user(user).filter(|user| user.is_active_at(at)).ok_or_else(|| Forbidden::Inactive.into())
}

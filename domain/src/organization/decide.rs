//! The dispatch of decide: `(&Organization, &Context, &Command) -> Result<Accepted, Rejection>`, total and pure.
//!
//! Order: what the asker may see, what they may ask for at all, the domain rules (on the state after), then
//! the authority for every single change (on the state before). Entities hold their own rules.

use super::authorize::{self, Authority};
use super::command::{Command, OrganizationCommand};
use super::event::OrganizationEvent;
use super::rejection::Rejection;
use super::state::Organization;
use super::{found, keeper, sensitive, sound, transfer, undo};
use crate::event::Event;
use crate::kernel::context::{Context, Fresh};
use crate::kernel::id::Kind;
use crate::kernel::text;
use crate::settings::state::ReasonRule;
use crate::user::link::is_by_link;

/// Most events one command may make.
pub const EVENTS_MAX: usize = 10_000;
/// Most entities one command may visit.
pub const VISITS_MAX: u64 = 2_000_000;
/// Most ids one event carries as added and removed together.
pub const IDS_PER_EVENT_MAX: usize = 500;

/// A command that was accepted: what happened, on whose authority, and the state after it.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// In order; empty if there was nothing to change.
    pub events: Vec<Event>,
    /// For each event, the grant that allowed it.
    pub authority: Vec<Authority>,
    /// The organization with the events folded in.
    pub after: Organization,
}

/// Decides a command on a state. Nothing is changed but what is returned.
///
/// # Errors
/// The [`Rejection`], by which nothing is appended.
pub fn decide(before: &Organization, context: &Context, command: &Command) -> Result<Accepted, Rejection> {
    authorize::may_ask(before, context, command)?;
    expected(before, context)?;
    founded(before, command)?;
    let mut deciding = Deciding::new(before, context);
    dispatch(&mut deciding, command)?;
    sound::sound(&mut deciding)?;
    let Deciding { now, events, refusal, .. } = deciding;
    if events.len() > EVENTS_MAX {
        return Err(too_many("events", events.len()));
    }
    let authority = authorize::authorize((before, &now), context, command, &events)?;
    // After the authority: who may not touch the last owner learns that, not that it is the last.
    keeper::keeps_a_keeper(before, &now, &events)?;
    reason(before, context, command, &events)?;
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(Accepted { events, authority, after: now }),
    }
}

/// Runs the rules of a command, events going into `deciding`.
pub(crate) fn dispatch(deciding: &mut Deciding<'_>, command: &Command) -> Result<(), Rejection> {
    match command {
        Command::Organization(OrganizationCommand::Rename { name }) => rename(deciding, name),
        Command::Organization(command @ OrganizationCommand::Found { .. }) => found::found(deciding, command),
        Command::Organization(OrganizationCommand::Transfer { to }) => transfer::transfer(deciding, *to),
        Command::User(command) => crate::user::decide::decide(deciding, command),
        Command::Role(command) => crate::role::decide::decide(deciding, command),
        Command::Profile(command) => crate::profile::decide::decide(deciding, command),
        Command::Key(command) => crate::key::decide::decide(deciding, command),
        Command::Queue(command) => crate::queue::decide::decide(deciding, command),
        Command::Group(command) => crate::group::decide::decide(deciding, command),
        Command::Agent(command) => crate::agent::decide::decide(deciding, command),
        Command::Object(command) => crate::object::decide::decide(deciding, command),
        Command::Settings(command) => crate::settings::decide::decide(deciding, command),
        Command::Many(commands) => commands.iter().try_for_each(|command| dispatch(deciding, command)),
        Command::Undo(undos) => undos.iter().try_for_each(|one| undo::undo(deciding, one)),
    }
}

fn rename(deciding: &mut Deciding<'_>, name: &str) -> Result<(), Rejection> {
    let to = text::name("/name", name)?;
    let from = deciding.now.name.clone();
    if from != to {
        deciding.emit(OrganizationEvent::Renamed { organization: deciding.now.id, from, to })?;
    }
    Ok(())
}

/// Before it is founded an organization can only be founded.
fn founded(before: &Organization, command: &Command) -> Result<(), Rejection> {
    let founding = matches!(command, Command::Organization(OrganizationCommand::Found { .. }));
    if before.position == 0 && !founding { Err(Rejection::Missing(Kind::Organization)) } else { Ok(()) }
}

fn expected(before: &Organization, context: &Context) -> Result<(), Rejection> {
    let Some((subject, expected)) = context.expects else { return Ok(()) };
    let (actual, _) = before.changed(subject).ok_or(Rejection::Missing(subject.kind))?;
    if actual == expected { Ok(()) } else { Err(Rejection::Stale { expected, actual }) }
}

fn reason(
    before: &Organization,
    context: &Context,
    command: &Command,
    events: &[Event],
) -> Result<(), Rejection> {
    let demanded = match before.settings.reason_rule() {
        ReasonRule::None => false,
        ReasonRule::Sensitive => {
            (undoes(command) && !events.is_empty()) || events.iter().any(sensitive::is_sensitive)
        }
        ReasonRule::All => !events.is_empty(),
    };
    let given = context.reason.as_deref().map(|reason| text::free("Rollbook-Reason", reason)).transpose()?;
    let given = given.is_some_and(|reason| !reason.is_empty());
    let by_system = matches!(context.actor, crate::kernel::context::Actor::System);
    let is_asked = !by_system && !is_by_link(context, command);
    if demanded && !given && is_asked { Err(Rejection::ReasonRequired) } else { Ok(()) }
}

fn undoes(command: &Command) -> bool {
    match command {
        Command::Undo(_) => true,
        Command::Many(commands) => commands.iter().any(undoes),
        Command::Organization(_)
        | Command::User(_)
        | Command::Role(_)
        | Command::Profile(_)
        | Command::Key(_)
        | Command::Queue(_)
        | Command::Group(_)
        | Command::Agent(_)
        | Command::Object(_)
        | Command::Settings(_) => false,
    }
}

fn too_many(what: &'static str, count: usize) -> Rejection {
    Rejection::TooLarge { what, count: count as u64, max: EVENTS_MAX as u64 }
}

/// A command in the middle of being decided.
pub(crate) struct Deciding<'a> {
    /// The state with the events so far folded in.
    pub(crate) now: Organization,
    /// The world.
    pub(crate) context: &'a Context,
    /// Ids and salts.
    pub(crate) fresh: Fresh,
    events: Vec<Event>,
    refusal: Option<Rejection>,
    visits: u64,
}

impl<'a> Deciding<'a> {
    pub(crate) fn new(before: &Organization, context: &'a Context) -> Self {
        let (now, fresh) = (before.clone(), Fresh::new(context));
        Self { now, context, fresh, events: Vec::new(), refusal: None, visits: 0 }
    }

    /// Records that something happened, and folds it in.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] at the limit of events.
    pub(crate) fn emit(&mut self, event: impl Into<Event>) -> Result<(), Rejection> {
        let event = event.into();
        self.now.apply(self.context.actor, self.context.at, &event);
        self.events.push(event);
        if self.events.len() > EVENTS_MAX { Err(too_many("events", self.events.len())) } else { Ok(()) }
    }

    /// What happened so far.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Refuses the command when nothing else would: only of whoever would have changed it otherwise may this be told.
    /// Of several such refusals the first is.
    pub(crate) fn refuse_last(&mut self, rejection: impl Into<Rejection>) {
        self.refusal.get_or_insert(rejection.into());
    }

    /// Counts `count` entities as visited.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] at the limit.
    pub(crate) fn visit(&mut self, count: usize) -> Result<(), Rejection> {
        self.visits += count as u64;
        if self.visits > VISITS_MAX {
            return Err(Rejection::TooLarge { what: "entity visits", count: self.visits, max: VISITS_MAX });
        }
        Ok(())
    }
}

/// Cuts `added` and `removed` into pieces that fit one event each.
pub(crate) fn in_parts<T: Clone>(added: &[T], removed: &[T]) -> Vec<(Vec<T>, Vec<T>)> {
    let removals = removed.chunks(IDS_PER_EVENT_MAX).map(|part| (Vec::new(), part.to_vec()));
    let additions = added.chunks(IDS_PER_EVENT_MAX).map(|part| (part.to_vec(), Vec::new()));
    if added.len() + removed.len() <= IDS_PER_EVENT_MAX {
        let both = (added.to_vec(), removed.to_vec());
        return if added.is_empty() && removed.is_empty() { Vec::new() } else { vec![both] };
    }
    removals.chain(additions).collect()
}

/// What to add and remove to come from the set `now` to the set `wanted`.
pub(crate) fn set_difference<T: Ord + Clone>(
    now: &imbl::OrdSet<T>,
    wanted: &imbl::OrdSet<T>,
) -> (Vec<T>, Vec<T>) {
    let added = wanted.iter().filter(|item| !now.contains(*item)).cloned().collect();
    let removed = now.iter().filter(|item| !wanted.contains(*item)).cloned().collect();
    (added, removed)
}

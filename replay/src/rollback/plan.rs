//! The plan of an undoing: what changes, what is in the way, whom it affects, and the id by which it is applied.
//!
//! Pure: the newest organization and the material in, the plan out.

use super::material::Material;
use super::selection::{Resolution, Resolutions, Selection};
use super::walk::{self, Step};
use super::{digest, references, trial};
use crate::as_of::AsOfError;
use crate::diff::affected::{self, Affected};
use crate::diff::changes_json;
use crate::diff::fields::{by_element, same};
use rollbook_domain::event::{Event, event_type};
use rollbook_domain::kernel::change::Change;
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::kernel::personal;
use rollbook_domain::kernel::rejection::{Class, Refusal as _};
use rollbook_domain::organization::command::Undo;
use rollbook_domain::organization::rejection::{Forbidden, Rejection};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible::visible;
use rollbook_domain::permission::facts::{Facts, Targets};
use rollbook_domain::permission::resolve::{Question, allowed};
use rollbook_ledger::writer::LoadError;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a plan is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What shall be undone.
    pub selection: &'a Selection,
    /// How conflicts and blockers are resolved.
    pub resolve: &'a Resolutions,
    /// The one who asks, at the present time.
    pub context: &'a Context,
}

/// A plan, as in the API.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// 64 hexadecimal digits; see the module `digest`.
    pub id: String,
    /// The position it was made at.
    pub position: u64,
    /// The compensating changes, in order.
    #[serde(serialize_with = "written")]
    pub changes: Vec<Change>,
    /// Where something later is in the way.
    pub conflicts: Vec<Conflict>,
    /// Where a rule or a missing right is in the way. What only a right is missing for is among the changes.
    pub blockers: Vec<Blocker>,
    /// Left alone as asked.
    pub skipped: Vec<String>,
    /// Selected, but nothing that can be brought back: passwords, keys, lock-outs, erasures.
    pub kept: Vec<Kept>,
    /// Who gains or loses what.
    pub affected: Affected,
    /// Why the one who asks may not apply any plan at all.
    #[serde(skip)]
    pub refused: Option<Rejection>,
    /// The events that applying it appends, in order.
    #[serde(skip)]
    pub events: Vec<Planned>,
    #[serde(skip)]
    pub(super) undos: Vec<Undo>,
    /// Entities whose history is needed too.
    #[serde(skip)]
    pub(super) wants: BTreeSet<Subject>,
}

/// Something changed later that is not selected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// `<kind>:<id>:<field>[:<element>]`.
    pub id: String,
    /// The later event.
    pub later: Later,
    /// What it is now.
    pub from: Value,
    /// What it was before the selected events.
    pub to: Value,
    /// How it is resolved; unresolved without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// A later event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Later {
    /// Its position.
    pub position: u64,
}

/// Something cannot be brought back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Blocker {
    /// `<kind>:<id>:<field>[:<element>]`.
    pub id: String,
    /// The code of the refusal.
    pub code: &'static str,
    /// For a person.
    pub detail: String,
    /// What it is now.
    pub from: Value,
    /// What it should go back to.
    pub to: Value,
    /// What is archived and needed; `include` undoes its archiving.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Subject>,
    /// The refusal.
    #[serde(skip)]
    pub rejection: Rejection,
}

/// An event that applying a plan appends.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Its stored name.
    pub event_type: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// What it changes, personal values as text.
    pub changes: Vec<Change>,
}

/// A selected event that is not undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its position.
    pub position: u64,
    /// Its stored name.
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// What it is about.
    pub subject: Subject,
}

/// Why there is no plan.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlanError {
    /// The selection names an entity or events that are not there.
    #[error("there is nothing of that to undo")]
    NotThere,
    /// The entity has not had so many versions.
    #[error("the entity has not had that version")]
    NoSuchVersion,
    /// The selection names a position or time that has not come yet.
    #[error("that position or time has not come yet")]
    AtInFuture,
    /// A batch held several commands; one of them is named by its own id.
    #[error("several changes were written together under that id; select by the id of one of them")]
    Ambiguous,
    /// More than one plan may hold.
    #[error("a plan may hold {max} {what}; select less")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        max: usize,
    },
    /// The one who asks may not plan or see it, or it is too much for one command.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The ledger cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl From<AsOfError> for PlanError {
    fn from(error: AsOfError) -> Self {
        match error {
            AsOfError::AtInFuture => Self::AtInFuture,
            AsOfError::NotThere => Self::NotThere,
            AsOfError::Load(error) => Self::Load(error),
        }
    }
}

impl Plan {
    /// Whether every conflict and blocker is resolved.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.blockers.is_empty() && self.conflicts.iter().all(|conflict| conflict.resolution.is_some())
    }

    /// The refusal, if nothing but missing rights is in the way.
    #[must_use]
    pub fn forbidden(&self) -> Option<&Rejection> {
        let class = |blocker: &Blocker| matches!(blocker.rejection.class(), Class::Forbidden);
        let conflicts = self.conflicts.iter().any(|conflict| conflict.resolution.is_none());
        let only = !conflicts && self.blockers.iter().all(class);
        self.blockers.first().map(|blocker| &blocker.rejection).filter(|_| only)
    }
}

/// Makes the plan on `now` from what [`gather`](super::gather) read.
///
/// # Errors
/// [`PlanError::Rejected`] if the one who asks may not plan, or may not see what the plan would show.
pub fn plan(now: &Organization, material: &Material, request: &Request<'_>) -> Result<Plan, PlanError> {
    let found = walk::steps(now, material);
    let kept = kept(material);
    may_see(now, request.context, &found, &kept)?;
    let mut sorted = Sorted::default();
    found.into_iter().for_each(|step| sorted.sort(now, request.resolve, step));
    sorted.include(now, material, request.resolve);
    let tried = trial::by_rules(now, request.context, sorted.steps);
    let mut blockers: Vec<_> =
        tried.refused.into_iter().map(|(step, rejection)| blocker(now, &step, rejection)).collect();
    let accepted = trial::together(now, request.context, &tried.steps)?;
    let refused = trial::may_apply(now, request.context).err();
    if refused.is_none() {
        for (place, rejection) in trial::by_authority(now, request.context, &tried.steps)? {
            blockers.extend(tried.steps.get(place).map(|step| blocker(now, step, rejection)));
        }
    }
    blockers.sort_by(|a, b| a.id.cmp(&b.id));
    let affected = affected::by_events(now, &accepted.after, &accepted.events);
    let events = accepted.events.iter().map(planned).collect();
    let changes: Vec<_> =
        accepted.events.iter().flat_map(|event| event.changes()).flat_map(by_element).collect();
    Ok(Plan {
        id: digest::id(now, request, &tried.steps, &changes, &affected),
        position: now.position,
        changes: changes.into_iter().map(Change::plain).collect(),
        conflicts: sorted.conflicts,
        blockers,
        skipped: sorted.skipped,
        kept,
        affected,
        refused,
        events,
        undos: tried.steps.into_iter().map(|step| step.undo).collect(),
        wants: sorted.wants,
    })
}

/// What was found, sorted by what is to become of it.
#[derive(Default)]
struct Sorted {
    steps: Vec<Step>,
    conflicts: Vec<Conflict>,
    skipped: Vec<String>,
    wants: BTreeSet<Subject>,
}

impl Sorted {
    fn sort(&mut self, now: &Organization, resolve: &Resolutions, mut step: Step) {
        let resolution = resolve.get(&step.path);
        if let Some(position) = step.later {
            let resolution = resolution.filter(|how| !matches!(how, Resolution::Include));
            self.conflicts.push(Conflict {
                id: step.path.clone(),
                later: Later { position },
                from: plain(&step.from),
                to: plain(&step.undo.to),
                resolution: resolution.cloned(),
            });
            if resolution.is_none() || step.goes_with_entity {
                return;
            }
        }
        match resolution {
            Some(Resolution::Skip) => return self.skipped.push(step.path),
            Some(Resolution::Keep) => return,
            Some(Resolution::Value(value)) => step.undo.to = digest::given(now, &step.path, value),
            Some(Resolution::Force | Resolution::Include) | None => {}
        }
        if !same(&step.from, &step.undo.to) {
            self.steps.push(step);
        }
    }

    /// Adds the undoing of the archiving of what is missing, where that was asked for. What is added may itself
    /// miss something and be resolved in the same way.
    fn include(&mut self, now: &Organization, material: &Material, resolve: &Resolutions) {
        let mut next = 0;
        while let Some(step) = self.steps.get(next) {
            next += 1;
            if resolve.get(&step.path) != Some(&Resolution::Include) {
                continue;
            }
            for subject in references::archived(now, &step.undo) {
                let path = format!("{subject}:status");
                if self.steps.iter().any(|step| step.path == path) {
                    continue;
                }
                if !material.known.contains(&subject) {
                    self.wants.insert(subject);
                    continue;
                }
                let Some(to) = walk::status_before(material, subject) else { continue };
                let undo = Undo { subject, field: "status".to_owned(), element: None, to };
                let (from, later, goes_with_entity) = ("archived".into(), None, false);
                self.steps.push(Step { path, from, undo, later, goes_with_entity });
            }
        }
    }
}

fn blocker(now: &Organization, step: &Step, rejection: Rejection) -> Blocker {
    Blocker {
        id: step.path.clone(),
        code: rejection.code(),
        detail: rejection.to_string(),
        from: plain(&step.from),
        to: plain(&step.undo.to),
        missing: references::archived(now, &step.undo),
        rejection,
    }
}

/// A plan shows values, so whoever asks must be allowed to plan and to see every entity in it.
fn may_see(now: &Organization, context: &Context, steps: &[Step], kept: &[Kept]) -> Result<(), Rejection> {
    let Some(id) = context.actor.user() else { return Ok(()) };
    let asker = now.user(id).filter(|user| user.is_active_at(context.at)).ok_or(Forbidden::Inactive)?;
    let question = Question {
        who: asker,
        permission: "rollback.plan",
        targets: &Targets::default(),
        facts: &Facts::default(),
        at: context.at,
        as_if_active: false,
    };
    if !allowed(now, &question) {
        return Err(Forbidden::Permission { permission: "rollback.plan" }.into());
    }
    let kept = kept.iter().map(|kept| kept.subject);
    let subjects: BTreeSet<_> = steps.iter().map(|step| step.undo.subject).chain(kept).collect();
    subjects.into_iter().try_for_each(|subject| visible(now, asker, subject, context.at))
}

fn planned(event: &Event) -> Planned {
    let changes = event.changes().into_iter().map(Change::plain).collect();
    Planned { event_type: event.name(), subject: event.subject(), changes }
}

fn kept(material: &Material) -> Vec<Kept> {
    let selected = material.selected.iter().filter_map(|position| material.entries.get(position));
    let facts = selected.filter(|entry| {
        let subject = entry.event.subject();
        event_type(entry.event.name()).is_some_and(|row| row.shape.is_kept())
            && material.scope.is_none_or(|scope| scope == subject)
    });
    let kept = facts.map(|entry| {
        let (event_type, subject) = (entry.event.name(), entry.event.subject());
        Kept { position: entry.position, event_type, subject }
    });
    kept.collect()
}

fn plain(value: &Value) -> Value {
    let mut value = value.clone();
    personal::plain(&mut value);
    value
}

fn written<S: serde::Serializer>(changes: &[Change], serializer: S) -> Result<S::Ok, S::Error> {
    changes_json(changes, serializer)
}

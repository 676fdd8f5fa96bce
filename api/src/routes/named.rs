//! What a question names: its targets and the facts of the case, by id, login or unique name.
//!
//! To one who may not know of a thing it is as if it were not there. Bodies of changes are read in `refer`.

use super::refer::Names;
use crate::error::Problem;
use rollbook_domain::kernel::id::Kind;
use rollbook_domain::kernel::rejection::FieldError;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::{Facts, NamedFacts, NamedTarget, NamedTargets, Targets};
use uuid::Uuid;

/// What one question names, as its caller wrote it.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) target: Option<NamedTarget>,
    pub(super) targets: Option<NamedTargets>,
    pub(super) facts: Option<NamedFacts>,
}

/// A reference to what its caller does not know.
pub(super) struct Unknown {
    kind: Kind,
    /// Where it stands, from the question on.
    place: &'static str,
}

impl Named {
    /// The same with the id of nothing in place of each reference that the caller does not know, and the first of
    /// those, facts before targets.
    pub(super) fn masked(mut self, names: &Names<'_>) -> (Self, Option<Unknown>) {
        let mut first = None;
        let mut mask = |kind: Kind, text: Option<&mut String>, place| {
            if let Some(text) = text.filter(|text| is_thing(kind) && names.find(kind, text).is_none()) {
                *text = Uuid::nil().to_string();
                first.get_or_insert(Unknown { kind, place });
            }
        };
        if let Some(facts) = &mut self.facts {
            mask(Kind::User, facts.agent.as_mut(), "/facts/agent");
            mask(Kind::Queue, facts.queue.as_mut(), "/facts/queue");
            mask(Kind::Group, facts.group.as_mut(), "/facts/group");
        }
        if let Some(target) = &mut self.target {
            mask(target.kind, target.id.as_mut(), "/target/id");
        }
        if let Some(targets) = &mut self.targets {
            if let Some(subject) = &mut targets.subject {
                mask(subject.kind, subject.id.as_mut(), "/targets/subject/id");
            }
            mask(Kind::Role, targets.role.as_mut(), "/targets/role");
            mask(Kind::Queue, targets.from.as_mut(), "/targets/from");
            mask(Kind::Queue, targets.to.as_mut(), "/targets/to");
        }
        (self, first)
    }

    /// By ids. A name that nothing has is 422 at its place below `pointer`; an id that nothing has is kept, and
    /// denied later.
    pub(super) fn resolve(self, now: &Organization, pointer: &str) -> Result<(Targets, Facts), Problem> {
        let targets = match (self.target, self.targets) {
            (None, None) => Ok(Targets::default()),
            (Some(target), None) => target.resolve(now, &format!("{pointer}/target")).map(Targets::of),
            (None, Some(targets)) => targets.resolve(now, &format!("{pointer}/targets")),
            (Some(_), Some(_)) => {
                let detail = "say either `target` or `targets`, not both";
                Err(FieldError::new(&format!("{pointer}/targets"), "one_of", detail))
            }
        };
        let targets = targets.map_err(|error| Problem::invalid(vec![error]))?;
        let facts = self.facts.map(|facts| facts.resolve(now, &format!("{pointer}/facts"))).transpose();
        let facts = facts.map_err(|error| Problem::invalid(vec![error]))?;
        Ok((targets, facts.unwrap_or_default()))
    }
}

impl Unknown {
    /// Whether it is one of the facts of the case.
    pub(super) fn is_fact(&self) -> bool {
        self.place.starts_with("/facts/")
    }

    /// 404, the same for what is not there and for what is not to be known.
    pub(super) fn problem(&self, pointer: &str) -> Problem {
        let detail = "there is nothing of this kind with this id or name, or you may not see it";
        let errors = vec![FieldError::new(&format!("{pointer}{}", self.place), "not_found", detail)];
        Problem { errors, ..Problem::not_found(self.kind.word()) }
    }
}

/// Whether there can be several of it, so that whether one is there may be a secret.
fn is_thing(kind: Kind) -> bool {
    match kind {
        Kind::User
        | Kind::Role
        | Kind::Profile
        | Kind::Key
        | Kind::Queue
        | Kind::Group
        | Kind::Agent
        | Kind::Object => true,
        Kind::Organization | Kind::Settings | Kind::Conversation | Kind::Setting | Kind::Element => false,
    }
}

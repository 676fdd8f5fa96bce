//! The answer to "may this user do this?", and why.
//!
//! One walk answers both [`allowed`] and [`explain`], in the order of design §2: active at that time; restrictions;
//! targets; grants or superuser; keys held; locks. The first failure denies. Deny is the default.

use super::catalog::Permission;
use super::facts::{Facts, Targets};
use super::found::{AllFound, Found};
use super::given::One;
use super::keyring::{self, Holding};
use super::limits::{self, Unmet};
use super::reason::{Code, Note, Quiet, Reason, Sink, Source};
use super::scope::{self, Asker};
use super::source::{FOUNDED, origins};
use crate::kernel::id::{GroupId, KeyId, Kind, QueueId};
use crate::kernel::moment::Moment;
use crate::kernel::shared::Since;
use crate::object::state::Object;
use crate::organization::state::Organization;
use crate::user::state::User;
use serde::Serialize;

/// May `who` do `permission` to `targets`, given `facts`, at that time?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who would do it.
    pub who: &'a User,
    /// `module.action`; one that the catalog does not know is denied.
    pub permission: &'a str,
    /// What it would be done to; none asks for the permission at any scope.
    pub targets: &'a Targets,
    /// What is known of the case.
    pub facts: &'a Facts,
    /// When: schedules and expiry are judged then, once users have them.
    pub at: Moment,
    /// Whether the user's status is left aside, to show what they could do were they active.
    pub as_if_active: bool,
}

/// The answer, with every reason for and against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The answer.
    pub allowed: bool,
    /// Why. An allowed question lists only what allows it; a denied one lists every failure, not just the first.
    pub reasons: Vec<Reason>,
}

impl Decision {
    /// Whether a grant would allow it were it not for this word among its limits, and nothing else speaks against it.
    #[must_use]
    pub fn is_held_back_by(&self, word: &str) -> bool {
        let by_word = |reason: &Reason| {
            reason.source == Source::Limit && reason.code == Code::Limited && reason.name == word
        };
        let by_grants = |reason: &Reason| matches!(reason.source, Source::Limit | Source::Scope);
        !self.allowed && self.reasons.iter().any(by_word) && self.reasons.iter().all(by_grants)
    }
}

/// The answer alone: takes no lock and allocates nothing.
#[must_use]
pub fn allowed(organization: &Organization, question: &Question<'_>) -> bool {
    walk(organization, question, &mut Quiet)
}

/// The answer with its reasons.
#[must_use]
pub fn explain(organization: &Organization, question: &Question<'_>) -> Decision {
    let mut reasons = Vec::new();
    let allowed = walk(organization, question, &mut reasons);
    Decision { allowed, reasons }
}

/// A question whose permission the catalog knows.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) question: &'a Question<'a>,
    pub(crate) permission: &'a Permission,
    pub(crate) targets: &'a AllFound<'a>,
}

fn walk<S: Sink>(organization: &Organization, question: &Question<'_>, sink: &mut S) -> bool {
    let Some(permission) = organization.catalog.permission(question.permission) else {
        sink.note(Note::deny(Source::Catalog, question.permission, FOUNDED, Code::UnknownPermission));
        return false;
    };
    let targets = &AllFound::of(question.targets, organization);
    let asked = Asked { organization, question, permission, targets };
    let stages: [fn(Asked<'_>, &mut S) -> bool; 6] =
        [active, unrestricted, targeted, granted, keyed, unlocked];
    let mut allowed = true;
    for stage in stages {
        allowed &= stage(asked, sink);
        if !allowed && !S::ALL {
            break;
        }
    }
    allowed
}

fn active<S: Sink>(asked: Asked<'_>, sink: &mut S) -> bool {
    let who = asked.question.who;
    if asked.question.as_if_active {
        return true;
    }
    if !who.is_active() {
        sink.note(Note::deny(Source::Status, who.status.value.word(), who.status.position, Code::NotActive));
    }
    let shut = who.shut(asked.question.at);
    if let Some((shut, since)) = shut {
        sink.note(Note::deny(Source::LoginWindow, shut.word(), since, Code::NotNow));
    }
    who.is_active() && shut.is_none()
}

/// Restricting keys are never lifted by masterkey or superuser; only a minus does (design §2).
pub(crate) fn unrestricted<S: Sink>(asked: Asked<'_>, sink: &mut S) -> bool {
    let mut free = true;
    for key in &asked.permission.restricted_by {
        let Some(id) = key.id(asked.organization) else { continue };
        if let Holding::Held(position) = keyring::holding(asked.organization, asked.question.who, id) {
            sink.note(Note::deny(Source::Restriction, &key.name, position, Code::Restricted));
            free = false;
        }
    }
    free
}

/// Whether the targets are those that the permission is about, and are there.
fn targeted<S: Sink>(asked: Asked<'_>, sink: &mut S) -> bool {
    if asked.question.targets.is_empty() {
        return true;
    }
    let mut sound = true;
    let mut deny = |kind: Kind, code| {
        sink.note(Note::deny(Source::Target, kind.word(), 0, code));
        sound = false;
    };
    let (targets, wanted) = (asked.targets, &asked.permission.targets);
    // An object of a kind that the permission is about stands where the product would name a setting or an element.
    let takes = |target: Found<'_>| matches!(target, Found::Object(object) if asked.permission.is_about(&object.kind));
    let is_asked_of = |target: Found<'_>| {
        takes(target) || (!matches!(target, Found::Object(_)) && wanted.contains(&target.kind()))
    };
    for target in targets.iter() {
        if !is_asked_of(target) {
            deny(target.kind(), Code::TargetKind);
        } else if !is_there(asked, target) {
            deny(target.kind(), Code::TargetUnknown);
        }
    }
    for kind in wanted.iter().filter(|_| !targets.iter().any(takes)) {
        let needed = wanted.iter().filter(|wanted| *wanted == kind).count();
        if targets.iter().filter(|target| target.kind() == *kind).count() < needed {
            deny(*kind, Code::TargetMissing);
        }
    }
    sound
}

/// Whether a target, or what a conversation's facts name, is of this organization.
fn is_there(asked: Asked<'_>, target: Found<'_>) -> bool {
    let organization = asked.organization;
    match target {
        Found::Missing(_) => false,
        Found::Conversation => {
            let Facts { agent, queue, group, .. } = asked.question.facts;
            agent.is_none_or(|id| organization.user(id).is_some())
                && queue.is_none_or(|id: QueueId| organization.queues.contains_key(&id))
                && group.is_none_or(|id: GroupId| organization.groups.contains_key(&id))
        }
        Found::User(_)
        | Found::Role(_)
        | Found::Group(_)
        | Found::Queue(_)
        | Found::Agent(_)
        | Found::Object(_)
        | Found::Plain(_)
        | Found::Setting(_)
        | Found::Element(_) => true,
    }
}

fn granted<S: Sink>(asked: Asked<'_>, sink: &mut S) -> bool {
    let Asked { organization, question, permission, .. } = asked;
    let superuser = &question.who.superuser;
    let mut found = superuser.value;
    if found {
        sink.note(Note::allow(Source::Superuser, "superuser", superuser.position, Code::Superuser));
    }
    for origin in origins(organization, question.who) {
        for grant in origin.grants.of(permission.number) {
            if found && !S::ALL {
                return true;
            }
            if matches(asked, grant).is_ok() {
                found = true;
                let position = origin.position(grant.since);
                sink.note(Note::allow(origin.source, origin.name, position, Code::Granted));
            }
        }
    }
    if !found && S::ALL {
        note_misses(asked, sink);
    }
    found
}

/// Every grant of the permission that does not match, and why; or that there is none.
fn note_misses<S: Sink>(asked: Asked<'_>, sink: &mut S) {
    let mut any = false;
    for origin in origins(asked.organization, asked.question.who) {
        for grant in origin.grants.of(asked.permission.number) {
            any = true;
            let position = origin.position(grant.since);
            match matches(asked, grant) {
                Ok(()) => {}
                Err(Miss::Scope) => {
                    sink.note(Note::deny(Source::Scope, grant.scope.word(), position, Code::OutOfScope));
                }
                Err(Miss::Limit(Unmet { name, code })) => {
                    sink.note(Note::deny(Source::Limit, name, position, code));
                }
            }
        }
    }
    if !any {
        sink.note(Note::deny(Source::Catalog, &asked.permission.name, FOUNDED, Code::NotGranted));
    }
}

enum Miss<'a> {
    Scope,
    Limit(Unmet<'a>),
}

/// Whether one grant reaches every target and has its limits met.
fn matches<'a>(asked: Asked<'a>, grant: One<'a>) -> Result<(), Miss<'a>> {
    let Question { who, targets, facts, .. } = *asked.question;
    if targets.is_empty() {
        return Ok(());
    }
    let asker = Asker { organization: asked.organization, who, facts };
    if !asked.targets.iter().all(|target| scope::reaches(asker, grant, target)) {
        return Err(Miss::Scope);
    }
    if !grant.limited {
        return Ok(());
    }
    limits::met(&grant.grant.limits, asked.organization, targets, facts).map_err(Miss::Limit)
}

pub(crate) fn keyed<S: Sink>(asked: Asked<'_>, sink: &mut S) -> bool {
    let Some(key) = &asked.permission.key else { return true };
    let id = key.id(asked.organization);
    let who = asked.question.who;
    let by_masterkey = asked.permission.masterkey_opens;
    keyring::opens(asked.organization, who, (id, &key.name), (Source::Key, FOUNDED), by_masterkey, sink)
}

/// The visibility keys of the queues, agents and objects named. An aggregate queue is a queue: its own key is checked, its parts' are not.
fn unlocked<S: Sink>(asked: Asked<'_>, sink: &mut S) -> bool {
    let Asked { organization, question, .. } = asked;
    let mut open = true;
    for target in asked.targets.iter() {
        let lock = match target {
            Found::Object(object) => {
                open &= unlocked_object(asked, object, sink);
                continue;
            }
            Found::Queue(queue) => Some(&queue.visibility_key),
            Found::Agent(agent) => Some(&agent.visibility_key),
            Found::Conversation => {
                let queue = question.facts.queue.and_then(|id| organization.queues.get(&id));
                queue.map(|queue| &queue.visibility_key)
            }
            Found::User(_)
            | Found::Role(_)
            | Found::Group(_)
            | Found::Plain(_)
            | Found::Setting(_)
            | Found::Element(_)
            | Found::Missing(_) => None,
        };
        let Some(lock) = lock else { continue };
        open &= is_open(asked, lock, sink);
    }
    open
}

/// A function that one of the two keys of an object guards asks for that one. To see the object, or to change it, either
/// will do: whoever may use it in one way knows of it, and a key is taken away by its holders alone.
fn unlocked_object<S: Sink>(asked: Asked<'_>, object: &Object, sink: &mut S) -> bool {
    let kind = asked.organization.catalog.object(&object.kind);
    let (seen, reports) = (&object.visibility_key, &object.reports_key);
    let permission = asked.question.permission;
    let has_both = kind.is_some_and(|kind| kind.reports_lock.is_some());
    if !has_both || kind.is_some_and(|kind| kind.is_locked(permission)) {
        return is_open(asked, seen, sink);
    }
    if kind.is_some_and(|kind| kind.is_locked_for_reports(permission)) {
        return is_open(asked, reports, sink);
    }
    match (is_open(asked, seen, &mut Quiet), is_open(asked, reports, &mut Quiet)) {
        (true, _) => is_open(asked, seen, sink),
        (false, true) => is_open(asked, reports, sink),
        (false, false) => {
            is_open(asked, seen, sink);
            is_open(asked, reports, sink)
        }
    }
}

fn is_open<S: Sink>(asked: Asked<'_>, lock: &Since<Option<KeyId>>, sink: &mut S) -> bool {
    let Some(key) = lock.value else { return true };
    let organization = asked.organization;
    let name = organization.keys.get(&key).map_or("", |key| key.name.as_str());
    let who = asked.question.who;
    keyring::opens(organization, who, (Some(key), name), (Source::Lock, lock.position), true, sink)
}

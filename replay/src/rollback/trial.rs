//! In which order steps can be taken, and which cannot: found by deciding them on clones.
//!
//! First by the rules alone, one after another, those refused being tried again after the others (a login is free
//! once its later holder has gone back too). Then all together as the one who asks: whatever authority refuses is a
//! blocker as well.

use super::references::is_archived;
use super::walk::Step;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::Kind;
use rollbook_domain::kernel::rejection::{Class, Refusal as _};
use rollbook_domain::organization::command::{Command, Undo};
use rollbook_domain::organization::decide::decide;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use serde_json::{Value, json};

/// Most steps that authority's refusal is told of singly.
const REFUSED_MAX: usize = 200;

/// What the rules allow, in an order that works, and what they refuse.
pub(super) struct Tried {
    pub(super) steps: Vec<Step>,
    pub(super) refused: Vec<(Step, Rejection)>,
}

/// Orders the steps by dependency and tries them.
pub(super) fn by_rules(now: &Organization, context: &Context, mut steps: Vec<Step>) -> Tried {
    steps.sort_by_cached_key(|step| (rank(now, &step.undo), step.path.clone()));
    let context = as_system(now, context);
    let mut state = now.clone();
    let mut tried = Tried { steps: Vec::new(), refused: Vec::new() };
    let mut waiting = steps;
    loop {
        let count = waiting.len();
        for step in std::mem::take(&mut waiting) {
            let command = Command::Undo(vec![step.undo.clone()]);
            match decide(&state, &context, &command) {
                Ok(accepted) => {
                    state = accepted.after;
                    // What another step has done already (archiving takes memberships away) needs no step.
                    if !accepted.events.is_empty() {
                        tried.steps.push(step);
                    }
                }
                Err(rejection) => tried.refused.push((step, rejection)),
            }
        }
        if tried.refused.is_empty() || tried.refused.len() == count {
            return tried;
        }
        waiting = std::mem::take(&mut tried.refused).into_iter().map(|(step, _)| step).collect();
    }
}

/// Whether the one who asks may roll back at all.
pub(super) fn may_apply(now: &Organization, context: &Context) -> Result<(), Rejection> {
    decide(now, &as_asker(now, context), &Command::Undo(Vec::new())).map(drop)
}

/// Which of `steps`, taken together, the one who asks may not take; by their place in the list.
///
/// # Errors
/// What is refused whatever the steps: `If-Match` that does not hold any more, or too much at once.
pub(super) fn by_authority(
    now: &Organization,
    context: &Context,
    steps: &[Step],
) -> Result<Vec<(usize, Rejection)>, Rejection> {
    let context = as_asker(now, context);
    let mut left: Vec<(usize, &Undo)> = steps.iter().map(|step| &step.undo).enumerate().collect();
    let mut refused = Vec::new();
    let attempt = |left: &[(usize, &Undo)]| {
        let undos = left.iter().map(|(_, undo)| Undo::clone(undo)).collect();
        decide(now, &context, &Command::Undo(undos)).map(drop)
    };
    while refused.len() < REFUSED_MAX {
        let Err(rejection) = attempt(&left) else { break };
        if !matches!(rejection.class(), Class::Forbidden | Class::Missing) {
            // After a step was taken out, rules may miss it: that is no news.
            return if refused.is_empty() { Err(rejection) } else { Ok(refused) };
        }
        // The shortest beginning that is refused ends with the guilty one.
        let (mut good, mut bad) = (0, left.len());
        let mut reason = rejection;
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            match attempt(left.get(..middle).unwrap_or_default()) {
                Ok(()) => good = middle,
                Err(rejection) => (bad, reason) = (middle, rejection),
            }
        }
        if bad == 0 {
            return Err(reason);
        }
        refused.push((left.remove(bad - 1).0, reason));
    }
    Ok(refused)
}

/// All steps together, by the rules alone.
pub(super) fn together(
    now: &Organization,
    context: &Context,
    steps: &[Step],
) -> Result<rollbook_domain::organization::decide::Accepted, Rejection> {
    let undos = steps.iter().map(|step| step.undo.clone()).collect();
    decide(now, &as_system(now, context), &Command::Undo(undos))
}

fn as_system(now: &Organization, context: &Context) -> Context {
    Context { actor: Actor::System, expects: None, ..as_asker(now, context) }
}

/// As it will be applied. A reason may still be asked for then; a preview does not need one.
fn as_asker(now: &Organization, context: &Context) -> Context {
    let reason = context.reason.clone().or_else(|| Some("preview".to_owned()));
    Context { at: context.at.max(now.at), channel: Channel::Rollback, reason, ..context.clone() }
}

/// The fields that protect the rest of an entity.
const PROTECTIONS: [&str; 2] = ["update_protected", "delete_protected"];

/// Restoring before fields, taking away before giving, archiving last; what is referred to before what refers. A protection
/// that goes, goes before all that it forbids, and one that comes, comes after.
fn rank(now: &Organization, undo: &Undo) -> (u8, u8) {
    let is_status = undo.field == "status";
    let archives = is_status && (undo.to.is_null() || undo.to == json!("archived"));
    let kind = match undo.subject.kind {
        Kind::Key => 0,
        Kind::Role => 1,
        Kind::Profile => 2,
        Kind::Group | Kind::Queue => 3,
        Kind::User => 4,
        // They refer to groups, queues and users.
        Kind::Agent | Kind::Object => 5,
        Kind::Organization | Kind::Settings | Kind::Conversation | Kind::Setting | Kind::Element => 6,
    };
    match undo {
        Undo { field, to, .. } if PROTECTIONS.contains(&field.as_str()) => match to {
            Value::Bool(true) => (6, kind),
            _ => (1, 0),
        },
        _ if archives => (5, 9 - kind),
        _ if is_status && is_archived(now, undo.subject) => (0, kind),
        _ if is_status => (4, kind),
        Undo { to: Value::Null, .. } => (1, kind + 1),
        Undo { element: None, .. } => (2, kind),
        Undo { element: Some(_), .. } => (3, kind),
    }
}

//! The question turned round: all that one user may do, and all who may do one thing.

use super::facts::{Facts, Targets};
use super::found::AllFound;
use super::grant::{Grant, Scope};
use super::keyring::{Holding, holding, keyring};
use super::reason::{Code, Note, Reason, Source};
use super::resolve::{Asked, Question, allowed, explain, keyed, unrestricted};
use super::source::{Held, held};
use crate::kernel::id::KeyId;
use crate::kernel::moment::Moment;
use crate::organization::state::Organization;
use crate::user::state::User;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One grant in effect, with everything that gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Permission, scope, queues, elements, limits.
    #[serde(flatten)]
    pub grant: Grant,
    /// What gives it.
    pub reasons: Vec<Reason>,
}

/// Something that takes permissions away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restriction {
    /// What takes away: a status, a restricting key, a key not held.
    #[serde(flatten)]
    pub reason: Reason,
    /// What is taken away; empty means everything (a status, a login window).
    pub permissions: Vec<Arc<str>>,
}

/// All that a user may do, as if active. Visibility keys of queues are not in it: they depend on the queue asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// By permission, then scope.
    pub items: Vec<Item>,
    /// What is taken away.
    pub restrictions: Vec<Restriction>,
    /// The keys held.
    pub keys: Vec<KeyId>,
}

/// All that `user` may do, and what keeps them from it at that moment, for `GET /users/{id}/permissions` (design §6).
#[must_use]
pub fn effective(organization: &Organization, user: &User, at: Moment) -> Effective {
    let mut items: BTreeMap<Grant, BTreeSet<Reason>> = BTreeMap::new();
    for Held { grant, source, name, position } in held(organization, user) {
        let note = Note::allow(source, name, position, Code::Granted);
        items.entry(grant.clone()).or_default().insert(note.into());
    }
    if user.superuser.value {
        let note = Note::allow(Source::Superuser, "superuser", user.superuser.position, Code::Superuser);
        for permission in organization.catalog.permissions() {
            items.entry(Grant::new(&permission.name, Scope::All)).or_default().insert(note.into());
        }
    }
    let granted: BTreeSet<_> = items.keys().map(|grant| grant.permission.clone()).collect();
    let Judged { mut taken, opened } = judged(organization, user, &granted);
    let gone: BTreeSet<_> = taken.values().flatten().cloned().collect();
    forget_what_was_never_given(&items, &mut taken);
    note_restricting_keys(organization, user, &mut taken);
    items.retain(|grant, _| {
        organization.catalog.permission(&grant.permission).is_some() && !gone.contains(&grant.permission)
    });
    for (grant, reasons) in &mut items {
        reasons.extend(opened.get(&grant.permission).into_iter().flatten().cloned());
    }
    let items =
        items.into_iter().map(|(grant, reasons)| Item { grant, reasons: reasons.into_iter().collect() });
    let restrictions = taken
        .into_iter()
        .map(|(reason, permissions)| Restriction { reason, permissions: permissions.into_iter().collect() });
    Effective {
        items: items.collect(),
        restrictions: barred(user, at).chain(restrictions).collect(),
        keys: keyring(organization, user).into_iter().collect(),
    }
}

/// What restricting and guarding keys say of what is granted.
#[derive(Default)]
struct Judged {
    /// What is taken away, by what takes it.
    taken: BTreeMap<Reason, BTreeSet<Arc<str>>>,
    /// The key or masterkey that opens what is guarded.
    opened: BTreeMap<Arc<str>, Vec<Reason>>,
}

fn judged(organization: &Organization, user: &User, granted: &BTreeSet<Arc<str>>) -> Judged {
    let (targets, facts) = (Targets::default(), Facts::default());
    let mut judged = Judged::default();
    for name in granted {
        let Some(permission) = organization.catalog.permission(name) else { continue };
        let question = Question {
            who: user,
            permission: name,
            targets: &targets,
            facts: &facts,
            at: organization.at,
            as_if_active: true,
        };
        let targets = &AllFound::default();
        let asked = Asked { organization, question: &question, permission, targets };
        let mut reasons = Vec::new();
        if unrestricted(asked, &mut reasons) & keyed(asked, &mut reasons) {
            judged.opened.insert(name.clone(), reasons);
            continue;
        }
        for reason in reasons.into_iter().filter(|reason| reason.effect == super::reason::Effect::Deny) {
            judged.taken.entry(reason).or_default().insert(name.clone());
        }
    }
    judged
}

/// Where a key alone decides, the catalog grants its function to everybody: whoever lacks the key does not have the
/// function, which is no restriction, and a list of everything one does not have would bury those there are.
fn forget_what_was_never_given(
    items: &BTreeMap<Grant, BTreeSet<Reason>>,
    taken: &mut BTreeMap<Reason, BTreeSet<Arc<str>>>,
) {
    let given = items.iter().filter(|(_, from)| from.iter().any(|reason| reason.source != Source::Everyone));
    let given: BTreeSet<_> = given.map(|(grant, _)| &grant.permission).collect();
    taken.retain(|reason, names| {
        if reason.code == Code::KeyMissing {
            names.retain(|name| given.contains(name));
        }
        !names.is_empty()
    });
}

/// Restricting keys are always shown (design §2), even where they take nothing that was granted.
fn note_restricting_keys(
    organization: &Organization,
    user: &User,
    taken: &mut BTreeMap<Reason, BTreeSet<Arc<str>>>,
) {
    for key in organization.keys.values().filter(|key| key.restricts) {
        if let Holding::Held(position) = holding(organization, user, key.id) {
            let reason = Note::deny(Source::Restriction, &key.name, position, Code::Restricted).into();
            taken.entry(reason).or_default();
        }
    }
}

fn barred(user: &User, at: Moment) -> impl Iterator<Item = Restriction> {
    let status = &user.status;
    let status = Note::deny(Source::Status, status.value.word(), status.position, Code::NotActive);
    let status = (!user.is_active()).then_some(status);
    let window = user.shut(at);
    let window =
        window.map(|(shut, since)| Note::deny(Source::LoginWindow, shut.word(), since, Code::NotNow));
    status.into_iter().chain(window).map(|note| Restriction { reason: note.into(), permissions: Vec::new() })
}

/// Everybody who may do `permission`, by login, each with the reasons; for `GET /access` (design §6).
pub fn who_may<'a>(
    organization: &'a Organization,
    permission: &'a str,
    targets: &'a Targets,
    facts: &'a Facts,
    at: Moment,
) -> impl Iterator<Item = (&'a User, Vec<Reason>)> {
    organization.users_after(None).filter_map(move |who| {
        let question = Question { who, permission, targets, facts, at, as_if_active: false };
        allowed(organization, &question).then(|| (who, explain(organization, &question).reasons))
    })
}

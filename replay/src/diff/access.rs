//! What one user has: grants in effect, keys, queues, groups and marks; and what they gain or lose.
//!
//! Who is not active has nothing. Grants are compared by what they cover: whoever is narrowed from `all` to `own`
//! loses `all` and gains nothing.

use rollbook_domain::kernel::id::{GroupId, KeyId, ProfileId, QueueId, RoleId, Subject, UserId};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible;
use rollbook_domain::permission::cover::covers;
use rollbook_domain::permission::effective::effective;
use rollbook_domain::permission::grant::Grant;
use rollbook_domain::queue::state::Supervision;
use rollbook_domain::user::state::{KeyEntry, User};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// One thing that a user has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Access {
    /// A grant in effect, as in the API: `{"permission","scope",…}`.
    Grant(Box<Grant>),
    /// A key that is held: `{"key"}`. A restricting key is listed alike: to gain it is to be restricted.
    Key {
        /// Which.
        key: KeyId,
    },
    /// A place on a queue: `{"queue","as"}`.
    Queue {
        /// Which.
        queue: QueueId,
        /// `agent`, `viewer` or `editor`.
        #[serde(rename = "as")]
        post: &'static str,
    },
    /// A queue or object that is seen, where its lock or its being in use is in question: `{"sees"}`.
    Sees {
        /// Which queue or object.
        sees: Uuid,
    },
    /// A place in a group: `{"group","as"}`.
    Group {
        /// Which.
        group: GroupId,
        /// `member` or `supervisor`.
        #[serde(rename = "as")]
        place: &'static str,
    },
    /// `{"mark"}`: `masterkey` or `superuser`.
    Mark {
        /// Which.
        mark: &'static str,
    },
}

/// What a user gains and loses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delta {
    /// Had not before, in order.
    pub gained: Vec<Access>,
    /// Has no longer, in order.
    pub lost: Vec<Access>,
}

impl Delta {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }
}

/// The difference of one user's access. A user who does not exist on one side has nothing there.
#[must_use]
pub fn of_user(before: &Organization, after: &Organization, user: UserId) -> Delta {
    Comparison::new(before, after, BTreeSet::new()).user(user)
}

/// Two organizations that are compared for many users: who holds the same is resolved once.
pub(crate) struct Comparison<'a> {
    before: Side<'a>,
    after: Side<'a>,
    watched: BTreeSet<Subject>,
}

impl<'a> Comparison<'a> {
    /// Compares also who sees the queues and objects `watched`.
    pub(crate) fn new(before: &'a Organization, after: &'a Organization, watched: BTreeSet<Subject>) -> Self {
        Self { before: Side::new(before), after: Side::new(after), watched }
    }

    pub(crate) fn user(&mut self, id: UserId) -> Delta {
        let (old, new) = (self.before.holdings(id), self.after.holdings(id));
        let (old_rest, new_rest) = (self.before.rest(id, &self.watched), self.after.rest(id, &self.watched));
        let gained = uncovered(&new.grants, &old.grants).map(|grant| Access::Grant(Box::new(grant)));
        let lost = uncovered(&old.grants, &new.grants).map(|grant| Access::Grant(Box::new(grant)));
        let gained_keys = new.keys.difference(&old.keys).map(|key| Access::Key { key: *key });
        let lost_keys = old.keys.difference(&new.keys).map(|key| Access::Key { key: *key });
        Delta {
            gained: gained.chain(gained_keys).chain(new_rest.difference(&old_rest).cloned()).collect(),
            lost: lost.chain(lost_keys).chain(old_rest.difference(&new_rest).cloned()).collect(),
        }
    }
}

fn uncovered<'a>(grants: &'a [Grant], by: &'a [Grant]) -> impl Iterator<Item = Grant> + 'a {
    grants.iter().filter(|grant| !by.iter().any(|other| covers(other, grant))).cloned()
}

/// All that decides which grants and keys are in effect.
#[derive(PartialEq, Eq, Hash)]
struct Holds {
    role: RoleId,
    profile: Option<ProfileId>,
    keys: Vec<KeyEntry>,
    masterkey: bool,
    superuser: bool,
}

#[derive(Default)]
struct Holdings {
    grants: Vec<Grant>,
    keys: BTreeSet<KeyId>,
}

struct Side<'a> {
    organization: &'a Organization,
    known: HashMap<Holds, Arc<Holdings>>,
}

impl<'a> Side<'a> {
    fn new(organization: &'a Organization) -> Self {
        Self { organization, known: HashMap::new() }
    }

    fn active(&self, id: UserId) -> Option<&'a User> {
        self.organization.user(id).filter(|user| user.is_active())
    }

    fn holdings(&mut self, id: UserId) -> Arc<Holdings> {
        let Some(user) = self.active(id) else { return Arc::default() };
        if user.custom_profile.is_some() || user.elements.is_some() {
            return resolved(self.organization, user);
        }
        let holds = Holds {
            role: user.role.value,
            profile: user.profile.value,
            keys: user.keys.iter().copied().collect(),
            masterkey: user.masterkey.value,
            superuser: user.superuser.value,
        };
        let organization = self.organization;
        self.known.entry(holds).or_insert_with(|| resolved(organization, user)).clone()
    }

    /// What is each user's own: places, marks, and which of `watched` they see.
    fn rest(&self, id: UserId, watched: &BTreeSet<Subject>) -> BTreeSet<Access> {
        let Some(user) = self.active(id) else { return BTreeSet::new() };
        let mut rest = BTreeSet::new();
        for (queue, post) in user.posts.iter() {
            let queue = *queue;
            rest.extend(post.serves.then_some(Access::Queue { queue, post: "agent" }));
            rest.extend(post.supervises.map(|to| Access::Queue { queue, post: supervises(to) }));
        }
        rest.extend(user.groups.iter().map(|group| Access::Group { group: *group, place: "member" }));
        let supervised = user.supervises.keys();
        rest.extend(supervised.map(|group| Access::Group { group: *group, place: "supervisor" }));
        rest.extend(user.masterkey.value.then_some(Access::Mark { mark: "masterkey" }));
        rest.extend(user.superuser.value.then_some(Access::Mark { mark: "superuser" }));
        let at = self.organization.at;
        let seen = watched.iter().filter(|subject| visible::sees(self.organization, user, **subject, at));
        rest.extend(seen.map(|subject| Access::Sees { sees: subject.id }));
        rest
    }
}

fn resolved(organization: &Organization, user: &User) -> Arc<Holdings> {
    let effective = effective(organization, user, organization.at);
    let grants = effective.items.into_iter().map(|item| item.grant).collect();
    Arc::new(Holdings { grants, keys: effective.keys.into_iter().collect() })
}

fn supervises(supervision: Supervision) -> &'static str {
    match supervision {
        Supervision::Viewer => "viewer",
        Supervision::Editor => "editor",
    }
}

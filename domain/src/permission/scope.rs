//! What each scope matches per kind of target: the one table (design §2 "Scope"). An empty cell matches nothing.
//!
//! | scope | user | role | group | queue, campaign | agent | conversation | anything else |
//! |---|---|---|---|---|---|---|---|
//! | `all` | yes | yes | yes | yes | yes | yes | yes |
//! | `lower` | of lower rank | of lower rank | | | | | |
//! | `managed` | others in groups I supervise | | I supervise it | | its group is mine to supervise | its agent is such a user, or its group is mine to supervise | |
//! | `assigned` | serves a queue I serve or supervise | | | I serve or supervise it | it serves such a queue | its queue is such a queue, its agent serves one | |
//! | `assigned:editor` | serves a queue I edit | | | I edit it | it serves such a queue | its queue is such a queue, its agent serves one | |
//! | `group` | in a group of mine | | I am in it | | its group is mine | its agent is such a user, its group is mine | |
//! | `own` | me | | | | | I am its agent | |
//! | `unassigned` | | | | | | nobody has it | |
//! | `bot` | | | | | | a bot has it | |
//! | `queues` | serves a listed queue | | | listed for the channel | | its queue is listed | |
//! | `elements` | listed | listed | listed | listed | listed | | listed |
//!
//! A conversation's agent is a user. `own` reaches no agent record: which one is mine is read off its code and my login, so
//! whoever may change either could make any record anybody's.
//! Archived groups, queues and objects match under `all` alone (they must be restorable); nothing is reached through them.
//! `managed` leaves oneself out: a supervisor who sits in their own group may not edit their own account
//! (`acceptance/voximplant_permissions.csv`, "edit account details").

use super::facts::Facts;
use super::found::Found;
use super::given::One;
use super::grant::Scope;
use crate::agent::state::Agent;
use crate::group::state::Group;
use crate::kernel::id::{GroupId, QueueId};
use crate::kernel::shared::Standing;
use crate::organization::state::Organization;
use crate::queue::state::{Post, Queue, Supervision};
use crate::role::state::Role;
use crate::user::state::User;
use uuid::Uuid;

/// Whose reach is asked for, and what is known of the case.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) who: &'a User,
    pub(crate) facts: &'a Facts,
}

/// Whether `grant` reaches `target`.
pub(crate) fn reaches(asker: Asker<'_>, grant: One<'_>, target: Found<'_>) -> bool {
    match target {
        Found::User(user) => reaches_user(asker, grant, user),
        Found::Role(role) => reaches_role(asker, grant, role),
        Found::Group(group) => reaches_group(asker, grant, group),
        Found::Queue(queue) => reaches_queue(asker, grant, queue),
        Found::Agent(agent) => reaches_agent(asker, grant, agent),
        Found::Object(object) => {
            grant.scope == Scope::All
                || (object.status == Standing::Active && listed(grant, object.id.uuid()))
        }
        Found::Plain(subject) => grant.scope == Scope::All || listed(grant, subject.id),
        Found::Conversation => reaches_conversation(asker, grant),
        Found::Setting(None) => grant.scope == Scope::All,
        Found::Setting(Some(id)) | Found::Element(id) => reaches_thing(grant, id),
        Found::Missing(_) => false,
    }
}

fn reaches_user(asker: Asker<'_>, grant: One<'_>, user: &User) -> bool {
    match grant.scope {
        Scope::All => true,
        Scope::Lower => asker.organization.rank_of(user) < asker.organization.rank_of(asker.who),
        Scope::Managed => asker.manages(user),
        Scope::Assigned => asker.works_with(user, |_| true),
        Scope::AssignedEditor => asker.works_with(user, edits),
        Scope::Group => user.groups.iter().any(|id| asker.belongs_to(*id)),
        Scope::Own => user.id == asker.who.id,
        Scope::Queues => user.posts.iter().any(|(id, post)| post.serves && asker.lists_queue(grant, *id)),
        Scope::Elements => listed(grant, user.id.uuid()),
        Scope::Unassigned | Scope::Bot => false,
    }
}

fn reaches_role(asker: Asker<'_>, grant: One<'_>, role: &Role) -> bool {
    match grant.scope {
        Scope::All => true,
        Scope::Lower => role.rank.value < asker.organization.rank_of(asker.who),
        Scope::Elements => listed(grant, role.id.uuid()),
        Scope::Managed
        | Scope::Assigned
        | Scope::AssignedEditor
        | Scope::Group
        | Scope::Own
        | Scope::Unassigned
        | Scope::Bot
        | Scope::Queues => false,
    }
}

fn reaches_group(asker: Asker<'_>, grant: One<'_>, group: &Group) -> bool {
    match grant.scope {
        Scope::All => true,
        Scope::Managed => asker.supervises(group.id),
        Scope::Group => asker.belongs_to(group.id),
        Scope::Elements => group.status == Standing::Active && listed(grant, group.id.uuid()),
        Scope::Lower
        | Scope::Assigned
        | Scope::AssignedEditor
        | Scope::Own
        | Scope::Unassigned
        | Scope::Bot
        | Scope::Queues => false,
    }
}

fn reaches_queue(asker: Asker<'_>, grant: One<'_>, queue: &Queue) -> bool {
    match grant.scope {
        Scope::All => true,
        Scope::Assigned => asker.posted(queue.id, |_| true),
        Scope::AssignedEditor => asker.posted(queue.id, edits),
        Scope::Queues => asker.lists_queue(grant, queue.id),
        Scope::Elements => queue.status == Standing::Active && listed(grant, queue.id.uuid()),
        Scope::Lower | Scope::Managed | Scope::Group | Scope::Own | Scope::Unassigned | Scope::Bot => false,
    }
}

fn reaches_agent(asker: Asker<'_>, grant: One<'_>, agent: &Agent) -> bool {
    let serves = |wanted: fn(Post) -> bool| agent.queues.keys().any(|id| asker.posted(*id, wanted));
    match grant.scope {
        Scope::All => true,
        Scope::Managed => agent.group.is_some_and(|id| asker.supervises(id)),
        Scope::Assigned => serves(|_| true),
        Scope::AssignedEditor => serves(edits),
        Scope::Group => agent.group.is_some_and(|id| asker.belongs_to(id)),
        Scope::Elements => agent.status == Standing::Active && listed(grant, agent.id.uuid()),
        Scope::Lower | Scope::Own | Scope::Unassigned | Scope::Bot | Scope::Queues => false,
    }
}

fn reaches_conversation(asker: Asker<'_>, grant: One<'_>) -> bool {
    let facts = asker.facts;
    let agent = |test: &dyn Fn(&User) -> bool| {
        facts.agent.and_then(|id| asker.organization.user(id)).is_some_and(test)
    };
    let by_queue = |wanted: fn(Post) -> bool| {
        facts.queue.is_some_and(|id| asker.posted(id, wanted))
            || agent(&|user| asker.works_with(user, wanted))
    };
    match grant.scope {
        Scope::All => true,
        Scope::Managed => {
            agent(&|user| asker.manages(user)) || facts.group.is_some_and(|id| asker.supervises(id))
        }
        Scope::Assigned => by_queue(|_| true),
        Scope::AssignedEditor => by_queue(edits),
        Scope::Group => {
            agent(&|user| user.groups.iter().any(|id| asker.belongs_to(*id)))
                || facts.group.is_some_and(|id| asker.belongs_to(id))
        }
        Scope::Own => facts.agent == Some(asker.who.id),
        Scope::Unassigned => facts.unassigned == Some(true),
        Scope::Bot => facts.bot == Some(true),
        Scope::Queues => facts.queue.is_some_and(|id| asker.lists_queue(grant, id)),
        Scope::Lower | Scope::Elements => false,
    }
}

fn reaches_thing(grant: One<'_>, id: &str) -> bool {
    match grant.scope {
        Scope::All => true,
        Scope::Elements => grant.grant.elements.contains(id),
        Scope::Lower
        | Scope::Managed
        | Scope::Assigned
        | Scope::AssignedEditor
        | Scope::Group
        | Scope::Own
        | Scope::Unassigned
        | Scope::Bot
        | Scope::Queues => false,
    }
}

/// Whether the grant lists this entity. The id is written on the stack: a check allocates nothing.
fn listed(grant: One<'_>, id: Uuid) -> bool {
    let mut buffer = Uuid::encode_buffer();
    let id = id.hyphenated().encode_lower(&mut buffer);
    grant.scope == Scope::Elements && grant.grant.elements.contains(&*id)
}

fn edits(post: Post) -> bool {
    post.supervises == Some(Supervision::Editor)
}

impl Asker<'_> {
    fn in_use_group(self, id: GroupId) -> bool {
        self.organization.groups.get(&id).is_some_and(|group| group.status == Standing::Active)
    }

    fn in_use_queue(self, id: QueueId) -> bool {
        self.organization.queues.get(&id).is_some_and(|queue| queue.status == Standing::Active)
    }

    fn supervises(self, id: GroupId) -> bool {
        self.who.supervises.contains_key(&id) && self.in_use_group(id)
    }

    fn belongs_to(self, id: GroupId) -> bool {
        self.who.groups.contains(&id) && self.in_use_group(id)
    }

    fn manages(self, user: &User) -> bool {
        user.id != self.who.id && user.groups.iter().any(|id| self.supervises(*id))
    }

    fn posted(self, id: QueueId, wanted: fn(Post) -> bool) -> bool {
        self.who.posts.get(&id).is_some_and(|post| wanted(*post)) && self.in_use_queue(id)
    }

    /// Whether `user` serves a queue where the asker has a wanted post.
    fn works_with(self, user: &User, wanted: fn(Post) -> bool) -> bool {
        user.posts.iter().any(|(id, post)| post.serves && self.posted(*id, wanted))
    }

    /// Queues are listed per channel, so without a channel none is (design §2: a fact not supplied denies).
    fn lists_queue(self, grant: One<'_>, id: QueueId) -> bool {
        if grant.scope != Scope::Queues {
            return false;
        }
        let listed = self.facts.channel.as_ref().and_then(|channel| grant.grant.queues.get(channel));
        listed.is_some_and(|ids| ids.contains(&id)) && self.in_use_queue(id)
    }
}

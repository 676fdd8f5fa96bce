//! References in bodies: an id, a login or a unique name, turned into an id.
//!
//! What somebody may not see is to them as if it were not there. What questions name is read in `named`.

use crate::error::Problem;
use crate::extract::Caller;
use rollbook_domain::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, QueueId, RoleId, Subject, UserId,
};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible;
use rollbook_domain::permission::keyring::{self, Holding};
use rollbook_domain::user::state::User;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The names in an organization as one user knows them.
pub(crate) struct Names<'a> {
    /// The organization.
    pub(crate) organization: &'a Organization,
    who: &'a User,
    at: Moment,
    /// What the user themselves name: their role, profile, keys, groups and queues.
    own: BTreeSet<Uuid>,
    /// What the thing that is changed shows already: by its id, keys by their names.
    beside: BTreeSet<Uuid>,
}

impl<'a> Names<'a> {
    /// As the caller knows them.
    ///
    /// # Errors
    /// 401 if the caller is gone from the organization.
    pub(crate) fn of(caller: &Caller, organization: &'a Organization) -> Result<Self, Problem> {
        let who = caller.me(organization)?;
        Ok(Self {
            organization,
            who,
            at: caller.at(organization),
            own: of_user(who).collect(),
            beside: BTreeSet::new(),
        })
    }

    /// As the caller knows them who sees `subject`, which is to be changed.
    ///
    /// # Errors
    /// 401 if the caller is gone from the organization.
    pub(crate) fn beside(
        caller: &Caller,
        organization: &'a Organization,
        subject: Subject,
    ) -> Result<Self, Problem> {
        let mut names = Self::of(caller, organization)?;
        names.beside = named_by(organization, subject);
        Ok(names)
    }

    /// What of `kind` a text means, if it is there and to be known.
    pub(crate) fn find(&self, kind: Kind, text: &str) -> Option<Uuid> {
        let id = self.organization.find(kind, text)?;
        let sees = || visible::sees(self.organization, self.who, Subject { kind, id }, self.at);
        let shown = || kind == Kind::Key || Uuid::parse_str(text) == Ok(id);
        let known = self.own.contains(&id) || (self.beside.contains(&id) && shown());
        (known || self.holds(kind, id) || sees()).then_some(id)
    }

    /// Whether it is a key that the user holds.
    fn holds(&self, kind: Kind, id: Uuid) -> bool {
        let holding = || keyring::holding(self.organization, self.who, KeyId(id));
        kind == Kind::Key && matches!(holding(), Holding::Held(_))
    }
}

/// The ids that a thing shows to whoever sees it.
fn named_by(organization: &Organization, subject: Subject) -> BTreeSet<Uuid> {
    let id = subject.id;
    match subject.kind {
        Kind::User => organization.user(UserId(id)).into_iter().flat_map(of_user).collect(),
        Kind::Role => {
            let role = organization.roles.get(&RoleId(id)).into_iter();
            role.flat_map(|role| role.keys.iter().map(|key| key.uuid())).collect()
        }
        Kind::Queue => {
            let Some(queue) = organization.queues.get(&QueueId(id)) else { return BTreeSet::new() };
            let users = queue.agents.iter().chain(queue.supervisors.keys()).map(|user| user.uuid());
            let parts = queue.parts.iter().map(|part| part.uuid());
            users.chain(parts).chain(queue.visibility_key.value.map(KeyId::uuid)).collect()
        }
        Kind::Group => {
            let Some(group) = organization.groups.get(&GroupId(id)) else { return BTreeSet::new() };
            group.members.iter().chain(group.supervisors.iter()).map(|user| user.uuid()).collect()
        }
        Kind::Agent => {
            let Some(agent) = organization.agent(AgentId(id)) else { return BTreeSet::new() };
            let queues = agent.queues.keys().map(|queue| queue.uuid());
            let places = [agent.group.map(GroupId::uuid), agent.supervisor.map(UserId::uuid)];
            let key = agent.visibility_key.value.map(KeyId::uuid);
            queues.chain(places.into_iter().flatten()).chain(key).collect()
        }
        Kind::Object => {
            let Some(object) = organization.object(ObjectId(id)) else { return BTreeSet::new() };
            object.keys().map(KeyId::uuid).collect()
        }
        Kind::Organization
        | Kind::Profile
        | Kind::Key
        | Kind::Settings
        | Kind::Conversation
        | Kind::Setting
        | Kind::Element => BTreeSet::new(),
    }
}

fn of_user(user: &User) -> impl Iterator<Item = Uuid> {
    let keys = user.keys.iter().map(|entry| entry.key.uuid());
    let profile = user.profile.value.map(|profile| profile.uuid());
    let groups = user.groups.iter().chain(user.supervises.keys()).map(|group| group.uuid());
    let queues = user.posts.keys().map(|queue| queue.uuid());
    keys.chain(profile).chain([user.role.value.uuid()]).chain(groups).chain(queues)
}

/// What of `kind` a text means.
///
/// # Errors
/// 422 at `pointer`.
pub(crate) fn find(names: &Names<'_>, kind: Kind, pointer: &str, text: &str) -> Result<Uuid, Problem> {
    names.find(kind, text).ok_or_else(|| {
        let code = format!("no_such_{}", kind.word());
        Problem::field(pointer, &code, &format!("there is no such {}", kind.word()))
    })
}

/// The same where nothing may be meant.
pub(crate) fn find_maybe(
    names: &Names<'_>,
    kind: Kind,
    pointer: &str,
    text: Option<&str>,
) -> Result<Option<Uuid>, Problem> {
    text.map(|text| find(names, kind, pointer, text)).transpose()
}

/// The same for a list; errors name the place in it.
pub(crate) fn find_all(
    names: &Names<'_>,
    kind: Kind,
    pointer: &str,
    texts: &[String],
) -> Result<Vec<Uuid>, Problem> {
    let found = texts.iter().enumerate();
    found.map(|(place, text)| find(names, kind, &format!("{pointer}/{place}"), text)).collect()
}

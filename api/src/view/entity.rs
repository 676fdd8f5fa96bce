//! Entities of an organization as their shapes.

use super::eyes::Eyes;
use super::shapes::{
    ActorView, AgentView, AvatarView, GroupView, KeyView, ObjectView, ProfileView, QueueView, RoleView,
    SettingsView, StampView, SupervisorView, UserView, WarningView,
};
use rollbook_domain::agent::state::Agent;
use rollbook_domain::group::state::Group;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, Subject, UserId,
};
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::kernel::record::Stamp;
use rollbook_domain::key::state::Key;
use rollbook_domain::key::words;
use rollbook_domain::object::state::Object;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::grant::Grant;
use rollbook_domain::profile::state::Profile;
use rollbook_domain::queue::state::{Queue, QueueKind, Supervision};
use rollbook_domain::role::state::Role;
use rollbook_domain::settings::state::Setting;
use rollbook_domain::user::avatar::Avatar;
use rollbook_domain::user::detail::{DetailRow, DetailValue, Plain};
use rollbook_domain::user::state::{KeyEntry, User};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Any entity as JSON, as `eyes` may see it; `None` if it is not there.
#[must_use]
pub fn entity(organization: &Organization, subject: Subject, eyes: Eyes<'_>) -> Option<Value> {
    let id = subject.id;
    match subject.kind {
        Kind::User => organization.user(UserId(id)).and_then(|it| json(user(organization, it, eyes))),
        Kind::Role => organization.roles.get(&RoleId(id)).and_then(|it| json(role(organization, it, eyes))),
        Kind::Profile => {
            organization.profiles.get(&ProfileId(id)).and_then(|it| json(profile(organization, it, eyes)))
        }
        Kind::Key => organization.keys.get(&KeyId(id)).and_then(|it| json(key(organization, it, eyes))),
        Kind::Queue => {
            organization.queues.get(&QueueId(id)).and_then(|it| json(queue(organization, it, eyes)))
        }
        Kind::Group => {
            organization.groups.get(&GroupId(id)).and_then(|it| json(group(organization, it, eyes)))
        }
        Kind::Agent => organization.agent(AgentId(id)).and_then(|it| json(agent(organization, it, eyes))),
        Kind::Object => organization.object(ObjectId(id)).and_then(|it| json(object(organization, it, eyes))),
        Kind::Settings => json(settings(organization)),
        Kind::Organization => json(serde_json::json!({ "id": organization.id, "name": organization.name })),
        Kind::Conversation | Kind::Setting | Kind::Element => None,
    }
}

fn json(view: impl Serialize) -> Option<Value> {
    serde_json::to_value(view).ok()
}

/// As QueueMetrics words it on its home page.
const MASTERKEY_WARNING: WarningView =
    WarningView { code: "masterkey", detail: "Masterkey enabled - recommended use for testing only" };

/// Who did something and when; of somebody whom one may not see only that it was a user or their API key.
fn stamp(organization: &Organization, Stamp { by, at, .. }: Stamp, eyes: Eyes<'_>) -> StampView {
    let (kind, id) = match by {
        Actor::User(user) => ("user", Some(user.uuid())),
        Actor::ApiKey { key, .. } => ("api_key", Some(key.0)),
        Actor::Token { token, .. } => ("token", Some(token.0)),
        Actor::Operator => ("operator", None),
        Actor::System => ("system", None),
    };
    let user = by.user().filter(|user| eyes.see(user.subject()));
    let id = id.filter(|_| user.is_some());
    let label = user.and_then(|user| organization.label(user.subject()));
    StampView { by: ActorView { kind, id, label }, at: at.to_string() }
}

/// A user.
#[must_use]
pub fn user(organization: &Organization, user: &User, eyes: Eyes<'_>) -> UserView {
    // Erasing deletes the credentials themselves.
    let password = user.password.filter(|_| !user.erased);
    let set_at = password.filter(|_| organization.settings.flag(Setting::SecuritySuite));
    let entry = |minus: bool, id| format!("{}{}", if minus { "-" } else { "" }, key_name(organization, id));
    UserView {
        id: user.id.uuid(),
        login: user.login.text().to_owned(),
        name: user.name.text().to_owned(),
        email: user.email.as_ref().map(|email| email.text().to_owned()),
        details: details(organization, user),
        avatar: user.picture().map(|picture| avatar(&picture)),
        role: user.role.value.uuid(),
        status: user.status.value.word(),
        locked_until: user.locked_until.map(|until| until.to_string()),
        login_window: user.login_window.as_ref().map(|window| window.value.clone()),
        profile: user.profile.value.map(ProfileId::uuid),
        custom_profile: user.custom_profile.as_ref().map(|given| given.value.clone().into()),
        elements: elements(user),
        keys: user.keys.iter().map(|one| entry(one.minus, one.key)).collect(),
        keys_text: words::text(organization, user.keys.iter().copied()),
        superuser: user.superuser.value,
        masterkey: user.masterkey.value,
        warnings: user.masterkey.value.then_some(MASTERKEY_WARNING).into_iter().collect(),
        groups: user.groups.iter().map(|id| id.uuid()).collect(),
        supervises: user.supervises.keys().map(|id| id.uuid()).collect(),
        serves: user.posts.iter().filter(|(_, post)| post.serves).map(|(id, _)| id.uuid()).collect(),
        agent: organization
            .agent_of(user)
            .map(|it| it.id)
            .filter(|id| eyes.see(id.subject()))
            .map(AgentId::uuid),
        has_password: password.is_some(),
        password_set_at: set_at.map(|password| password.set_at.to_string()),
        has_two_factor: user.two_factor.is_some(),
        has_api_key: user.api_key.is_some() && !user.erased,
        erased: user.erased,
        created: stamp(organization, user.record.created, eyes),
        updated: stamp(organization, user.record.updated, eyes),
        version: user.record.version,
        position: user.record.updated.position,
    }
}

fn avatar(picture: &Avatar) -> AvatarView {
    let sha256 = picture.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    AvatarView { media_type: picture.media.word(), bytes: picture.bytes, sha256 }
}

/// What the catalog offers, as it is set or else by default.
fn details(organization: &Organization, user: &User) -> BTreeMap<&'static str, Option<Plain>> {
    let value = |row: &DetailRow| {
        let set = user.details.get(&row.name).map(DetailValue::shown);
        (row.name.word(), set.or_else(|| row.default.clone()))
    };
    organization.catalog.details.iter().map(value).collect()
}

fn elements(user: &User) -> BTreeMap<String, Vec<String>> {
    let grants = user.elements.iter().flat_map(|given| given.value.iter());
    let ids = |grant: &Grant| grant.elements.iter().map(ToString::to_string).collect();
    grants.map(|grant| (grant.permission.to_string(), ids(grant))).collect()
}

fn key_name(organization: &Organization, id: KeyId) -> String {
    organization.keys.get(&id).map_or_else(|| id.to_string(), |key| key.name.clone())
}

/// A role.
#[must_use]
pub fn role(organization: &Organization, role: &Role, eyes: Eyes<'_>) -> RoleView {
    RoleView {
        id: role.id.uuid(),
        name: role.name.clone(),
        description: role.description.clone(),
        rank: role.rank.value,
        protected: role.protected,
        grants: role.grants.value.clone().into(),
        keys: role.keys.iter().map(|id| key_name(organization, *id)).collect(),
        keys_text: words::text(
            organization,
            role.keys.iter().map(|key| KeyEntry { key: *key, minus: false }),
        ),
        holders: role.holders.len(),
        status: role.status.word(),
        created: stamp(organization, role.record.created, eyes),
        updated: stamp(organization, role.record.updated, eyes),
        version: role.record.version,
        position: role.record.updated.position,
    }
}

/// A profile.
#[must_use]
pub fn profile(organization: &Organization, profile: &Profile, eyes: Eyes<'_>) -> ProfileView {
    ProfileView {
        id: profile.id.uuid(),
        name: profile.name.clone(),
        description: profile.description.clone(),
        default_type: profile.default_type.clone(),
        sections: profile.sections.clone(),
        grants: profile.grants.value.clone().into(),
        holders: profile.holders.len(),
        status: profile.status.word(),
        created: stamp(organization, profile.record.created, eyes),
        updated: stamp(organization, profile.record.updated, eyes),
        version: profile.record.version,
        position: profile.record.updated.position,
    }
}

/// A key.
#[must_use]
pub fn key(organization: &Organization, key: &Key, eyes: Eyes<'_>) -> KeyView {
    KeyView {
        id: key.id.uuid(),
        name: key.name.clone(),
        description: key.description.clone(),
        reserved: key.reserved,
        restricts: key.restricts,
        status: key.status.word(),
        created: stamp(organization, key.record.created, eyes),
        updated: stamp(organization, key.record.updated, eyes),
        version: key.record.version,
        position: key.record.updated.position,
    }
}

/// A queue or campaign.
#[must_use]
pub fn queue(organization: &Organization, queue: &Queue, eyes: Eyes<'_>) -> QueueView {
    let supervisor = |(user, supervision): (&UserId, &Supervision)| SupervisorView {
        user: user.uuid(),
        editor: *supervision == Supervision::Editor,
    };
    QueueView {
        id: queue.id.uuid(),
        name: queue.name.clone(),
        description: queue.description.clone(),
        kind: match queue.kind {
            QueueKind::Queue => "queue",
            QueueKind::Campaign => "campaign",
        },
        visibility_key: queue.visibility_key.value.map(|id| key_name(organization, id)),
        parts: queue.parts.iter().map(|id| id.uuid()).collect(),
        agents: queue.agents.iter().map(|id| id.uuid()).collect(),
        supervisors: queue.supervisors.iter().map(supervisor).collect(),
        update_protected: queue.update_protected,
        delete_protected: queue.delete_protected,
        status: queue.status.word(),
        created: stamp(organization, queue.record.created, eyes),
        updated: stamp(organization, queue.record.updated, eyes),
        version: queue.record.version,
        position: queue.record.updated.position,
    }
}

/// A group.
#[must_use]
pub fn group(organization: &Organization, group: &Group, eyes: Eyes<'_>) -> GroupView {
    GroupView {
        id: group.id.uuid(),
        name: group.name.clone(),
        description: group.description.clone(),
        members: group.members.iter().map(|id| id.uuid()).collect(),
        supervisors: group.supervisors.iter().map(|id| id.uuid()).collect(),
        settings: group.settings.iter().map(|(setting, value)| (setting.word(), value.clone())).collect(),
        status: group.status.word(),
        created: stamp(organization, group.record.created, eyes),
        updated: stamp(organization, group.record.updated, eyes),
        version: group.record.version,
        position: group.record.updated.position,
    }
}

/// An agent.
#[must_use]
pub fn agent(organization: &Organization, agent: &Agent, eyes: Eyes<'_>) -> AgentView {
    let text = |value: &Personal| value.text().to_owned();
    AgentView {
        id: agent.id.uuid(),
        code: text(&agent.code),
        description: text(&agent.description),
        aliases: agent.aliases.iter().map(text).collect(),
        location: agent.location.clone(),
        payroll_code: agent.payroll_code.as_ref().map(text),
        extension: agent.extension.as_ref().map(text),
        visibility_key: agent.visibility_key.value.map(|id| key_name(organization, id)),
        group: agent.group.map(GroupId::uuid),
        supervisor: agent.supervisor.map(UserId::uuid),
        queues: agent.queues.iter().map(|(queue, level)| (queue.uuid(), level.word())).collect(),
        update_protected: agent.update_protected,
        delete_protected: agent.delete_protected,
        user: organization
            .user_of(agent)
            .map(|it| it.id)
            .filter(|id| eyes.see(id.subject()))
            .map(UserId::uuid),
        status: agent.status.word(),
        erased: agent.is_erased(),
        created: stamp(organization, agent.record.created, eyes),
        updated: stamp(organization, agent.record.updated, eyes),
        version: agent.record.version,
        position: agent.record.updated.position,
    }
}

/// Most ids of each kind that one object shows; all are counted.
const USED_BY_SHOWN_MAX: usize = 1_000;

/// An object; of what uses it, what `eyes` may see.
#[must_use]
pub fn object(organization: &Organization, object: &Object, eyes: Eyes<'_>) -> ObjectView {
    let seen = |subjects: &mut dyn Iterator<Item = Subject>| -> Option<Vec<Uuid>> {
        let seen = subjects.filter(|subject| eyes.see(*subject)).take(USED_BY_SHOWN_MAX);
        Some(seen.map(|subject| subject.id).collect())
    };
    ObjectView {
        users: seen(&mut object.users.iter().map(|id| id.subject())),
        queues: seen(&mut object.queues.iter().map(|id| id.subject())),
        objects: seen(&mut object.objects.iter().map(|id| id.subject())),
        ..listed_object(organization, object, eyes)
    }
}

/// An object as in a list: what uses it is counted and not named, which takes looking at nothing of it.
#[must_use]
pub fn listed_object(organization: &Organization, object: &Object, eyes: Eyes<'_>) -> ObjectView {
    let key = |id: Option<KeyId>| id.map(|id| key_name(organization, id));
    ObjectView {
        id: object.id.uuid(),
        kind: object.kind.clone(),
        name: object.name.clone(),
        description: object.description.clone(),
        visibility_key: key(object.visibility_key.value),
        reports_key: key(object.reports_key.value),
        contents: object.contents.clone(),
        users: None,
        queues: None,
        objects: None,
        users_count: object.users.len(),
        queues_count: object.queues.len(),
        objects_count: object.objects.len(),
        in_use: object.is_in_use(),
        status: object.status.word(),
        created: stamp(organization, object.record.created, eyes),
        updated: stamp(organization, object.record.updated, eyes),
        version: object.record.version,
        position: object.record.updated.position,
    }
}

/// The settings.
#[must_use]
pub fn settings(organization: &Organization) -> SettingsView {
    let settings = &organization.settings;
    SettingsView {
        settings: Setting::ALL.map(|setting| (setting.word(), settings.get(setting))).into_iter().collect(),
        version: settings.version,
        position: settings.changed,
    }
}

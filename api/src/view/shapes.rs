//! The shapes of entities in answers, as OpenAPI describes them.

use rollbook_domain::permission::grant::Grant;
use rollbook_domain::settings::state::SettingValue;
use rollbook_domain::user::detail::Plain;
use rollbook_domain::user::window::LoginWindow;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who did something.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActorView {
    /// `user`, `api_key`, `token`, `operator` or `system`.
    pub kind: &'static str,
    /// The user's id, or the API key's; null where you may not see that user, or the key's owner.
    pub id: Option<Uuid>,
    /// The login of the user, or of the API key's owner, as it is at the position shown; null where you may not see them.
    pub label: Option<String>,
}

/// Who did something, and when.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StampView {
    /// Who.
    pub by: ActorView,
    /// When.
    pub at: String,
}

/// What a user's picture is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AvatarView {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of its bytes, in hexadecimal; the `ETag` of the picture.
    pub sha256: String,
}

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Never reused.
    pub id: Uuid,
    /// Unique in the organization.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// E-mail address, if there is one.
    pub email: Option<String>,
    /// The details that the catalog offers, each by its name; null where nothing is set.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub details: BTreeMap<&'static str, Option<Plain>>,
    /// What the picture is, if there is one: `GET /users/{id}/avatar`.
    pub avatar: Option<AvatarView>,
    /// Role id.
    pub role: Uuid,
    /// `invited`, `active`, `blocked` or `archived`.
    pub status: &'static str,
    /// Until when sign-ins are refused after too many failures, if they ever were; over once that time is past.
    pub locked_until: Option<String>,
    /// When the user may sign in and act; null for any time: `{"from"?,"until"?,"hours"?:{"time_zone","week":[{"day","from","until"}]}}`.
    #[schema(value_type = Option<Object>)]
    pub login_window: Option<LoginWindow>,
    /// Profile id, if the user has one.
    pub profile: Option<Uuid>,
    /// Grants on this user alone, if there are any.
    #[schema(value_type = Option<Vec<Object>>)]
    pub custom_profile: Option<Vec<Grant>>,
    /// Single elements of one's own, by permission: `{"custom_dashboards.read":["sales"]}`.
    pub elements: BTreeMap<String, Vec<String>>,
    /// Own keys by name; a minus before what is taken away.
    pub keys: Vec<String>,
    /// The same as one text: `A B -C`.
    pub keys_text: String,
    /// Every module, action and element.
    pub superuser: bool,
    /// Passes every lock and key-guarded function but a key that a minus names.
    pub masterkey: bool,
    /// What is to be said beside this user wherever they are shown: `masterkey`.
    pub warnings: Vec<WarningView>,
    /// Ids of the groups the user is a member of.
    pub groups: Vec<Uuid>,
    /// Ids of the groups the user supervises.
    pub supervises: Vec<Uuid>,
    /// Ids of the queues the user serves.
    pub serves: Vec<Uuid>,
    /// Id of the agent whose code is the login, if there is one that you may see.
    pub agent: Option<Uuid>,
    /// Whether a password was set.
    pub has_password: bool,
    /// When it was last set; only under the security suite.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub password_set_at: Option<String>,
    /// Whether a sign-in takes a code beside the password.
    pub has_two_factor: bool,
    /// Whether there is an API key.
    pub has_api_key: bool,
    /// Whether the personal data was erased.
    pub erased: bool,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about this user.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// Something dangerous that somebody holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WarningView {
    /// What it is about: `masterkey`.
    pub code: &'static str,
    /// For people.
    pub detail: &'static str,
}

/// A role.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoleView {
    /// Never reused.
    pub id: Uuid,
    /// Unique among roles.
    pub name: String,
    /// For people.
    pub description: String,
    /// Higher outranks lower.
    pub rank: u16,
    /// Comes from the catalog.
    pub protected: bool,
    /// What holders may do.
    #[schema(value_type = Vec<Object>)]
    pub grants: Vec<Grant>,
    /// Keys that holders hold, by name.
    pub keys: Vec<String>,
    /// The same as one text: `A B`.
    pub keys_text: String,
    /// How many users hold it, archived ones included.
    pub holders: usize,
    /// `active` or `archived`.
    pub status: &'static str,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about it.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// A profile.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// Never reused.
    pub id: Uuid,
    /// Unique among profiles.
    pub name: String,
    /// For people.
    pub description: String,
    /// The permission type of the sections that have none of their own.
    pub default_type: Option<String>,
    /// The sections that are enabled, each with its permission type or `inherit`.
    pub sections: BTreeMap<String, String>,
    /// What holders may do beside, grant by grant.
    #[schema(value_type = Vec<Object>)]
    pub grants: Vec<Grant>,
    /// How many users have it, archived ones included.
    pub holders: usize,
    /// `active` or `archived`.
    pub status: &'static str,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about it.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// A key.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// Never reused.
    pub id: Uuid,
    /// Unique among keys.
    pub name: String,
    /// For people.
    pub description: String,
    /// Comes from the catalog.
    pub reserved: bool,
    /// Takes an ability away instead of giving one.
    pub restricts: bool,
    /// `active` or `archived`.
    pub status: &'static str,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about it.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// Who supervises a queue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupervisorView {
    /// User id.
    pub user: Uuid,
    /// Whether they may move agents.
    pub editor: bool,
}

/// A queue or campaign.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QueueView {
    /// Never reused.
    pub id: Uuid,
    /// Unique among queues and campaigns.
    pub name: String,
    /// For people.
    pub description: String,
    /// `queue` or `campaign`.
    pub kind: &'static str,
    /// The name of the key that locks it, if one does.
    pub visibility_key: Option<String>,
    /// Ids of the queues it is composed of.
    pub parts: Vec<Uuid>,
    /// Ids of the users who serve it.
    pub agents: Vec<Uuid>,
    /// Who supervises it.
    pub supervisors: Vec<SupervisorView>,
    /// Whether what it is (name, description, key, parts) may not be changed, archiving included.
    pub update_protected: bool,
    /// Whether it may not be archived.
    pub delete_protected: bool,
    /// `active` or `archived`.
    pub status: &'static str,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about it.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// A group.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupView {
    /// Never reused.
    pub id: Uuid,
    /// Unique among groups.
    pub name: String,
    /// For people.
    pub description: String,
    /// Ids of its members.
    pub members: Vec<Uuid>,
    /// Ids of its supervisors.
    pub supervisors: Vec<Uuid>,
    /// Settings that override the organization's for members.
    #[schema(value_type = Object)]
    pub settings: BTreeMap<&'static str, SettingValue>,
    /// `active` or `archived`.
    pub status: &'static str,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about it.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// An agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgentView {
    /// Never reused.
    pub id: Uuid,
    /// Such as `Agent/101`; names this agent alone.
    pub code: String,
    /// For people; most often the name of whoever sits there.
    pub description: String,
    /// Other names in the telephone system, each naming this agent alone.
    pub aliases: Vec<String>,
    /// Where it is, if anywhere in particular.
    pub location: Option<String>,
    /// Its code in the payroll, if it has one.
    pub payroll_code: Option<String>,
    /// The extension it is reached at, if there is one.
    pub extension: Option<String>,
    /// The name of the key that locks it, if one does.
    pub visibility_key: Option<String>,
    /// Id of the group it belongs to, if it does.
    pub group: Option<Uuid>,
    /// Id of the user who supervises it, if somebody does.
    pub supervisor: Option<Uuid>,
    /// The queues it serves by id, each with its level: `main`, `wrap` or `spill`.
    #[schema(value_type = BTreeMap<String, String>)]
    pub queues: BTreeMap<Uuid, &'static str>,
    /// Whether nothing else of it may be changed, archiving included.
    pub update_protected: bool,
    /// Whether it may not be archived.
    pub delete_protected: bool,
    /// Id of the user whose login is its code, if there is one whom you may see.
    pub user: Option<Uuid>,
    /// `active` or `archived`.
    pub status: &'static str,
    /// Whether the personal data was erased.
    pub erased: bool,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about it.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// A small thing of a kind that the catalog has: a skill, a tag, a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ObjectView {
    /// Never reused.
    pub id: Uuid,
    /// One of the catalog's kinds.
    pub kind: String,
    /// Unique among objects of its kind; `kind:name` is a reference to it.
    pub name: String,
    /// For people.
    pub description: String,
    /// The name of the key that locks it, if one does.
    pub visibility_key: Option<String>,
    /// The name of the key that locks what reports say of it, if one does.
    pub reports_key: Option<String>,
    /// What is in it, in order.
    pub contents: Vec<String>,
    /// Ids of the users who have it, the first 1,000 of those whom you may see; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub users: Option<Vec<Uuid>>,
    /// Ids of the queues and campaigns that use it, the first 1,000 of those that you may see; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub queues: Option<Vec<Uuid>>,
    /// Ids of the other objects that use it, the first 1,000 of those that you may see; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub objects: Option<Vec<Uuid>>,
    /// How many users have it, seen or not.
    pub users_count: usize,
    /// How many queues and campaigns use it, seen or not.
    pub queues_count: usize,
    /// How many other objects use it, seen or not.
    pub objects_count: usize,
    /// Whether anybody has it or anything uses it, seen or not.
    pub in_use: bool,
    /// `active` or `archived`.
    pub status: &'static str,
    /// Who made it and when.
    pub created: StampView,
    /// Who changed it last and when.
    pub updated: StampView,
    /// How many events there were about it.
    pub version: u64,
    /// Position of the last one; the `ETag`.
    pub position: u64,
}

/// The organization's settings, defaults included.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SettingsView {
    /// Every setting by name.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub settings: BTreeMap<&'static str, SettingValue>,
    /// How many events there were about them.
    pub version: u64,
    /// Position of the last one, 0 if there was none; the `ETag`.
    pub position: u64,
}

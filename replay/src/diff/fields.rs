//! An entity as its fields and elements, named and shaped as its events name and shape them.
//!
//! Sets and maps are compared by element, so the grants of a role are as many places as it has grants.

use rollbook_domain::kernel::change::{Change, element_text};
use rollbook_domain::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, Subject, UserId,
};
use rollbook_domain::kernel::personal;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::settings::state::Setting;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A field, and an element where the field is a set or a map.
pub type Place = (String, Option<String>);

/// What an entity holds at each place, personal values in their marked form. Empty if there is no such entity.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<Place, Value>);

impl Fields {
    /// The fields of `subject`.
    #[must_use]
    pub fn of(organization: &Organization, subject: Subject) -> Self {
        let mut fields = Self::default();
        let id = subject.id;
        match subject.kind {
            Kind::User => fields.user(organization, UserId(id)),
            Kind::Role => fields.role(organization, RoleId(id)),
            Kind::Profile => fields.profile(organization, ProfileId(id)),
            Kind::Key => fields.key(organization, KeyId(id)),
            Kind::Queue => fields.queue(organization, QueueId(id)),
            Kind::Group => fields.group(organization, GroupId(id)),
            Kind::Agent => fields.agent(organization, AgentId(id)),
            Kind::Object => fields.object(organization, ObjectId(id)),
            Kind::Settings if organization.exists(subject) => {
                for setting in Setting::ALL {
                    fields.entry("settings", setting.word(), &organization.settings.get(setting));
                }
            }
            Kind::Organization if organization.exists(subject) => {
                fields.field("name", &organization.name);
                fields.field("catalog", &organization.catalog.name);
            }
            Kind::Settings | Kind::Organization | Kind::Conversation | Kind::Setting | Kind::Element => {}
        }
        fields
    }

    /// Every place that holds something, in order.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.keys()
    }

    /// What is there; null if nothing is.
    #[must_use]
    pub fn get(&self, field: &str, element: Option<&str>) -> &Value {
        self.0.get(&(field.to_owned(), element.map(str::to_owned))).unwrap_or(&Value::Null)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.put(name, None, value);
    }

    fn entry<T: Serialize + ?Sized>(&mut self, name: &str, element: &str, value: &T) {
        self.put(name, Some(element.to_owned()), value);
    }

    fn set<T: Serialize>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        for item in items {
            let value = serde_json::to_value(item).unwrap_or(Value::Null);
            self.put(name, Some(element_text(&value)), &value);
        }
    }

    fn put<T: Serialize + ?Sized>(&mut self, name: &str, element: Option<String>, value: &T) {
        // States are made of maps of text, numbers and lists, which always serialize.
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        if !value.is_null() {
            self.0.insert((name.to_owned(), element), value);
        }
    }

    fn user(&mut self, organization: &Organization, id: UserId) {
        let Some(user) = organization.user(id) else { return };
        self.field("login", &user.login);
        self.field("name", &user.name);
        self.field("email", &user.email);
        self.field("avatar", &user.avatar);
        for (detail, value) in user.details.iter() {
            self.entry("details", detail.word(), value);
        }
        self.field("status", &user.status.value);
        self.field("locked_until", &user.locked_until);
        self.field("login_window", &user.login_window.as_ref().map(|window| &window.value));
        self.field("role", &user.role.value);
        self.field("profile", &user.profile.value);
        self.field("custom_profile", &user.custom_profile.as_ref().map(|given| &given.value));
        self.field("elements", &user.elements.as_ref().map(|given| &given.value));
        self.set("keys", user.keys.iter());
        self.field("masterkey", &user.masterkey.value);
        self.field("superuser", &user.superuser.value);
    }

    fn role(&mut self, organization: &Organization, id: RoleId) {
        let Some(role) = organization.roles.get(&id) else { return };
        self.field("name", &role.name);
        self.field("description", &role.description);
        self.field("rank", &role.rank.value);
        self.field("protected", &role.protected);
        self.set("grants", &role.grants.value);
        self.set("keys", role.keys.iter());
        self.field("status", &role.status);
    }

    fn profile(&mut self, organization: &Organization, id: ProfileId) {
        let Some(profile) = organization.profiles.get(&id) else { return };
        self.field("name", &profile.name);
        self.field("description", &profile.description);
        self.field("default_type", &profile.default_type);
        for (section, own) in &profile.sections {
            self.entry("sections", section, own);
        }
        self.set("grants", &profile.grants.value);
        self.field("status", &profile.status);
    }

    fn key(&mut self, organization: &Organization, id: KeyId) {
        let Some(key) = organization.keys.get(&id) else { return };
        self.field("name", &key.name);
        self.field("description", &key.description);
        self.field("reserved", &key.reserved);
        self.field("restricts", &key.restricts);
        self.field("status", &key.status);
    }

    fn queue(&mut self, organization: &Organization, id: QueueId) {
        let Some(queue) = organization.queues.get(&id) else { return };
        self.field("name", &queue.name);
        self.field("description", &queue.description);
        self.field("kind", &queue.kind);
        self.field("visibility_key", &queue.visibility_key.value);
        self.set("parts", &queue.parts);
        self.set("agents", &queue.agents);
        for (user, supervision) in &queue.supervisors {
            self.entry("supervisors", &user.to_string(), supervision);
        }
        self.field("update_protected", &queue.update_protected);
        self.field("delete_protected", &queue.delete_protected);
        self.field("status", &queue.status);
    }

    fn group(&mut self, organization: &Organization, id: GroupId) {
        let Some(group) = organization.groups.get(&id) else { return };
        self.field("name", &group.name);
        self.field("description", &group.description);
        self.set("members", &group.members);
        self.set("supervisors", &group.supervisors);
        for (setting, value) in &group.settings {
            self.entry("settings", setting.word(), value);
        }
        self.field("status", &group.status);
    }

    fn agent(&mut self, organization: &Organization, id: AgentId) {
        let Some(agent) = organization.agent(id) else { return };
        self.field("code", &agent.code);
        self.field("description", &agent.description);
        self.field("aliases", &agent.aliases);
        self.field("location", &agent.location);
        self.field("payroll_code", &agent.payroll_code);
        self.field("extension", &agent.extension);
        self.field("visibility_key", &agent.visibility_key.value);
        self.field("group", &agent.group);
        self.field("supervisor", &agent.supervisor);
        for (queue, level) in &agent.queues {
            self.entry("queues", &queue.to_string(), level);
        }
        self.field("update_protected", &agent.update_protected);
        self.field("delete_protected", &agent.delete_protected);
        self.field("status", &agent.status);
    }

    fn object(&mut self, organization: &Organization, id: ObjectId) {
        let Some(object) = organization.object(id) else { return };
        self.field("kind", &object.kind);
        self.field("name", &object.name);
        self.field("description", &object.description);
        self.field("visibility_key", &object.visibility_key.value);
        self.field("reports_key", &object.reports_key.value);
        self.field("contents", &object.contents);
        self.set("users", &object.users);
        self.set("queues", &object.queues);
        self.set("objects", &object.objects);
        self.field("status", &object.status);
    }
}

/// A change by element: the list that a creation gives a set at once becomes one change an element.
pub(crate) fn by_element(change: Change) -> Vec<Change> {
    let is_set = matches!(
        (change.subject.kind, change.field.as_str()),
        (Kind::Role, "grants" | "keys") | (Kind::Profile, "grants")
    );
    if !is_set || change.element.is_some() {
        return vec![change];
    }
    let one = |value: &Value, from: Value, to: Value| Change {
        subject: change.subject,
        field: change.field.clone(),
        element: Some(element_text(value)),
        from,
        to,
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let removed = list(&change.from).into_iter().map(|value| one(&value, value.clone(), Value::Null));
    let added = list(&change.to).into_iter().map(|value| one(&value, Value::Null, value.clone()));
    removed.chain(added).collect()
}

/// Whether two values say the same. Personal texts are compared whatever their salts; of two erased values nobody
/// can say it, unless they are one and the same.
#[must_use]
pub fn same(a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    let (mut a, mut b) = (a.clone(), b.clone());
    let (opened_a, opened_b) = (personal::seal(&mut a.clone()), personal::seal(&mut b.clone()));
    if opened_a.iter().chain(&opened_b).any(Option::is_none) {
        return false;
    }
    personal::plain(&mut a);
    personal::plain(&mut b);
    a == b
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollbook_domain::kernel::personal::Personal;
    use serde_json::json;

    #[test]
    fn personal_values_are_the_same_by_their_text_and_erased_ones_only_by_themselves() {
        let value = |text: &str, salt: u8| json!(Personal::new(text, [salt; 16]));
        let erased = |text: &str, salt: u8| json!(Personal::new(text, [salt; 16]).erased());
        assert!(same(&value("ada", 1), &value("ada", 2)));
        assert!(!same(&value("ada", 1), &value("bea", 1)));
        assert!(!same(&erased("ada", 1), &erased("ada", 2)));
        assert!(same(&erased("ada", 1), &erased("ada", 1)));
        assert!(!same(&value("ada", 1), &erased("ada", 1)));
        assert!(!same(&Value::Null, &value("ada", 1)));
    }
}

//! The words of a row: the catalogue's sentence with names in place of ids, as of that entry.
//!
//! Whatever belongs to a person is noted with its place, so that it can be taken out again.

use super::row::Span;
use rollbook_domain::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, Subject, UserId,
};
use rollbook_domain::kernel::personal::{ERASED, Personal};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::grant::{Grant, Scope};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Items of a list that are named; of the rest only the number is said.
const ITEMS_MAX: usize = 5;
/// Characters of one value that are said.
const VALUE_CHARS_MAX: usize = 100;
/// What stands for a value that is not there.
const NONE: &str = "none";

/// A sentence being written.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
}

/// Where the words come from.
pub(super) struct Saying<'a> {
    /// For the names of what the payload refers to.
    pub(super) organization: &'a Organization,
    /// The entry's subject.
    pub(super) subject: Option<Subject>,
    /// What people call it, then.
    pub(super) subject_label: Option<&'a str>,
    /// The payload, personal values in their marked form.
    pub(super) payload: &'a Value,
    /// The member that names the element, where the event is about one.
    pub(super) element: Option<&'static str>,
}

impl Told {
    fn say(&mut self, text: &str) {
        match text.char_indices().nth(VALUE_CHARS_MAX) {
            Some((end, _)) => {
                self.text.push_str(text.get(..end).unwrap_or_default());
                self.text.push('…');
            }
            None => self.text.push_str(text),
        }
    }

    fn say_of(&mut self, person: Uuid, text: &str) {
        let start = self.text.len();
        self.say(text);
        if text != ERASED {
            self.spans.push(Span { start, end: self.text.len(), person });
        }
    }
}

impl Saying<'_> {
    /// Fills in the places of `template`.
    pub(super) fn told(&self, template: &str) -> Told {
        let mut told = Told::default();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            told.text.push_str(before);
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            self.fill(&mut told, place);
            rest = after;
        }
        told.text.push_str(rest);
        told
    }

    fn fill(&self, told: &mut Told, place: &str) {
        match (place, self.element) {
            ("subject", _) => self.subject(told),
            ("element", Some(member)) => self.value(told, self.member(member)),
            (members, _) => self.value(told, self.first(members)),
        }
    }

    /// Of several members, parted by `|`, the first that says anything.
    fn first(&self, members: &str) -> &Value {
        let says = |value: &&Value| !value.is_null() && value.as_str() != Some("");
        members.split('|').map(|name| self.member(name)).find(says).unwrap_or(&Value::Null)
    }

    /// A member of the payload, or of an act's detail.
    fn member(&self, name: &str) -> &Value {
        let detail = || self.payload.get("detail").and_then(|detail| detail.get(name));
        self.payload.get(name).or_else(detail).unwrap_or(&Value::Null)
    }

    fn subject(&self, told: &mut Told) {
        match (self.subject, self.subject_label) {
            (Some(Subject { kind, id }), Some(label)) if kind.is_person() => told.say_of(id, label),
            (_, Some(label)) => told.say(label),
            (Some(subject), None) => told.say(subject.kind.word()),
            (None, None) => told.say(NONE),
        }
    }

    fn value(&self, told: &mut Told, value: &Value) {
        match value {
            Value::Null => told.say(NONE),
            Value::Bool(true) => told.say("on"),
            Value::Bool(false) => told.say("off"),
            Value::Number(number) => told.say(&number.to_string()),
            Value::String(text) => self.text(told, text),
            Value::Array(items) => {
                self.list(told, items.iter().map(|item| move |told: &mut Told| self.value(told, item)))
            }
            Value::Object(_) => self.object(told, value),
        }
    }

    /// An id is said as the name of what it is; a key that is taken away carries a minus.
    fn text(&self, told: &mut Told, text: &str) {
        let (minus, bare) = text.strip_prefix('-').map_or((false, text), |bare| (true, bare));
        let Ok(id) = Uuid::parse_str(bare) else { return told.say(text) };
        if minus {
            told.text.push('-');
        }
        match self.name(id) {
            Some((kind, label)) if kind.is_person() => told.say_of(id, &label),
            Some((_, label)) => told.say(&label),
            None => told.say(bare),
        }
    }

    /// What is called by an id; ids are never shared between kinds.
    fn name(&self, id: Uuid) -> Option<(Kind, String)> {
        let kinds = [
            UserId(id).subject(),
            RoleId(id).subject(),
            ProfileId(id).subject(),
            KeyId(id).subject(),
            QueueId(id).subject(),
            GroupId(id).subject(),
            AgentId(id).subject(),
            ObjectId(id).subject(),
        ];
        kinds.into_iter().find_map(|subject| Some((subject.kind, self.organization.label(subject)?)))
    }

    fn list(&self, told: &mut Told, items: impl ExactSizeIterator<Item = impl FnOnce(&mut Told)>) {
        let count = items.len();
        if count == 0 {
            return told.say(NONE);
        }
        for (nth, say) in items.take(ITEMS_MAX).enumerate() {
            if nth > 0 {
                told.text.push_str(", ");
            }
            say(told);
        }
        if count > ITEMS_MAX {
            told.text.push_str(&format!(" and {} more", count - ITEMS_MAX));
        }
    }

    /// A personal value of the subject, or a grant; anything else is said as JSON.
    fn object(&self, told: &mut Told, value: &Value) {
        if let Ok(personal) = Personal::deserialize(value) {
            return match self.subject {
                Some(Subject { kind, id }) if kind.is_person() => told.say_of(id, personal.text()),
                Some(_) | None => told.say(personal.text()),
            };
        }
        match Grant::deserialize(value) {
            Ok(grant) => self.grant(told, &grant),
            Err(_) => told.say(&value.to_string()),
        }
    }

    fn grant(&self, told: &mut Told, grant: &Grant) {
        told.say(&grant.permission);
        told.text.push_str(" (");
        told.say(grant.scope.word());
        if grant.scope == Scope::Queues {
            told.text.push_str(": ");
            let queues =
                grant.queues.iter().flat_map(|(channel, ids)| ids.iter().map(move |id| (channel, id)));
            let queues: Vec<_> = queues.collect();
            let say = |(channel, id): &(_, &QueueId)| {
                let (channel, id) = (format!("{channel} "), id.to_string());
                move |told: &mut Told| {
                    told.say(&channel);
                    self.text(told, &id);
                }
            };
            self.list(told, queues.iter().map(say));
        }
        if grant.scope == Scope::Elements {
            told.text.push_str(": ");
            self.list(told, grant.elements.iter().map(|id| move |told: &mut Told| self.text(told, id)));
        }
        told.text.push_str(if grant.limits.is_empty() { ")" } else { ", limited)" });
    }
}

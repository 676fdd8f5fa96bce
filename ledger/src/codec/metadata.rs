//! The metadata of an entry: who, when, from where, why and by what right, as a flat map of text to text.
//!
//! Address, agent and reason are personal and stand there as commitments; see the domain's `personal`.

use super::EncodeError;
use rollbook_domain::kernel::context::{Context, Fresh};
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::kernel::personal::{self, COMMIT_PREFIX, Opened};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The owner of personal values that belong to no user: whoever sat at the command line.
pub const OPERATOR: &str = "operator";

/// The members of metadata that are personal, in canonical order.
const PERSONAL: [&str; 3] = ["agent", "ip", "reason"];

/// Metadata as it is read: personal values as text or `[erased]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Takes the revealed metadata of an entry.
    pub(super) fn from_revealed(mut json: Value) -> Self {
        personal::plain(&mut json);
        let members = json.as_object().cloned().unwrap_or_default();
        Self(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
                .collect(),
        )
    }

    /// One member; absent means absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All members by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Who did it, as in an entry: `user:<id>`, `api_key:<id>`, `token:<id>`, `operator`, `system`.
    #[must_use]
    pub fn actor(&self) -> &str {
        self.get("actor").unwrap_or("system")
    }

    /// The user on whose rights it was done.
    #[must_use]
    pub fn user(&self) -> Option<Uuid> {
        self.get("user").and_then(|id| id.parse().ok())
    }
}

/// What an entry's metadata says beside its context.
pub(super) struct Beside<'a> {
    pub(super) batch: Uuid,
    pub(super) authority: String,
    pub(super) actor_role: Option<&'a str>,
    pub(super) subjects: &'a [Subject],
}

/// The metadata of one entry, personal values as commitments, and those values in canonical order.
pub(super) struct Committed {
    pub(super) members: BTreeMap<String, String>,
    pub(super) personal: Vec<(&'static str, Opened)>,
}

/// Commits to what is personal in an entry's metadata.
///
/// # Errors
/// [`EncodeError::Reserved`] if a text that is not personal looks like a commitment.
pub(super) fn committed(
    context: &Context,
    beside: Beside<'_>,
    fresh: &mut Fresh,
) -> Result<Committed, EncodeError> {
    let subjects = spaced(beside.subjects);
    let texts = [
        ("at", Some(context.at.to_string())),
        ("actor", Some(context.actor.to_string())),
        ("user", context.actor.user().map(|user| user.to_string())),
        ("actor_role", beside.actor_role.map(str::to_owned)),
        ("authority", Some(beside.authority)),
        ("batch", Some(beside.batch.to_string())),
        ("cause", context.cause.clone()),
        ("channel", Some(context.channel.word().to_owned())),
        ("command", Some(context.command.to_string())),
        ("found_in", context.channel.found_in().map(|product| product.word().to_owned())),
        ("request", context.request.map(|id| id.to_string())),
        ("session", context.session.map(|id| id.to_string())),
        ("ticket", context.ticket.clone()),
        ("subjects", Some(subjects)),
    ];
    let mut members = BTreeMap::new();
    for (name, text) in texts {
        let Some(text) = text else { continue };
        if text.starts_with(COMMIT_PREFIX) {
            return Err(EncodeError::Reserved);
        }
        members.insert(name.to_owned(), text);
    }
    let mut personal = Vec::new();
    let values = [context.agent.as_deref(), context.ip.as_deref(), context.reason.as_deref()];
    for (name, value) in PERSONAL.into_iter().zip(values) {
        let Some(value) = value else { continue };
        let salt = fresh.salt();
        members.insert(name.to_owned(), personal::commitment(&salt, value));
        personal.push((name, Opened { salt, value: value.into() }));
    }
    Ok(Committed { members, personal })
}

/// A list in metadata is space-separated; past 50 subjects only the first is named, since `event_subjects`
/// has them all and an entry has an end.
fn spaced(subjects: &[Subject]) -> String {
    let named = if subjects.len() > 50 { subjects.get(..1).unwrap_or_default() } else { subjects };
    named.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

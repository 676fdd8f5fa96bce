//! Which parts of a record are hidden from somebody who may otherwise do what is asked, such as a contact's phone number.

use super::facts::Facts;
use super::reason::Source;
use super::resolve::{Question, explain};
use super::source::held;
use crate::organization::state::Organization;

/// The parts of the catalog that a grant's `without_parts` hides in this question, whichever part it asks for.
#[must_use]
pub fn masked<'a>(organization: &'a Organization, question: &Question<'_>) -> Vec<&'a str> {
    let hides = |permission: &str| permission == question.permission;
    let mut grants = held(organization, question.who);
    if !grants.any(|held| hides(&held.grant.permission) && !held.grant.limits.without_parts.is_empty()) {
        return Vec::new();
    }
    let is_masked = |part: &&String| {
        let facts = Facts { part: Some(part.as_str().into()), ..question.facts.clone() };
        let decision = explain(organization, &Question { facts: &facts, ..*question });
        let by_mask =
            |reason: &super::reason::Reason| reason.source == Source::Limit && reason.name == "without_parts";
        !decision.allowed && decision.reasons.iter().any(by_mask)
    };
    organization.catalog.parts.iter().filter(is_masked).map(String::as_str).collect()
}

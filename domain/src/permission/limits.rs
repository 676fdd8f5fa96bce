//! Whether the limits of a grant are met. The words are a closed list (design §2); an unknown one denies, and so
//! does a fact that the caller did not supply.

use super::facts::{Facts, Target, Targets};
use super::grant::Limits;
use super::reason::Code;
use crate::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, Subject, UserId,
};
use crate::kernel::shared::Standing;
use crate::object::state::Object;
use crate::organization::state::Organization;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The words that `if` and `unless` know, beside [`ROLE_IS`].
const WORDS: [&str; 4] = ["in_use", "active", "missed_in_scenario", "function_or_api_token"];

/// Followed by the slug of a role: the target user holds that built-in role.
pub(crate) const ROLE_IS: &str = "role_is ";

/// Which limit is not met, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unmet<'a> {
    /// The limit, or the fact it asks for.
    pub(crate) name: &'a str,
    pub(crate) code: Code,
}

/// Whether `if` and `unless` know this word.
#[must_use]
pub(crate) fn is_known(word: &str) -> bool {
    WORDS.contains(&word) || word.starts_with(ROLE_IS)
}

/// Whether every limit is met; otherwise the first that is not.
pub(crate) fn met<'a>(
    limits: &'a Limits,
    organization: &Organization,
    targets: &Targets,
    facts: &Facts,
) -> Result<(), Unmet<'a>> {
    fields(&limits.fields, facts)?;
    one_of("actions", &limits.actions, facts.action.as_deref())?;
    let object = object(organization, targets);
    let section = object.map(|object| object.kind.as_str()).or(facts.section.as_deref());
    one_of("sections", &limits.sections, section)?;
    one_of("parts", &limits.parts, facts.part.as_deref())?;
    none_of("without_parts", &limits.without_parts, facts.part.as_deref())?;
    for word in &limits.only_if {
        flag(word, true, organization, targets, facts)?;
    }
    for word in &limits.unless {
        flag(word, false, organization, targets, facts)?;
    }
    Ok(())
}

fn fields(limit: &BTreeSet<Arc<str>>, facts: &Facts) -> Result<(), Unmet<'static>> {
    if limit.is_empty() || (!facts.fields.is_empty() && facts.fields.is_subset(limit)) {
        return Ok(());
    }
    let code = if facts.fields.is_empty() { Code::FactMissing } else { Code::Limited };
    Err(Unmet { name: "fields", code })
}

fn one_of(name: &'static str, limit: &BTreeSet<Arc<str>>, fact: Option<&str>) -> Result<(), Unmet<'static>> {
    match fact {
        _ if limit.is_empty() => Ok(()),
        Some(fact) if limit.contains(fact) => Ok(()),
        Some(_) => Err(Unmet { name, code: Code::Limited }),
        None => Err(Unmet { name, code: Code::FactMissing }),
    }
}

fn none_of(name: &'static str, limit: &BTreeSet<Arc<str>>, fact: Option<&str>) -> Result<(), Unmet<'static>> {
    match fact {
        _ if limit.is_empty() => Ok(()),
        Some(fact) if !limit.contains(fact) => Ok(()),
        Some(_) => Err(Unmet { name, code: Code::Limited }),
        None => Err(Unmet { name, code: Code::FactMissing }),
    }
}

fn flag<'a>(
    word: &'a str,
    wanted: bool,
    organization: &Organization,
    targets: &Targets,
    facts: &Facts,
) -> Result<(), Unmet<'a>> {
    let known = match word {
        "in_use" => object(organization, targets).map(Object::is_in_use).or(facts.in_use),
        "missed_in_scenario" => facts.missed_in_scenario,
        "function_or_api_token" => {
            let known = object(organization, targets).map(|object| organization.object_kind(object.id));
            known.map_or(facts.function_or_api_token, |kind| kind.map(|kind| kind.function_or_api_token))
        }
        "active" => is_active(organization, targets, facts),
        _ => match word.strip_prefix(ROLE_IS) {
            Some(slug) => holds_role(organization, targets, slug),
            None => return Err(Unmet { name: word, code: Code::UnknownLimit }),
        },
    };
    match known {
        Some(is) if is == wanted => Ok(()),
        Some(_) => Err(Unmet { name: word, code: Code::Limited }),
        None => Err(Unmet { name: word, code: Code::FactMissing }),
    }
}

/// The object that the question is about: of it the organization knows better than the caller what kind it is and whether
/// something uses it.
fn object<'a>(organization: &'a Organization, targets: &Targets) -> Option<&'a Object> {
    let Some(Target::Entity(Subject { kind: Kind::Object, id })) = targets.subject else { return None };
    organization.object(ObjectId(id))
}

/// Of entities the organization knows better than the caller.
fn is_active(organization: &Organization, targets: &Targets, facts: &Facts) -> Option<bool> {
    match &targets.subject {
        Some(Target::Entity(Subject { kind, id })) => {
            let standing = match kind {
                Kind::User => return organization.user(UserId(*id)).map(|user| user.is_active()),
                Kind::Role => organization.roles.get(&RoleId(*id)).map(|role| role.status),
                Kind::Profile => organization.profiles.get(&ProfileId(*id)).map(|profile| profile.status),
                Kind::Key => organization.keys.get(&KeyId(*id)).map(|key| key.status),
                Kind::Queue => organization.queues.get(&QueueId(*id)).map(|queue| queue.status),
                Kind::Group => organization.groups.get(&GroupId(*id)).map(|group| group.status),
                Kind::Agent => organization.agent(AgentId(*id)).map(|agent| agent.status),
                Kind::Object => organization.object(ObjectId(*id)).map(|object| object.status),
                Kind::Organization | Kind::Settings | Kind::Conversation | Kind::Setting | Kind::Element => {
                    None
                }
            };
            standing.map(|standing| standing == Standing::Active)
        }
        Some(Target::Conversation | Target::Setting(_) | Target::Element(_)) => facts.active,
        None => None,
    }
}

/// Roles carry no slug, so a built-in role is known by the name that the catalog gave it, which protected roles keep.
fn holds_role(organization: &Organization, targets: &Targets, slug: &str) -> Option<bool> {
    let Some(Target::Entity(Subject { kind: Kind::User, id })) = targets.subject else { return None };
    let role = organization.role_of(organization.user(UserId(id))?)?;
    Some(organization.catalog.role(slug).is_some_and(|built_in| built_in.name == role.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::OrganizationId;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn check(limits: Value, facts: Value) -> Result<(), Code> {
        let organization = Organization::empty(OrganizationId(Uuid::nil()));
        let limits: Limits = serde_json::from_value(limits).unwrap();
        let facts: Facts = serde_json::from_value(facts).unwrap();
        met(&limits, &organization, &Targets::default(), &facts).map_err(|unmet| unmet.code)
    }

    #[test]
    fn each_word_is_met_missed_and_denied_without_its_fact() {
        for (limits, good, bad) in [
            (json!({"fields": ["a", "b"]}), json!({"fields": ["a"]}), json!({"fields": ["a", "c"]})),
            (json!({"actions": ["edit"]}), json!({"action": "edit"}), json!({"action": "delete"})),
            (json!({"sections": ["s"]}), json!({"section": "s"}), json!({"section": "t"})),
            (json!({"parts": ["p"]}), json!({"part": "p"}), json!({"part": "q"})),
            (json!({"without_parts": ["p"]}), json!({"part": "q"}), json!({"part": "p"})),
            (json!({"if": ["in_use"]}), json!({"in_use": true}), json!({"in_use": false})),
            (json!({"unless": ["in_use"]}), json!({"in_use": false}), json!({"in_use": true})),
            (
                json!({"unless": ["missed_in_scenario"]}),
                json!({"missed_in_scenario": false}),
                json!({"missed_in_scenario": true}),
            ),
            (
                json!({"unless": ["function_or_api_token"]}),
                json!({"function_or_api_token": false}),
                json!({"function_or_api_token": true}),
            ),
        ] {
            assert_eq!(check(limits.clone(), good), Ok(()), "{limits}");
            assert_eq!(check(limits.clone(), bad), Err(Code::Limited), "{limits}");
            assert_eq!(check(limits.clone(), json!({})), Err(Code::FactMissing), "{limits}");
        }
    }

    #[test]
    fn an_unknown_word_denies() {
        let all_facts = json!({"in_use": true, "active": true});
        for limits in [json!({"if": ["full_moon"]}), json!({"unless": ["full_moon"]})] {
            assert_eq!(check(limits, all_facts.clone()), Err(Code::UnknownLimit));
        }
    }
}

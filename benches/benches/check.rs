//! One permission check at 100,000 users: `allowed()` on the published organization beside cedar-policy on the
//! same question: a user, a permission, a target user; a policy for each grant of the catalog's roles.
//!
//! Nanoseconds a check over random users, half of them asked about somebody of their group; ratios within a round.

use cedar_policy::{Authorizer, Context, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression};
use rollbook_benches::{organization, spread, submit};
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{Kind, RoleId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::catalog::Catalog;
use rollbook_domain::permission::facts::{Facts, Targets};
use rollbook_domain::permission::grant::{Grant, Scope};
use rollbook_domain::permission::resolve::{Question, allowed};
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::store::Store;
use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::str::FromStr;
use std::time::Instant;

const USERS: usize = 100_000;
const GROUP: usize = 100;
const ROUNDS: usize = 7;
const SUPERVISOR: &str = "Role::\"Supervisor\"";
const AGENT: &str = "Role::\"Agent\"";

/// A cheap sequence of pseudo-random numbers, the same for both.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state as usize
}

async fn people() -> (Organization, Vec<UserId>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&folder.path().join("bench.sqlite")).await.unwrap();
    store.migrate().await.unwrap();
    let (writer, owner, users) = organization(store, USERS).await;
    let supervisor = RoleId(writer.published().organization.find(Kind::Role, "Supervisor").unwrap());
    // The first of each hundred supervises the hundred.
    for some in users.chunks(GROUP) {
        let edit = GroupEdit {
            name: Some(format!("Group of {}", some[0])),
            members: Some(some.to_vec()),
            supervisors: Some(vec![some[0]]),
            ..GroupEdit::default()
        };
        let role = Command::User(UserCommand::AssignRole(some[0], supervisor));
        let both = vec![role, Command::Group(GroupCommand::Create(edit))];
        submit(&writer, Actor::User(owner), Command::Many(both)).await;
    }
    (writer.published().organization.clone(), users)
}

/// Nanoseconds a question, and every answer.
fn ours(organization: &Organization, users: &[UserId], questions: &[(usize, usize)]) -> (f64, Vec<bool>) {
    let facts = Facts::default();
    let mut answers = Vec::with_capacity(questions.len());
    let started = Instant::now();
    for (who, whom) in questions {
        let who = organization.user(users[*who]).unwrap();
        let targets = Targets::of(users[*whom].subject());
        let question = Question {
            who,
            permission: "users.view",
            targets: &targets,
            facts: &facts,
            at: organization.at,
            as_if_active: false,
        };
        answers.push(black_box(allowed(organization, &question)));
    }
    (started.elapsed().as_nanos() as f64 / questions.len() as f64, answers)
}

/// Half the questions are about somebody of the same hundred.
fn pair(state: &mut u64, users: usize) -> (usize, usize) {
    let who = next(state) % users;
    let near = next(state) % 2 == 0;
    let whom = if near { who / GROUP * GROUP + next(state) % GROUP } else { next(state) % users };
    (if near && next(state) % 2 == 0 { who / GROUP * GROUP } else { who }, whom.min(users - 1))
}

fn uid(kind: &str, n: usize) -> EntityUid {
    EntityUid::from_str(&format!("{kind}::\"{n}\"")).unwrap()
}

fn set(of: Vec<EntityUid>) -> RestrictedExpression {
    RestrictedExpression::new_set(of.into_iter().map(RestrictedExpression::new_entity_uid))
}

fn cedar_entities() -> Entities {
    let entities = (0..USERS).map(|n| {
        let (group, first) = (uid("Group", n / GROUP), n % GROUP == 0);
        let role = EntityUid::from_str(if first { SUPERVISOR } else { AGENT }).unwrap();
        let attributes = HashMap::from([
            ("supervises".to_owned(), set(if first { vec![group.clone()] } else { Vec::new() })),
            ("groups".to_owned(), set(vec![group.clone()])),
            ("queues".to_owned(), set(Vec::new())),
            ("rank".to_owned(), RestrictedExpression::new_long(if first { 20 } else { 10 })),
        ]);
        Entity::new(uid("User", n), attributes, HashSet::from([group, role])).unwrap()
    });
    let groups = (0..USERS / GROUP).map(|n| Entity::new_no_attrs(uid("Group", n), HashSet::new()));
    Entities::from_entities(entities.chain(groups), None).unwrap()
}

/// What the built-in roles of the catalog grant, a policy each grant; only those of `only` if there is one.
fn cedar_policies(catalog: &Catalog, only: Option<&str>) -> PolicySet {
    let policy = |role: &str, grant: &Grant| {
        let condition = match grant.scope {
            Scope::All => "true",
            Scope::Own => "principal == resource",
            Scope::Lower => "principal.rank > resource.rank",
            Scope::Managed => "resource in principal.supervises && principal != resource",
            Scope::Group => "resource in principal.groups",
            _ => "resource in principal.queues",
        };
        let action = &grant.permission;
        format!(
            "permit(principal in Role::\"{role}\", action == Action::\"{action}\", resource) when {{ {condition} }};\n"
        )
    };
    let grants = catalog.roles.iter().flat_map(|role| role.grants.iter().map(|grant| (&role.name, grant)));
    let grants = grants.filter(|(_, grant)| only.is_none_or(|only| *grant.permission == *only));
    let text: String = grants.map(|(role, grant)| policy(role, grant)).collect();
    PolicySet::from_str(&text).unwrap()
}

/// Nanoseconds a question, and every answer.
fn theirs(entities: &Entities, policies: &PolicySet, questions: &[(usize, usize)]) -> (f64, Vec<bool>) {
    let authorizer = Authorizer::new();
    let action = EntityUid::from_str("Action::\"users.view\"").unwrap();
    let request = |(who, whom): &(usize, usize)| {
        Request::new(uid("User", *who), action.clone(), uid("User", *whom), Context::empty(), None).unwrap()
    };
    let requests: Vec<_> = questions.iter().map(request).collect();
    let mut answers = Vec::with_capacity(questions.len());
    let started = Instant::now();
    for request in &requests {
        let answer = black_box(authorizer.is_authorized(request, policies, entities));
        answers.push(answer.decision() == cedar_policy::Decision::Allow);
    }
    (started.elapsed().as_nanos() as f64 / questions.len() as f64, answers)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (organization, users) = runtime.block_on(people());
    let entities = cedar_entities();
    // Rollbook holds the whole catalog; cedar is asked with as much, and with no more than this question needs.
    let whole = cedar_policies(organization.catalog, None);
    let needed = cedar_policies(organization.catalog, Some("users.view"));
    let (mut nanos, mut of_whole, mut of_needed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let mut state = 0x9E37_79B9_7F4A_7C15 ^ (round as u64 + 1);
        let questions: Vec<_> = (0..200_000).map(|_| pair(&mut state, users.len())).collect();
        let (a, ours) = ours(&organization, &users, &questions);
        let some = &questions[..10_000];
        for (policies, ratios) in [(&whole, &mut of_whole), (&needed, &mut of_needed)] {
            let (b, theirs) = theirs(&entities, policies, some);
            assert!(theirs[..] == ours[..some.len()], "both give the same answer to each question");
            ratios.push(b / a);
        }
        nanos.push(a);
        let yes = ours.iter().filter(|yes| **yes).count();
        assert!(yes > questions.len() / 10 && yes < questions.len() * 9 / 10, "{yes} of {}", questions.len());
    }
    let (median, least, most) = spread(nanos);
    println!("| what | median [least, most] |\n|---|---|");
    println!("| `allowed()` at {USERS} users | {median:.0} ns [{least:.0}, {most:.0}] |");
    for (policies, ratios) in [(&whole, of_whole), (&needed, of_needed)] {
        let (ratio, low, high) = spread(ratios);
        let count = policies.policies().count();
        println!("| cedar-policy with {count} policies / `allowed()` | {ratio:.1} [{low:.1}, {high:.1}] |");
    }
}

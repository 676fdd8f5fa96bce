//! One permission check at 100,000 users: `allowed()` on the published organization beside cedar-policy on the
//! same question (a user, a permission, a target user, scopes all, managed and own).
//!
//! Nanoseconds a check over random users; ratios within a round.

use cedar_policy::{Authorizer, Context, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression};
use rollbook_benches::{organization, spread, submit};
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{Kind, RoleId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::{Facts, Targets};
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

fn ours(organization: &Organization, users: &[UserId], questions: usize, seed: u64) -> (f64, usize) {
    let (mut state, mut yes) = (seed, 0);
    let facts = Facts::default();
    let started = Instant::now();
    for _ in 0..questions {
        let (who, whom) = pair(&mut state, users.len());
        let who = organization.user(users[who]).unwrap();
        let targets = Targets::of(users[whom].subject());
        let question = Question {
            who,
            permission: "users.view",
            targets: &targets,
            facts: &facts,
            at: organization.at,
            as_if_active: false,
        };
        yes += usize::from(black_box(allowed(organization, &question)));
    }
    (started.elapsed().as_nanos() as f64 / questions as f64, yes)
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

fn cedar_entities() -> Entities {
    let entities = (0..USERS).map(|n| {
        let group = uid("Group", n / GROUP);
        let mut attributes = HashMap::new();
        let supervises = if n % GROUP == 0 { vec![RestrictedExpression::new_entity_uid(group.clone())] } else { vec![] };
        attributes.insert("supervises".to_owned(), RestrictedExpression::new_set(supervises));
        Entity::new(uid("User", n), attributes, HashSet::from([group])).unwrap()
    });
    let groups = (0..USERS / GROUP).map(|n| Entity::new_no_attrs(uid("Group", n), HashSet::new()));
    Entities::from_entities(entities.chain(groups), None).unwrap()
}

fn theirs(entities: &Entities, policies: &PolicySet, questions: usize, seed: u64) -> (f64, usize) {
    let (mut state, mut yes) = (seed, 0);
    let authorizer = Authorizer::new();
    let action = EntityUid::from_str("Action::\"users.view\"").unwrap();
    let requests: Vec<_> = (0..questions)
        .map(|_| {
            let (who, whom) = pair(&mut state, USERS);
            Request::new(uid("User", who), action.clone(), uid("User", whom), Context::empty(), None).unwrap()
        })
        .collect();
    let started = Instant::now();
    for request in &requests {
        let answer = authorizer.is_authorized(request, policies, entities);
        yes += usize::from(black_box(answer.decision()) == cedar_policy::Decision::Allow);
    }
    (started.elapsed().as_nanos() as f64 / questions as f64, yes)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (organization, users) = runtime.block_on(people());
    let entities = cedar_entities();
    // Agents see themselves, supervisors the members of the groups they supervise.
    let policies = PolicySet::from_str(
        "permit(principal, action == Action::\"users.view\", resource) when { principal == resource && principal.supervises == [] };
         permit(principal, action == Action::\"users.view\", resource) when { resource in principal.supervises && principal != resource };",
    )
    .unwrap();
    let (mut nanos, mut ratios) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let seed = 0x9E37_79B9_7F4A_7C15 ^ (round as u64 + 1);
        let (a, _) = ours(&organization, &users, 1_000_000, seed);
        let (b, yes) = theirs(&entities, &policies, 10_000, seed);
        let (_, same) = ours(&organization, &users, 10_000, seed);
        assert_eq!(yes, same, "both give the same answers");
        nanos.push(a);
        ratios.push(b / a);
    }
    let (median, least, most) = spread(nanos);
    let (ratio, low, high) = spread(ratios);
    println!("| what | median [least, most] |\n|---|---|");
    println!("| `allowed()` at {USERS} users | {median:.0} ns [{least:.0}, {most:.0}] |");
    println!("| cedar-policy / `allowed()` | {ratio:.0} [{low:.0}, {high:.0}] |");
}

//! Answers name every reason, its source and the position that made it so.

use super::world::World;
use crate::kernel::id::UserId;
use crate::kernel::moment::Moment;
use crate::permission::catalog::Catalog;
use crate::permission::effective::{effective, who_may};
use crate::permission::facts::{Facts, Targets};
use crate::permission::grant::{Grant, Scope};
use crate::permission::resolve::Decision;
use crate::profile::event::ProfileEvent;
use crate::role::event::RoleEvent;
use crate::user::event::UserEvent;
use crate::user::state::Status;
use serde_json::json;

fn world() -> World {
    World::founded(Catalog::newest("standard").unwrap(), 1)
}

#[test]
fn an_allowed_question_lists_every_grant_that_allows_it() {
    let mut world = world();
    let user = world.user("max", world.built_in("manager"));
    let given = world.organization.position;
    let profile = world.profile("Exporters", &[Grant::new("reports.export", Scope::All)]);
    world.apply(UserEvent::ProfileAssigned { user, from: None, to: Some(profile) });
    let assigned = world.organization.position;
    let decision = world.decide(user, "reports.export", &Targets::default(), &Facts::default());
    assert_eq!(
        serde_json::to_value(&decision).unwrap(),
        json!({ "allowed": true, "reasons": [
            {"effect": "allow", "source": "role", "name": "Manager", "position": given, "code": "granted"},
            {"effect": "allow", "source": "profile", "name": "Exporters", "position": assigned, "code": "granted"},
        ]})
    );
}

#[test]
fn a_denied_question_lists_every_failure() {
    let mut world = world();
    let key = world.key("VIP", false);
    let queue = world.queue("Vip", Some(key), &[]);
    let user = world.user("sue", world.built_in("supervisor"));
    world.status(user, Status::Blocked);
    let decision = world.decide(user, "queues.view", &Targets::of(queue.subject()), &Facts::default());
    let codes: Vec<_> = decision.reasons.iter().map(|r| serde_json::to_value(r.code).unwrap()).collect();
    assert_eq!(codes, ["not_active", "out_of_scope", "key_missing"]);
    assert_eq!(decision.reasons[0].position, world.organization.position);
}

#[test]
fn effective_permissions_are_shown_as_if_active_with_what_takes_away() {
    let mut world = world();
    let user = world.user("ann", world.built_in("agent"));
    world.own_keys(user, "NODIALOUT");
    world.status(user, Status::Blocked);
    let got = effective(&world.organization, world.organization.user(user).unwrap(), world.organization.at);
    let names: Vec<_> = got.items.iter().map(|item| item.grant.permission.as_ref()).collect();
    assert!(names.contains(&"calls.process") && !names.contains(&"calls.dial_out"));
    let restrictions: Vec<_> =
        got.restrictions.iter().map(|r| (r.reason.name.as_str(), r.permissions.len())).collect();
    assert_eq!(restrictions, [("blocked", 0), ("NODIALOUT", 1)]);
    assert_eq!(got.keys, [world.key_named("NODIALOUT")]);
    let item = serde_json::to_value(&got.items[0]).unwrap();
    assert_eq!(item["permission"], "calls.history");
    assert_eq!(item["scope"], "own");
    assert_eq!(item["reasons"][0]["source"], "role");
}

#[test]
fn a_superuser_effectively_holds_every_permission_at_all() {
    let mut world = world();
    let user = world.user("ann", world.built_in("agent"));
    world.superuser(user);
    let got = effective(&world.organization, world.organization.user(user).unwrap(), world.organization.at);
    let all = got.items.iter().filter(|item| item.grant.scope == Scope::All).count();
    assert_eq!(all, world.organization.catalog.permissions().count());
}

#[test]
fn who_may_is_sorted_by_login_and_leaves_out_the_inactive() {
    let mut world = world();
    for login in ["zoe", "Adam", "max"] {
        world.user(login, world.built_in("manager"));
    }
    world.user("ann", world.built_in("agent"));
    let gone = world.user("bob", world.built_in("manager"));
    world.status(gone, Status::Archived);
    let (targets, facts) = (Targets::default(), Facts::default());
    let who: Vec<_> = who_may(&world.organization, "groups.create", &targets, &facts, Moment(0))
        .map(|(user, reasons)| (user.login.text().to_owned(), reasons.len()))
        .collect();
    assert_eq!(who, [("Adam".into(), 1), ("max".into(), 1), ("zoe".into(), 1)]);
}

/// What each reason comes from and the position it names.
fn positions(decision: &Decision) -> Vec<(&'static str, u64)> {
    decision.reasons.iter().map(|reason| (reason.source.word(), reason.position)).collect()
}

fn why(world: &World, user: UserId, permission: &str) -> Vec<(&'static str, u64)> {
    positions(&world.decide(user, permission, &Targets::default(), &Facts::default()))
}

fn all(permission: &str) -> Grant {
    Grant::new(permission, Scope::All)
}

#[test]
fn a_grant_of_a_role_is_named_by_its_own_event_whatever_else_the_role_is_given() {
    let mut world = world();
    let user = world.user_with("ann", &[]);
    let role = world.organization.user(user).unwrap().role.value;
    let change = |world: &mut World, added: &[&str], removed: &[&str]| {
        let grants = |names: &[&str]| names.iter().map(|name| all(name)).collect();
        world.apply(RoleEvent::GrantsChanged { role, added: grants(added), removed: grants(removed) });
        world.organization.position
    };
    let first = change(&mut world, &["reports.export"], &[]);
    let second = change(&mut world, &["audit.view"], &[]);
    change(&mut world, &["groups.create"], &[]);
    change(&mut world, &[], &["groups.create"]);
    assert_eq!(why(&world, user, "reports.export"), [("role", first)]);
    assert_eq!(why(&world, user, "audit.view"), [("role", second)]);
    change(&mut world, &[], &["reports.export"]);
    let again = change(&mut world, &["reports.export"], &[]);
    assert_eq!(why(&world, user, "reports.export"), [("role", again)]);
    assert_eq!(why(&world, user, "audit.view"), [("role", second)]);
}

#[test]
fn a_grant_of_a_profile_is_named_by_the_later_of_its_event_and_the_profiles_assignment() {
    let mut world = world();
    let user = world.user_with("ann", &[]);
    let profile = world.profile("Exporters", &[all("reports.export")]);
    world.apply(UserEvent::ProfileAssigned { user, from: None, to: Some(profile) });
    let assigned = world.organization.position;
    world.apply(ProfileEvent::GrantsChanged { profile, added: vec![all("audit.view")], removed: Vec::new() });
    let changed = world.organization.position;
    assert_eq!(why(&world, user, "reports.export"), [("profile", assigned)]);
    assert_eq!(why(&world, user, "audit.view"), [("profile", changed)]);
}

#[test]
fn a_custom_grant_is_named_by_the_event_that_gave_it_though_each_event_sets_them_all() {
    let mut world = world();
    let user = world.user_with("ann", &[]);
    let set = |world: &mut World, names: &[&str]| {
        let to = (!names.is_empty()).then(|| names.iter().map(|name| all(name)).collect());
        world.apply(UserEvent::CustomProfileSet { user, from: None, to });
        world.organization.position
    };
    let first = set(&mut world, &["reports.export"]);
    let second = set(&mut world, &["reports.export", "audit.view"]);
    assert_eq!(why(&world, user, "reports.export"), [("custom_profile", first)]);
    assert_eq!(why(&world, user, "audit.view"), [("custom_profile", second)]);
    set(&mut world, &[]);
    let again = set(&mut world, &["audit.view", "reports.export"]);
    assert_eq!(why(&world, user, "reports.export"), [("custom_profile", again)]);
}

#[test]
fn what_misses_is_named_by_the_position_of_the_grant_that_misses() {
    let mut world = world();
    let user = world.user_with("ann", &[Grant::new("users.view", Scope::Own)]);
    let given = world.organization.position;
    let role = world.organization.user(user).unwrap().role.value;
    world.apply(RoleEvent::GrantsChanged { role, added: vec![all("audit.view")], removed: Vec::new() });
    let other = world.user_with("bob", &[]);
    let decision = world.decide(user, "users.view", &Targets::of(other.subject()), &Facts::default());
    assert_eq!(positions(&decision), [("scope", given)]);
}

#[test]
fn a_key_is_named_by_the_event_that_gave_or_took_it() {
    let mut world = world();
    for key in ["A", "B"] {
        world.key(key, false);
    }
    let user = world.user_with("ann", &[all("queues.view")]);
    let role = world.organization.user(user).unwrap().role.value;
    let queue = {
        let key = world.key_named("A");
        world.queue("Vip", Some(key), &[])
    };
    let lock = |world: &World| {
        let decision = world.decide(user, "queues.view", &Targets::of(queue.subject()), &Facts::default());
        positions(&decision).pop()
    };
    world.role_keys(role, "A");
    let of_role = world.organization.position;
    world.role_keys(role, "B");
    assert_eq!(lock(&world), Some(("key", of_role)));
    world.own_keys(user, "A");
    let own = world.organization.position;
    world.own_keys(user, "B");
    assert_eq!(lock(&world), Some(("key", own)));
    world.own_keys(user, "-A");
    let taken = world.organization.position;
    world.own_keys(user, "-B");
    assert_eq!(lock(&world), Some(("key", taken)));
}

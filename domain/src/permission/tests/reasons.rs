//! Answers name every reason, its source and the position that made it so.

use super::world::World;
use crate::kernel::moment::Moment;
use crate::permission::catalog::Catalog;
use crate::permission::effective::{effective, who_may};
use crate::permission::facts::{Facts, Targets};
use crate::permission::grant::{Grant, Scope};
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
    let got = effective(&world.organization, world.organization.user(user).unwrap());
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
    let got = effective(&world.organization, world.organization.user(user).unwrap());
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

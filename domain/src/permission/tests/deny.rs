//! What must be refused.

use super::world::World;
use crate::kernel::id::{Kind, Subject, UserId};
use crate::kernel::shared::Standing;
use crate::permission::catalog::{Catalog, load_for_test};
use crate::permission::cover::{may_grant_any, missing};
use crate::permission::facts::{Facts, NamedFacts, NamedTargets, Target, Targets};
use crate::permission::grant::{Grant, Limits, Scope};
use crate::role::event::RoleEvent;
use crate::user::event::UserEvent;
use crate::user::state::Status;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn world() -> World {
    World::founded(Catalog::newest("standard").unwrap(), 1)
}

fn may(world: &World, who: UserId, permission: &str, targets: &Targets) -> bool {
    world.may(who, permission, targets, &Facts::default())
}

fn over(user: UserId) -> Targets {
    Targets::of(user.subject())
}

#[test]
fn without_a_role_nothing_is_allowed() {
    let mut world = world();
    let nobody = world.user("nobody", crate::kernel::id::RoleId(Uuid::from_u128(7)));
    assert!(!may(&world, nobody, "users.view", &over(nobody)));
    assert!(!may(&world, nobody, "calls.process", &Targets::default()));
}

#[test]
fn an_archived_role_gives_nothing() {
    let mut world = world();
    let role = world.built_in("agent");
    let agent = world.user("ann", role);
    assert!(may(&world, agent, "users.view", &over(agent)));
    world.apply(RoleEvent::Archived { role, from: Standing::Active, to: Standing::Archived });
    assert!(!may(&world, agent, "users.view", &over(agent)));
}

#[test]
fn an_unknown_permission_is_refused_to_owner_and_superuser() {
    let mut world = world();
    let owner = world.user("olga", world.built_in("owner"));
    world.superuser(owner);
    assert!(!may(&world, owner, "users.fly", &Targets::default()));
}

#[test]
fn the_empty_catalog_refuses_everything() {
    let mut world = World::new(Catalog::empty(), 1);
    let user = world.user_with("ann", &[Grant::new("users.view", Scope::All)]);
    world.superuser(user);
    assert!(!may(&world, user, "users.view", &over(user)));
}

#[test]
fn a_target_of_another_kind_is_refused() {
    let mut world = world();
    let owner = world.user("olga", world.built_in("owner"));
    let group = world.group("Night", &[], &[]);
    assert!(!may(&world, owner, "users.view", &Targets::of(group.subject())));
    assert!(!may(&world, owner, "users.view", &Targets::of(Target::Conversation)));
    let both = Targets { role: Some(world.built_in("agent")), ..over(owner) };
    assert!(!may(&world, owner, "users.view", &both));
}

#[test]
fn a_target_that_the_permission_needs_may_not_be_left_out() {
    let mut world = world();
    let owner = world.user("olga", world.built_in("owner"));
    let agent = world.user("ann", world.built_in("agent"));
    assert!(!may(&world, owner, "users.role", &over(agent)));
    assert!(may(
        &world,
        owner,
        "users.role",
        &Targets { role: Some(world.built_in("agent")), ..over(agent) }
    ));
}

#[test]
fn every_target_must_be_matched_by_the_same_grant() {
    let mut world = world();
    let grants = ["own", "lower"].map(|scope| Grant {
        scope: serde_json::from_value(json!(scope)).unwrap(),
        ..Grant::new("users.role", Scope::All)
    });
    let user = world.user_with("ann", &grants);
    let lower = world.built_in("agent");
    // `own` reaches the user and `lower` the role, but neither reaches both.
    assert!(!may(&world, user, "users.role", &Targets { role: Some(lower), ..over(user) }));
}

#[test]
fn a_kind_without_a_cell_is_refused_whatever_the_relation() {
    let mut world = world();
    for scope in [Scope::Managed, Scope::Assigned, Scope::Group, Scope::Own, Scope::Unassigned, Scope::Bot] {
        let user = world.user_with(scope.word(), &[Grant::new("roles.view", scope)]);
        let own_role = world.organization.user(user).unwrap().role.value;
        assert!(!may(&world, user, "roles.view", &Targets::of(own_role.subject())), "{scope}");
    }
}

#[test]
fn equal_rank_is_not_lower() {
    let mut world = world();
    let (a, b) = (world.user("a", world.built_in("manager")), world.user("b", world.built_in("manager")));
    let agent = world.user("c", world.built_in("agent"));
    assert!(!may(&world, a, "users.block", &over(b)));
    assert!(!may(&world, a, "users.block", &over(a)));
    assert!(may(&world, a, "users.block", &over(agent)));
}

#[test]
fn a_fact_that_was_not_supplied_denies_but_not_at_any_scope() {
    let mut world = world();
    let limits = Limits { sections: BTreeSet::from(["dialing".into()]), ..Limits::default() };
    let user = world.user_with("ann", &[Grant { limits, ..Grant::new("settings.edit", Scope::All) }]);
    let settings = Targets::of(Subject { kind: Kind::Settings, id: world.organization.id.uuid() });
    assert!(!may(&world, user, "settings.edit", &settings));
    let dialing = Facts { section: Some("dialing".into()), ..Facts::default() };
    assert!(world.may(user, "settings.edit", &settings, &dialing));
    assert!(may(&world, user, "settings.edit", &Targets::default()));
}

#[test]
fn nothing_is_reached_through_an_archived_group() {
    let mut world = world();
    let supervisor = world.user("sue", world.built_in("supervisor"));
    let agent = world.user("ann", world.built_in("agent"));
    let group = world.group("Night", &[agent], &[supervisor]);
    assert!(may(&world, supervisor, "users.view", &over(agent)));
    world.archive_group(group);
    assert!(!may(&world, supervisor, "users.view", &over(agent)));
    assert!(!may(&world, supervisor, "groups.view", &Targets::of(group.subject())));
    // Who may see every group may see it, or nobody could restore it.
    let manager = world.user("max", world.built_in("manager"));
    assert!(may(&world, manager, "groups.archive", &Targets::of(group.subject())));
}

#[test]
fn a_supervisor_does_not_manage_themselves() {
    let mut world = world();
    let supervisor = world.user("sue", world.built_in("supervisor"));
    world.group("Night", &[supervisor], &[supervisor]);
    assert!(!may(&world, supervisor, "users.view", &over(supervisor)));
}

#[test]
fn only_the_active_may_do_anything() {
    for status in [Status::Invited, Status::Blocked, Status::Archived] {
        let mut world = world();
        let owner = world.user("olga", world.built_in("owner"));
        world.superuser(owner);
        world.masterkey(owner);
        assert!(may(&world, owner, "users.view", &Targets::default()));
        world.status(owner, status);
        assert!(!may(&world, owner, "users.view", &Targets::default()), "{status:?}");
        assert!(!may(&world, owner, "users.view", &over(owner)), "{status:?}");
    }
}

#[test]
fn a_restricting_key_is_lifted_neither_by_superuser_nor_by_masterkey() {
    let mut world = world();
    let user = world.user("ann", world.built_in("agent"));
    world.superuser(user);
    world.masterkey(user);
    assert!(may(&world, user, "calls.dial_out", &Targets::default()));
    world.own_keys(user, "NODIALOUT");
    assert!(!may(&world, user, "calls.dial_out", &Targets::default()));
    world.own_keys(user, "-NODIALOUT");
    assert!(may(&world, user, "calls.dial_out", &Targets::default()));
}

/// A function that a reserved key guards.
const GUARDED: &str = r#"
name = "guarded"
version = 1
about = ""
categories = [""]
[[key]]
name = "SPY"
description = ""
category = ""
from = "chosen"
[[permission]]
name = "calls.spy"
about = ""
targets = ["organization"]
from = "chosen"
key = "SPY"
[everyone]
"calls.spy" = ["all"]
"#;

#[test]
fn a_key_guarded_function_needs_the_key_or_the_masterkey_and_a_minus_beats_both() {
    let mut world = World::founded(load_for_test(GUARDED).unwrap(), 1);
    let role = world.role("R", 1, [].into_iter().collect());
    let (plain, holder, master, minus) =
        (world.user("a", role), world.user("b", role), world.user("c", role), world.user("d", role));
    world.superuser(plain);
    world.own_keys(holder, "SPY");
    world.masterkey(master);
    world.masterkey(minus);
    world.own_keys(minus, "SPY -SPY");
    let spies = |user| may(&world, user, "calls.spy", &Targets::default());
    assert_eq!([plain, holder, master, minus].map(spies), [false, true, true, false]);
}

#[test]
fn listed_queues_hold_for_their_channel_and_listed_elements_for_themselves() {
    let mut world = world();
    let (queue, other) = (world.queue("A", None, &[]), world.queue("B", None, &[]));
    let queues = BTreeMap::from([("voice".into(), BTreeSet::from([queue]))]);
    let elements = BTreeSet::from(["board-1".into(), other.to_string().into()]);
    let user = world.user_with(
        "ann",
        &[
            Grant { queues, ..Grant::new("reports.queues", Scope::Queues) },
            Grant { elements: elements.clone(), ..Grant::new("wallboards.edit", Scope::Elements) },
            Grant { elements, ..Grant::new("queues.edit", Scope::Elements) },
        ],
    );
    let on = |queue: crate::kernel::id::QueueId, channel: Option<&str>| {
        let facts = Facts { channel: channel.map(Into::into), ..Facts::default() };
        world.may(user, "reports.queues", &Targets::of(queue.subject()), &facts)
    };
    assert!(on(queue, Some("voice")));
    assert!(!on(queue, Some("chat")) && !on(queue, None) && !on(other, Some("voice")));
    assert!(may(&world, user, "wallboards.edit", &Targets::of(Target::Element("board-1".into()))));
    assert!(!may(&world, user, "wallboards.edit", &Targets::of(Target::Element("board-2".into()))));
    assert!(may(&world, user, "queues.edit", &Targets::of(other.subject())));
    assert!(!may(&world, user, "queues.edit", &Targets::of(queue.subject())));
}

#[test]
fn one_may_give_only_what_one_holds_at_least_as_wide() {
    let mut world = world();
    let narrow = world.user_with("ann", &[Grant::new("users.block", Scope::Lower)]);
    let owner = world.user("olga", world.built_in("owner"));
    let gifts = [Scope::Lower, Scope::All].map(|scope| Grant::new("users.block", scope));
    let missing_to = |who| missing(&world.organization, world.organization.user(who).unwrap(), &gifts);
    assert_eq!(missing_to(narrow), Some(&gifts[1]));
    assert_eq!(missing_to(owner), None);
    world.superuser(narrow);
    assert_eq!(missing(&world.organization, world.organization.user(narrow).unwrap(), &gifts), None);
}

#[test]
fn the_mark_narrowed_to_some_elements_is_not_the_mark() {
    let mut world = world();
    let elements = BTreeSet::from(["x".into()]);
    let user =
        world.user_with("ann", &[Grant { elements, ..Grant::new("access.grant_any", Scope::Elements) }]);
    assert!(!may_grant_any(&world.organization, world.organization.user(user).unwrap()));
}

#[test]
fn an_archived_profile_gives_nothing() {
    let mut world = world();
    let role = world.role("R", 1, [].into_iter().collect());
    let user = world.user("ann", role);
    let profile = world.profile("P", &[Grant::new("reports.export", Scope::All)]);
    world.apply(UserEvent::ProfileAssigned { user, from: None, to: Some(profile) });
    assert!(may(&world, user, "reports.export", &Targets::default()));
    let (from, to) = (Standing::Active, Standing::Archived);
    world.apply(crate::profile::event::ProfileEvent::Archived { profile, from, to });
    assert!(!may(&world, user, "reports.export", &Targets::default()));
}

#[test]
fn targets_and_facts_are_read_as_the_api_writes_them() {
    let mut world = world();
    let agent = world.user("ann", world.built_in("agent"));
    let targets: NamedTargets =
        serde_json::from_value(json!({"subject": {"kind": "user", "id": "Ann"}, "role": "Agent"})).unwrap();
    let got = targets.resolve(&world.organization, "/targets").unwrap();
    assert_eq!(got, Targets { role: Some(world.built_in("agent")), ..over(agent) });
    let facts: NamedFacts = serde_json::from_value(json!({"agent": "ann", "bot": false})).unwrap();
    assert_eq!(facts.resolve(&world.organization, "/facts").unwrap().agent, Some(agent));
    for (pointer, targets) in [
        ("/targets/role", json!({"role": "Nobody"})),
        ("/targets/subject/id", json!({"subject": {"kind": "user"}})),
    ] {
        let targets: NamedTargets = serde_json::from_value(targets).unwrap();
        assert_eq!(targets.resolve(&world.organization, "/targets").unwrap_err().pointer, pointer);
    }
    assert!(serde_json::from_value::<NamedFacts>(json!({"moon": "full"})).is_err());
    assert!(serde_json::from_value::<NamedTargets>(json!({"moon": "full"})).is_err());
}

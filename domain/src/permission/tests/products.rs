//! What the catalogs of products let people do: the reserved keys of QueueMetrics one by one, the sections, channels
//! and masks of XCALLY, the modules and elements of uContact.

use super::world::World;
use crate::kernel::id::{QueueId, RoleId, UserId};
use crate::permission::catalog::{Catalog, Origin};
use crate::permission::effective::effective;
use crate::permission::facts::{Facts, Target, Targets};
use crate::permission::grant::{Grant, Limits, Scope};
use crate::permission::reason::Code;
use crate::user::event::UserEvent;
use std::collections::BTreeSet;

fn catalog(name: &str) -> &'static Catalog {
    Catalog::newest(name).unwrap()
}

/// A class with these keys and a user of it.
fn member(world: &mut World, login: &str, keys: &str) -> UserId {
    let class = world.role(&format!("class of {login}"), 10, std::iter::empty().collect());
    world.role_keys(class, keys);
    world.user(login, class)
}

/// Every permission that `user` holds at any scope.
fn held(world: &World, user: UserId) -> BTreeSet<&'static str> {
    let catalog = world.organization.catalog;
    let may = |name: &str| world.may(user, name, &Targets::default(), &Facts::default());
    catalog.permissions().map(|permission| permission.name.as_ref()).filter(|name| may(name)).collect()
}

#[test]
fn queuemetrics_has_99_keys_in_ten_categories_each_with_a_description() {
    let catalog = catalog("queuemetrics");
    assert_eq!((catalog.keys.len(), catalog.categories.len()), (99, 10));
    let used: BTreeSet<_> = catalog.keys.iter().map(|key| key.category.as_str()).collect();
    let unused: Vec<_> = catalog.categories.iter().filter(|name| !used.contains(name.as_str())).collect();
    assert_eq!(unused, ["Custom keyset"], "for the keys that an organization adds");
    assert!(catalog.keys.iter().all(|key| key.origin == Origin::Source && key.description.len() > 8));
    let marked = |mark: fn(&crate::permission::catalog::ReservedKey) -> bool| -> Vec<&str> {
        catalog.keys.iter().filter(|key| mark(key)).map(|key| key.name.as_ref()).collect()
    };
    assert_eq!(
        marked(|key| key.restricts),
        ["HIDENUMBERS", "NODIALOUT", "QUEUE_LOGIN_ASSIGNED_ONLY", "VISITOR"]
    );
    assert_eq!(marked(|key| key.required), ["USER"]);
    assert_eq!(marked(|key| !key.needs.is_empty()), ["QA_REPLACE"]);
}

#[test]
fn queuemetrics_each_key_opens_what_it_guards_and_nothing_else() {
    let catalog = catalog("queuemetrics");
    let mut world = World::founded(catalog, 1);
    let guarded_by = |key: &str| -> BTreeSet<&str> {
        let by = |name: &Option<crate::permission::catalog::KeyName>| {
            name.as_ref().is_some_and(|name| name.name.as_ref() == key || name.name.as_ref() == "USER")
        };
        let guarded = catalog.permissions().filter(|permission| by(&permission.key));
        guarded.map(|permission| permission.name.as_ref()).collect()
    };
    for key in &catalog.keys {
        let user = member(&mut world, &format!("u {}", key.name), &format!("USER {}", key.name));
        let mut expected = guarded_by(&key.name);
        expected.retain(|name| {
            !catalog.permission(name).unwrap().restricted_by.iter().any(|word| word.name == key.name)
        });
        assert_eq!(held(&world, user), expected, "{}", key.name);
        assert_eq!(key.restricts, guarded_by(&key.name) == guarded_by("USER") && *key.name != *"USER");
    }
}

#[test]
fn queuemetrics_usradmin_covers_rollbooks_user_administration() {
    let mut world = World::founded(catalog("queuemetrics"), 1);
    let admin = member(&mut world, "ada", "USER USRADMIN");
    let own =
        ["users.create", "users.keys", "roles.edit", "keys.create", "rollback.apply", "access.grant_any"];
    assert!(own.iter().all(|name| held(&world, admin).contains(name)));
    let user = member(&mut world, "una", "USER USR_QUEUE USR_SYSLOG");
    let covered: Vec<_> = held(&world, user).into_iter().collect();
    assert_eq!(
        covered,
        [
            "account.be_a_user",
            "audit.export",
            "audit.view",
            "calls.see_numbers",
            "evidence.view",
            "objects.see_objects",
            "objects.view",
            "queues.archive",
            "queues.create",
            "queues.edit",
            "queues.edit_queues",
            "queues.see_queues",
            "queues.view",
            "system.view_audit_log",
        ]
    );
}

#[test]
fn queuemetrics_the_masterkey_opens_every_function_but_the_mark_and_what_a_minus_names() {
    let catalog = catalog("queuemetrics");
    let mut world = World::founded(catalog, 1);
    let user = member(&mut world, "mia", "USER HIDENUMBERS");
    world.own_keys(user, "-MON_BARGE");
    world.masterkey(user);
    let all: BTreeSet<_> = catalog.permissions().map(|permission| permission.name.as_ref()).collect();
    let lacks: Vec<_> = all.difference(&held(&world, user)).copied().collect();
    assert_eq!(lacks, ["access.grant_any", "calls.see_numbers", "monitoring.barge"]);
}

#[test]
fn queuemetrics_functions_never_given_are_no_restrictions_and_what_restricts_is_shown() {
    let mut world = World::founded(catalog("queuemetrics"), 1);
    let user = member(&mut world, "una", "USER AGENT NODIALOUT");
    world.own_keys(user, "-AGENT MON_AUDIO");
    let shown = effective(&world.organization, world.organization.user(user).unwrap(), world.organization.at);
    let told: Vec<_> =
        shown.restrictions.iter().map(|one| (one.reason.code, one.reason.name.as_str())).collect();
    assert_eq!(told, [(Code::KeyTakenAway, "AGENT"), (Code::Restricted, "NODIALOUT")]);
    let listen = shown.items.iter().find(|item| *item.grant.permission == *"monitoring.listen").unwrap();
    let why: Vec<_> = listen.reasons.iter().map(|reason| (reason.code, reason.name.as_str())).collect();
    assert_eq!(why, [(Code::Granted, "queuemetrics"), (Code::KeyHeld, "MON_AUDIO")]);
    let items: BTreeSet<_> = shown.items.iter().map(|item| item.grant.permission.as_ref()).collect();
    let expected = [
        "account.be_a_user",
        "calls.see_numbers",
        "monitoring.listen",
        "objects.see_objects",
        "objects.view",
        "queues.see_queues",
        "queues.view",
    ];
    assert_eq!(items, expected.into());
}

#[test]
fn queuemetrics_login_to_assigned_queues_only_leaves_those() {
    let mut world = World::founded(catalog("queuemetrics"), 1);
    let user = member(&mut world, "agu", "USER AGENT QUEUE_LOGIN_ASSIGNED_ONLY");
    let (mine, other) = (world.queue("Mine", None, &[user]), world.queue("Other", None, &[]));
    let may =
        |name: &str, queue: QueueId| world.may(user, name, &Targets::of(queue.subject()), &Facts::default());
    assert!(may("agent_page.log_in_to_assigned_queues", mine));
    assert!(!may("agent_page.log_in_to_assigned_queues", other));
    assert!(!may("agent_page.log_in_to_any_queue", mine));
}

/// A user of the role User with a profile of these grants.
fn with_profile(world: &mut World, login: &str, role: RoleId, grants: &[Grant]) -> UserId {
    let profile = world.profile(&format!("profile of {login}"), grants);
    let user = world.user(login, role);
    world.apply(UserEvent::ProfileAssigned { user, from: None, to: Some(profile) });
    user
}

#[test]
fn xcally_a_user_holds_what_the_profile_says_and_an_admin_everything() {
    let catalog = catalog("xcally");
    let mut world = World::founded(catalog, 1);
    let (admin, user) = (world.built_in("admin"), world.built_in("user"));
    let admin = world.user("ada", admin);
    assert_eq!(held(&world, admin).len(), catalog.permissions().count());
    let bare = with_profile(&mut world, "bo", user, &[]);
    assert!(held(&world, bare).is_empty());
    let grants = [Grant::new("reports.read", Scope::All), Grant::new("telephones.edit", Scope::All)];
    let lead = with_profile(&mut world, "lea", user, &grants);
    assert_eq!(held(&world, lead), ["reports.read", "telephones.edit"].into());
}

#[test]
fn xcally_four_types_choose_the_actions_of_a_section() {
    let types: Vec<_> =
        catalog("xcally").types.iter().map(|one| (one.name.as_str(), one.actions.join(" "))).collect();
    let expected = [
        ("Read", "read"),
        ("Read & Edit", "read edit"),
        ("Read & Delete", "read delete"),
        ("Read, Edit & Delete", "read edit delete"),
    ];
    assert_eq!(types, expected.map(|(name, actions)| (name, actions.to_owned())));
}

/// A profile lists queues per channel; agents, realtime, reports and dashboards follow the queues.
#[test]
fn xcally_queues_are_seen_per_channel_and_what_shows_them_follows() {
    let catalog = catalog("xcally");
    assert_eq!(catalog.channels, ["voice", "chat", "mail", "sms", "fax", "dialer", "other"]);
    let mut world = World::founded(catalog, 1);
    let user = world.built_in("user");
    let (agent, stranger) = (world.user("agu", user), world.user("sam", user));
    let (sales, care) = (world.queue("Sales", None, &[agent]), world.queue("Care", None, &[stranger]));
    let names =
        ["staff_agents.read", "voice_queues.read", "voice_realtime.read", "reports.read", "dashboards.read"];
    let grant = |name: &&str| Grant {
        queues: [("voice".into(), [sales].into())].into(),
        ..Grant::new(name, Scope::Queues)
    };
    let lead = with_profile(&mut world, "lea", user, &names.iter().map(grant).collect::<Vec<_>>());
    let on = |channel: &str| Facts { channel: Some(channel.into()), ..Facts::default() };
    for name in &names[1..] {
        let may =
            |queue: QueueId, channel| world.may(lead, name, &Targets::of(queue.subject()), &on(channel));
        assert!(may(sales, "voice"), "{name}");
        assert!(!may(care, "voice") && !may(sales, "chat"), "{name}");
    }
    let sees = |who: UserId| world.may(lead, "staff_agents.read", &Targets::of(who.subject()), &on("voice"));
    assert!(sees(agent) && !sees(stranger));
}

#[test]
fn xcally_masked_parts_of_a_contact_are_not_shown() {
    let mut world = World::founded(catalog("xcally"), 1);
    let user = world.built_in("user");
    let limits = Limits { without_parts: ["phone".into()].into(), ..Limits::default() };
    let masked = Grant { limits, ..Grant::new("contact_lists.read", Scope::All) };
    let lead = with_profile(&mut world, "lea", user, &[masked]);
    let sees = |part: &str| {
        let facts = Facts { part: Some(part.into()), ..Facts::default() };
        world.may(lead, "contact_lists.read", &Targets::of(Target::Element("leads".into())), &facts)
    };
    assert!(sees("name") && sees("email") && !sees("phone"));
}

#[test]
fn xcally_custom_dashboards_are_switched_on_one_by_one() {
    let mut world = World::founded(catalog("xcally"), 1);
    let user = world.built_in("user");
    let one =
        Grant { elements: ["d1".into()].into(), ..Grant::new("custom_dashboards.read", Scope::Elements) };
    let lead = with_profile(&mut world, "lea", user, &[one]);
    let sees = |id: &str| {
        world.may(lead, "custom_dashboards.read", &Targets::of(Target::Element(id.into())), &Facts::default())
    };
    assert!(sees("d1") && !sees("d2"));
}

#[test]
fn ucontact_everybody_has_inbox_and_agenda_and_without_a_profile_nothing_else() {
    let catalog = catalog("ucontact");
    let mut world = World::founded(catalog, 1);
    let agent = world.built_in("agent");
    let ann = world.user("ann", agent);
    // Roles give nothing; that they can be named is Rollbook's own.
    assert_eq!(held(&world, ann), ["agenda.use", "inbox.use", "roles.view"].into());
    world.superuser(ann);
    assert_eq!(held(&world, ann).len(), catalog.permissions().count());
}

#[test]
fn ucontact_a_profile_reaches_the_modules_actions_and_elements_that_it_names() {
    let mut world = World::founded(catalog("ucontact"), 1);
    let agent = world.built_in("agent");
    let (ann, bob) = (world.user("ann", agent), world.user("bob", agent));
    let campaign = world.queue("Spring", None, &[]);
    let chosen = Grant {
        elements: [ann.to_string().as_str().into()].into(),
        ..Grant::new("users.access_to_users", Scope::Elements)
    };
    let grants =
        [chosen, Grant::new("campaigns.access", Scope::All), Grant::new("campaigns.holidays", Scope::All)];
    let lead = with_profile(&mut world, "lea", agent, &grants);
    let may = |name: &str, targets: &Targets| world.may(lead, name, targets, &Facts::default());
    for name in ["users.access_to_users", "users.view"] {
        assert!(may(name, &Targets::of(ann.subject())), "{name}");
        assert!(!may(name, &Targets::of(bob.subject())), "{name}");
    }
    let campaign = Targets::of(campaign.subject());
    assert!(may("campaigns.holidays", &campaign) && may("queues.view", &campaign));
    assert!(!may("campaigns.blacklist", &campaign) && !may("queues.edit", &campaign));
}

/// Whoever wrote the grant: what a function covers is in force with it, and shown.
#[test]
fn a_grant_of_a_function_is_one_of_what_it_covers_too() {
    let mut world = World::founded(catalog("voximplant"), 1);
    let user = world.user_with("ina", &[Grant::new("users.view_users_list_and_profiles", Scope::Own)]);
    let agent = world.built_in("agent");
    let other = world.user("ann", agent);
    assert!(world.may(user, "users.view", &Targets::of(user.subject()), &Facts::default()));
    assert!(!world.may(user, "users.view", &Targets::of(other.subject()), &Facts::default()));
    let shown = effective(&world.organization, world.organization.user(user).unwrap(), world.organization.at);
    let shown: Vec<_> = shown.items.iter().map(|item| item.grant.permission.as_ref()).collect();
    assert_eq!(shown, ["users.view", "users.view_users_list_and_profiles"]);
}

#[test]
fn every_row_says_where_it_comes_from_and_a_source_is_named() {
    for name in Catalog::names() {
        let catalog = catalog(name);
        let permissions = catalog.permissions().map(|row| (row.origin, &row.note, row.name.to_string()));
        let keys = catalog.keys.iter().map(|row| (row.origin, &row.note, row.name.to_string()));
        let types = catalog.types.iter().map(|row| (row.origin, &row.note, row.name.clone()));
        for (origin, note, row) in permissions.chain(keys).chain(types) {
            assert!(origin != Origin::Source || !note.is_empty(), "{name}: {row} names no source");
        }
    }
}

//! What the catalogs of products demand of users, told as given / when / then.

use crate::kernel::id::{KeyId, UserId};
use crate::kernel::spec::{World, given, new_user};
use crate::key::command::{KeyCommand, KeyEdit};
use crate::organization::command::{Command, Undo};
use crate::organization::rejection::{Forbidden, Rejection};
use crate::permission::catalog::Offer;
use crate::permission::grant::{Grant, Limits, Scope};
use crate::profile::command::{ProfileCommand, ProfileEdit};
use crate::role::command::{RoleCommand, RoleEdit};
use crate::role::rejection::RoleRejection;
use crate::user::command::{NewUser, UserCommand, UserEdit};
use crate::user::password::NewPassword;
use crate::user::rejection::UserRejection;
use crate::user::state::KeyEntry;
use serde_json::json;

/// Olga is its founder; otto is Admin too, mike a Supervisor with the masterkey, una a User.
fn queuemetrics() -> World {
    let mut world = World::founded("queuemetrics");
    for (login, class) in [("otto", "Admin"), ("mike", "Supervisor"), ("una", "User")] {
        world.add_user(login, world.role(class));
    }
    world.act(UserCommand::SetMasterkey(world.user_id("mike"), true));
    world
}

/// Olga is its founder; profile `Team leads` enables agents to be seen; uwe is a User with it.
fn xcally() -> World {
    let mut world = World::founded("xcally");
    let profile = world.add_profile("Team leads", [Grant::new("staff_agents.read", Scope::All)]);
    let uwe = NewUser { profile: Some(profile), ..new_user("uwe", world.role("User")) };
    world.act(UserCommand::Create(uwe));
    world
}

/// Olga is its founder; profile `Team leads` has the module Users; sue is a Supervisor with it, ann an Agent without.
fn ucontact() -> World {
    let mut world = World::founded("ucontact");
    let module = ["users.access_to_users", "users.create_users", "users.update_users", "users.delete_users"];
    let profile = world.add_profile("Team leads", module.map(|name| Grant::new(name, Scope::All)));
    let sue = NewUser { profile: Some(profile), ..new_user("sue", world.role("Supervisor")) };
    world.act(UserCommand::Create(sue));
    world.add_user("ann", world.role("Agent"));
    world
}

/// `A -B` as entries of own keys.
fn keys(world: &World, words: &str) -> Vec<KeyEntry> {
    let entry =
        |word: &str| KeyEntry { key: world.key(word.trim_start_matches('-')), minus: word.starts_with('-') };
    words.split_whitespace().map(entry).collect()
}

fn required(key: &str) -> Rejection {
    UserRejection::RequiredKey { key: key.into() }.into()
}

#[test]
fn the_founder_of_a_product_with_a_default_admin_stays_in_place() {
    for mut world in [queuemetrics(), xcally()] {
        world.add_user("oda", world.role("Admin"));
        let (olga, oda) = (world.user_id("olga"), world.user_id("oda"));
        let other = world.add_role("Other", 5, []);
        world.act(RoleCommand::Edit(other, RoleEdit { keys: Some(user_key(&world)), ..RoleEdit::default() }));
        for command in
            [UserCommand::Archive(olga), UserCommand::Block(olga), UserCommand::AssignRole(olga, other)]
        {
            given(&world).as_user("oda").when(command).then_refused(UserRejection::Protected);
        }
        let rename = UserEdit { name: Some("Olga O.".into()), ..UserEdit::default() };
        given(&world).as_user("oda").when(UserCommand::Edit(olga, rename)).then_names(&["user.renamed"]);
        given(&world).as_user("olga").when(UserCommand::Archive(oda)).then_names(&["user.archived"]);
    }
}

/// The key USER where the organization has it.
fn user_key(world: &World) -> Vec<KeyId> {
    world.by_name(crate::kernel::id::Kind::Key, "USER").map(KeyId).into_iter().collect()
}

#[test]
fn elsewhere_a_founder_goes_when_somebody_else_can_grant_anything() {
    let mut world = ucontact();
    let (olga, sue) = (world.user_id("olga"), world.user_id("sue"));
    given(&world).as_user("olga").when(UserCommand::Archive(olga)).then_refused(UserRejection::LastOwner);
    world.act(UserCommand::SetSuperuser(sue, true));
    given(&world).as_user("sue").when(UserCommand::Archive(olga)).then_names(&["user.archived"]);
}

#[test]
fn queuemetrics_4_mandatory_classes_keep_name_and_rank_and_the_others_go_when_empty() {
    let world = queuemetrics();
    for class in ["Admin", "Webqloader"] {
        let class = world.role(class);
        let rename = RoleEdit { name: Some("Other".into()), ..RoleEdit::default() };
        for command in [RoleCommand::Archive(class), RoleCommand::Edit(class, rename)] {
            given(&world).as_user("olga").when(command).then_refused(RoleRejection::Protected);
        }
    }
    let archive = RoleCommand::Archive(world.role("Visitor"));
    given(&world).as_user("olga").when(archive).then_names(&["role.archived"]);
    let archive = RoleCommand::Archive(world.role("User"));
    given(&world).as_user("olga").when(archive).then_refused(RoleRejection::InUse { count: 1 });
}

#[test]
fn queuemetrics_every_user_holds_the_key_user() {
    let mut world = queuemetrics();
    let una = world.user_id("una");
    let minus = UserCommand::SetKeys(una, keys(&world, "-USER"));
    given(&world).as_user("olga").when(minus).then_refused(required("USER"));
    let without = RoleEdit { keys: Some(vec![world.key("ROBOT")]), ..RoleEdit::default() };
    let edit = RoleCommand::Edit(world.role("User"), without.clone());
    given(&world).as_user("olga").when(edit).then_refused(required("USER"));
    let bare = world.add_role("Bare", 5, []);
    given(&world)
        .as_user("olga")
        .when(UserCommand::Create(new_user("bo", bare)))
        .then_refused(required("USER"));
    given(&world).as_user("olga").when(UserCommand::AssignRole(una, bare)).then_refused(required("USER"));
    // A key of her own does as well, and then her class may do without.
    world.act(UserCommand::SetKeys(una, keys(&world, "USER")));
    given(&world)
        .as_user("olga")
        .when(UserCommand::AssignRole(una, bare))
        .then_names(&["user.role_assigned"]);
    let edit = RoleCommand::Edit(world.role("User"), without);
    given(&world).as_user("olga").when(edit).then_names(&["role.keys_changed"]);
}

#[test]
fn queuemetrics_replacing_assessments_goes_with_removing_them() {
    let mut world = queuemetrics();
    let una = world.user_id("una");
    let refused = || UserRejection::KeyNeedsAnother { key: "QA_REPLACE".into(), needed: "QA_REMOVE".into() };
    let alone = UserCommand::SetKeys(una, keys(&world, "QA_REPLACE"));
    given(&world).as_user("olga").when(alone).then_refused(refused());
    let class = |words: &[&str]| {
        let keys = words.iter().map(|word| world.key(word)).collect();
        RoleCommand::Edit(world.role("User"), RoleEdit { keys: Some(keys), ..RoleEdit::default() })
    };
    given(&world).as_user("olga").when(class(&["USER", "QA_REPLACE"])).then_refused(refused());
    given(&world).as_user("olga").when(class(&["USER", "QA_REPLACE", "QA_REMOVE"])).accepted();
    world.act(UserCommand::SetKeys(una, keys(&world, "QA_REPLACE QA_REMOVE")));
    let minus = UserCommand::SetKeys(una, keys(&world, "QA_REPLACE -QA_REMOVE"));
    given(&world).as_user("olga").when(minus).then_refused(refused());
    // Two undone together stand for each other, whatever their order.
    let undo = |element: &str| Undo {
        subject: una.subject(),
        field: "keys".into(),
        element: Some(world.key(element).to_string()),
        to: serde_json::Value::Null,
    };
    given(&world).as_user("olga").when(Command::Undo(vec![undo("QA_REMOVE")])).then_refused(refused());
    let both = Command::Undo(vec![undo("QA_REMOVE"), undo("QA_REPLACE")]);
    given(&world).as_user("olga").when(both).then_names(&["user.keys_changed", "user.keys_changed"]);
}

#[test]
fn queuemetrics_the_masterkey_passes_no_rank_and_gives_not_the_key_that_would() {
    let mut world = queuemetrics();
    let (mike, una, otto) = (world.user_id("mike"), world.user_id("una"), world.user_id("otto"));
    let as_mike = |command: UserCommand| given(&world).as_user("mike").when(command);
    as_mike(UserCommand::SetKeys(una, keys(&world, "MON_BARGE"))).then_names(&["user.keys_changed"]);
    as_mike(UserCommand::Create(new_user("bo", world.role("Visitor")))).then_names(&["user.created"]);
    let more = || Forbidden::GivesMore { what: "USRADMIN".into() };
    as_mike(UserCommand::SetKeys(una, keys(&world, "USRADMIN"))).then_refused(more());
    as_mike(UserCommand::AssignRole(mike, world.role("Admin"))).then_refused(Forbidden::OwnAccess);
    as_mike(UserCommand::SetKeys(mike, keys(&world, "USRADMIN"))).then_refused(Forbidden::OwnAccess);
    as_mike(UserCommand::Block(otto)).then_refused(Forbidden::RankTooLow);
    as_mike(UserCommand::Create(new_user("bo", world.role("Admin")))).then_refused(Forbidden::RankTooLow);
    let class =
        RoleEdit { keys: Some(vec![world.key("USER"), world.key("USRADMIN")]), ..RoleEdit::default() };
    let edit = RoleCommand::Edit(world.role("User"), class);
    given(&world).as_user("mike").when(edit).then_refused(more());
    // Nor by signing in as one below who holds it.
    world.act(UserCommand::SetKeys(una, keys(&world, "USRADMIN")));
    let credential = crate::kernel::id::CredentialId(uuid::Uuid::from_u128(9));
    given(&world)
        .as_user("mike")
        .when(UserCommand::SetPassword(una, NewPassword::unknown(credential)))
        .then_refused(more());
}

#[test]
fn a_masterkey_that_a_minus_narrows_is_given_to_those_with_that_minus() {
    let mut world = queuemetrics();
    let (mike, una) = (world.user_id("mike"), world.user_id("una"));
    world.act(UserCommand::SetKeys(mike, keys(&world, "-MON_BARGE -HIDENUMBERS")));
    let more = Forbidden::GivesMore { what: "masterkey".into() };
    let give = || UserCommand::SetMasterkey(una, true);
    given(&world).as_user("mike").when(give()).then_refused(more.clone());
    world.act(UserCommand::SetKeys(una, keys(&world, "-MON_BARGE")));
    given(&world).as_user("mike").when(give()).then_names(&["user.masterkey_set"]);
    // Nor is it taken by signing in as one who has it whole.
    world.act(UserCommand::SetKeys(una, Vec::new()));
    world.act(give());
    let credential = crate::kernel::id::CredentialId(uuid::Uuid::from_u128(9));
    given(&world)
        .as_user("mike")
        .when(UserCommand::SetPassword(una, NewPassword::unknown(credential)))
        .then_refused(more);
}

#[test]
fn queuemetrics_who_holds_usradmin_may_grant_any_and_who_does_not_no_more_than_look() {
    let mut world = queuemetrics();
    let (una, otto) = (world.user_id("una"), world.user_id("otto"));
    let admin = || UserCommand::AssignRole(una, world.role("Admin"));
    given(&world)
        .as_user("una")
        .when(admin())
        .then_refused(Forbidden::Permission { permission: "users.role" });
    let mine = KeyCommand::Create(KeyEdit { name: Some("K".into()), ..KeyEdit::default() });
    let needs = Forbidden::Permission { permission: "keys.create" };
    given(&world).as_user("una").when(mine).then_refused(needs);
    world.act(UserCommand::SetKeys(una, keys(&world, "USRADMIN")));
    given(&world).as_user("una").when(UserCommand::AssignRole(una, world.role("Admin"))).accepted();
    given(&world).as_user("una").when(UserCommand::Archive(otto)).accepted();
}

#[test]
fn what_a_catalog_does_not_offer_is_not_given() {
    let refused = |world: &World, command: UserCommand, offer| {
        given(world).as_user("olga").when(command).then_refused(UserRejection::NotOffered(offer));
    };
    let (qm, xc, uc) = (queuemetrics(), xcally(), ucontact());
    let grants = || Some([Grant::new("inbox.use", Scope::All)].into_iter().collect());
    let una = qm.user_id("una");
    refused(&qm, UserCommand::SetSuperuser(una, true), Offer::Superuser);
    refused(&qm, UserCommand::SetCustomProfile(una, grants()), Offer::CustomProfile);
    let uwe = xc.user_id("uwe");
    refused(&xc, UserCommand::SetMasterkey(uwe, true), Offer::Masterkey);
    refused(&xc, UserCommand::SetCustomProfile(uwe, grants()), Offer::CustomProfile);
    refused(&uc, UserCommand::SetMasterkey(uc.user_id("ann"), true), Offer::Masterkey);
    let mut qm = qm;
    let profile = qm.add_profile("P", []);
    refused(&qm, UserCommand::AssignProfile(una, Some(profile)), Offer::Profile);
    let new = NewUser { profile: Some(profile), ..new_user("bo", qm.role("User")) };
    refused(&qm, UserCommand::Create(new), Offer::Profile);
    given(&qm).as_user("olga").when(UserCommand::SetSuperuser(una, false)).then_nothing();
}

#[test]
fn xcally_1_a_user_has_a_profile_and_an_admin_need_not() {
    let world = xcally();
    let (olga, uwe) = (world.user_id("olga"), world.user_id("uwe"));
    let (admin, user, leads) = (world.role("Admin"), world.role("User"), world.profile("Team leads"));
    let as_olga = |command: Command| given(&world).as_user("olga").when(command);
    as_olga(UserCommand::Create(new_user("bo", user)).into()).then_refused(UserRejection::ProfileRequired);
    as_olga(UserCommand::Create(new_user("bo", admin)).into())
        .then_names(&["user.created", "user.detail_set"]);
    as_olga(UserCommand::AssignProfile(uwe, None).into()).then_refused(UserRejection::ProfileRequired);
    let mut two = world.clone();
    let oda = two.add_user("oda", admin);
    let demote = UserCommand::AssignRole(oda, user);
    given(&two).as_user("olga").when(demote.clone()).then_refused(UserRejection::ProfileRequired);
    // Together they are what is demanded, in whichever order.
    let profile = UserCommand::AssignProfile(oda, Some(leads));
    let both = Command::Many(vec![demote.into(), profile.into()]);
    given(&two).as_user("olga").when(both).then_names(&["user.role_assigned", "user.profile_assigned"]);
    assert!(two.user(olga).is_some_and(|olga| olga.profile.value.is_none()));
}

#[test]
fn xcally_who_left_comes_back_with_the_profile_only() {
    let mut world = xcally();
    let uwe = world.user_id("uwe");
    world.act(UserCommand::Archive(uwe));
    given(&world).as_user("olga").when(UserCommand::Restore(uwe)).then_names(&["user.restored"]);
    world.act(ProfileCommand::Archive(world.profile("Team leads")));
    given(&world).as_user("olga").when(UserCommand::Restore(uwe)).then_invalid("/profile", "no_such_profile");
}

#[test]
fn xcally_channels_and_masked_parts_are_those_of_the_catalog() {
    let world = xcally();
    let create = |grant| {
        let edit = ProfileEdit {
            name: Some("P".into()),
            grants: Some([grant].into_iter().collect()),
            ..ProfileEdit::default()
        };
        given(&world).as_user("olga").when(ProfileCommand::Create(edit))
    };
    let channel = |word: &str| Grant {
        queues: [(word.into(), Default::default())].into(),
        ..Grant::new("voice_queues.read", Scope::Queues)
    };
    for word in ["voice", "chat", "mail", "sms", "fax", "dialer", "other"] {
        create(channel(word)).then_names(&["profile.created"]);
    }
    create(channel("pigeon")).then_invalid("/grants/0/queues", "no_such_channel");
    let masks = |word: &str| Grant {
        limits: Limits { without_parts: [word.into()].into(), ..Limits::default() },
        ..Grant::new("contact_lists.read", Scope::All)
    };
    create(masks("phone")).then_names(&["profile.created"]);
    create(masks("shoe_size")).then_invalid("/grants/0/limits", "no_such_part");
}

#[test]
fn ucontact_the_module_users_of_a_profile_is_the_right_to_manage_users_of_lower_rank() {
    let world = ucontact();
    let (sue, ann, olga) = (world.user_id("sue"), world.user_id("ann"), world.user_id("olga"));
    let as_sue = |command: UserCommand| given(&world).as_user("sue").when(command);
    let create = |login: &str, role: &str| UserCommand::Create(new_user(login, world.role(role)));
    as_sue(create("bo", "Agent")).then_names(&["user.created"]);
    as_sue(UserCommand::Archive(ann)).then_names(&["user.archived"]);
    as_sue(create("bo", "Supervisor")).then_refused(Forbidden::RankTooLow);
    as_sue(UserCommand::Block(olga)).then_refused(Forbidden::RankTooLow);
    let needs = |permission| Forbidden::Permission { permission };
    as_sue(UserCommand::SetSuperuser(sue, true)).then_refused(needs("users.keys"));
    let nobody = |command: UserCommand, permission| {
        given(&world).as_user("ann").when(command).then_refused(needs(permission));
    };
    nobody(create("bo", "Agent"), "users.create");
    nobody(UserCommand::AssignRole(ann, world.role("Administrator")), "users.role");
}

#[test]
fn ucontact_2_a_custom_profile_excludes_a_profile_and_is_never_more_than_one_holds() {
    let world = ucontact();
    let (ann, sue) = (world.user_id("ann"), world.user_id("sue"));
    let custom = |user: UserId, name: &str| {
        UserCommand::SetCustomProfile(user, Some([Grant::new(name, Scope::All)].into_iter().collect()))
    };
    given(&world)
        .as_user("olga")
        .when(custom(sue, "forms.access"))
        .then_refused(UserRejection::ProfileAndCustomProfile);
    given(&world).as_user("sue").when(custom(ann, "users.access_to_users")).accepted();
    let more = Forbidden::GivesMore { what: "forms.access".into() };
    given(&world).as_user("sue").when(custom(ann, "forms.access")).then_refused(more);
}

#[test]
fn who_gives_a_function_must_hold_what_it_covers_as_wide() {
    let mut world = ucontact();
    // Edits users she outranks, but holds the function over herself only.
    let lower = [Grant::new("users.view", Scope::All), Grant::new("users.profile", Scope::Lower)];
    let narrow = Grant::new("users.update_users", Scope::Own);
    world.add_user_with("hanna", 25, &[lower.to_vec(), vec![narrow]].concat());
    let ann = world.user_id("ann");
    let give = |scope| {
        let grants = [Grant::new("users.update_users", scope)].into_iter().collect();
        UserCommand::SetCustomProfile(ann, Some(grants))
    };
    let more = Forbidden::GivesMore { what: "users.update_users".into() };
    given(&world).as_user("hanna").when(give(Scope::All)).then_refused(more);
}

#[test]
fn founding_makes_what_the_products_start_with() {
    for (catalog, keys, roles, names) in [
        ("queuemetrics", 99, 6, ["Admin", "Webqloader"]),
        ("xcally", 0, 2, ["Admin", "User"]),
        ("ucontact", 0, 3, ["Administrator", "Agent"]),
    ] {
        let world = World::founded(catalog);
        assert_eq!((world.keys.len(), world.roles.len()), (keys, roles), "{catalog}");
        let olga = world.user_id("olga");
        assert_eq!(world.founder, Some(olga), "{catalog}");
        let role = world.user(olga).and_then(|olga| world.role_of(olga)).unwrap();
        assert_eq!(role.name, names[0], "{catalog}");
        let protected = world.roles.values().filter(|role| role.protected).map(|role| role.name.as_str());
        let protected: std::collections::BTreeSet<_> = protected.collect();
        assert!(names.iter().all(|name| protected.contains(name)), "{catalog}: {protected:?}");
        assert_eq!(json!(world.user(olga).unwrap().superuser.value), json!(catalog == "ucontact"));
    }
}

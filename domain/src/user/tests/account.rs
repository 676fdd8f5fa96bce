//! Adding users and changing login, name and e-mail address.

use crate::kernel::id::{Kind, RoleId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::spec::{given, new_user, world};
use crate::organization::rejection::{Forbidden, Rejection};
use crate::user::command::{Beginnings, NewUser, UserCommand, UserEdit};
use crate::user::password::NewPassword;
use crate::user::rejection::UserRejection;
use crate::user::state::{KeyEntry, Status};
use crate::user::window::LoginWindow;
use uuid::Uuid;

fn login(text: &str) -> UserEdit {
    UserEdit { login: Some(text.into()), ..UserEdit::default() }
}

fn email(text: Option<&str>) -> UserEdit {
    UserEdit { email: Some(text.map(Into::into)), ..UserEdit::default() }
}

#[test]
fn a_manager_adds_an_agent_who_begins_active() {
    let world = world();
    given(&world)
        .as_user("mona")
        .when(UserCommand::Create(new_user(" zoe ", world.role("Agent"))))
        .then(&["user.created zoe: login - -> zoe, name - -> zoe, role - -> Agent, status - -> active"]);
}

#[test]
fn a_user_may_begin_invited_and_with_a_password() {
    let world = world();
    let credential = crate::kernel::id::CredentialId(Uuid::from_u128(9));
    let password = Some(NewPassword::unknown(credential));
    let new = NewUser { status: Status::Invited, password, ..new_user("zoe", world.role("Agent")) };
    let after = given(&world)
        .as_user("mona")
        .when(UserCommand::Create(new))
        .then_names(&["user.created", "user.password_set"]);
    let zoe = after.user_by_login("zoe").unwrap();
    let set = zoe.password.unwrap();
    assert_eq!((zoe.status.value, set.credential, set.set_at), (Status::Invited, credential, after.at));
}

#[test]
fn nobody_begins_blocked_or_archived() {
    let world = world();
    for status in [Status::Blocked, Status::Archived] {
        let new = NewUser { status, ..new_user("zoe", world.role("Agent")) };
        given(&world)
            .as_user("olga")
            .when(UserCommand::Create(new))
            .then_invalid("/status", "not_for_new_users");
    }
}

#[test]
fn a_login_or_address_that_is_taken_is_refused_whatever_its_case() {
    let world = world();
    let agent = world.role("Agent");
    let create = |new| given(&world).as_user("olga").when(UserCommand::Create(new));
    create(new_user("ANNA", agent)).then_refused(UserRejection::LoginTaken);
    create(new_user("Olga@North.example", agent)).then_refused(UserRejection::LoginTaken);
    let address = |email: &str| NewUser { email: Some(email.into()), ..new_user("zoe", agent) };
    create(address("OLGA@north.example")).then_refused(UserRejection::EmailTaken);
}

#[test]
fn fields_that_cannot_be_are_named_by_pointer() {
    let world = world();
    let agent = world.role("Agent");
    let create = |new| given(&world).as_user("olga").when(UserCommand::Create(new));
    create(new_user("two words", agent)).then_invalid("/login", "has_spaces");
    create(NewUser { name: " ".into(), ..new_user("zoe", agent) }).then_invalid("/name", "empty");
    create(NewUser { email: Some("zoe".into()), ..new_user("zoe", agent) })
        .then_invalid("/email", "not_an_email");
    create(new_user("zoe", RoleId(Uuid::nil()))).then_invalid("/role", "no_such_role");
    let profile = Some(crate::kernel::id::ProfileId(Uuid::nil()));
    create(NewUser { profile, ..new_user("zoe", agent) }).then_invalid("/profile", "no_such_profile");
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let world = world();
    let anna = world.user_id("anna");
    let edit = UserEdit {
        login: Some("ann".into()),
        name: Some("Ann".into()),
        email: Some(Some("ann@north.example".into())),
        ..UserEdit::default()
    };
    let after = given(&world).as_user("adam").when(UserCommand::Edit(anna, edit.clone())).then(&[
        "user.login_changed ann: login anna -> ann",
        "user.renamed ann: name anna -> Ann",
        "user.email_changed ann: email - -> ann@north.example",
    ]);
    assert!(after.user_by_login("anna").is_none());
    given(&after).as_user("adam").when(UserCommand::Edit(anna, edit)).then_nothing();
    let gone = given(&after).as_user("adam").when(UserCommand::Edit(anna, email(None)));
    let gone = gone.then(&["user.email_changed ann: email ann@north.example -> -"]);
    assert!(gone.user_by_email("ann@north.example").is_none());
}

#[test]
fn a_login_may_change_its_case_and_be_ones_own_address() {
    let world = world();
    let anna = world.user_id("anna");
    let after = given(&world).as_user("adam").when(UserCommand::Edit(anna, login("Anna")));
    let after = after.then(&["user.login_changed Anna: login anna -> Anna"]);
    let after = given(&after).as_user("adam").when(UserCommand::Edit(anna, email(Some("anna@x.example"))));
    let after = after.then_names(&["user.email_changed"]);
    given(&after)
        .as_user("adam")
        .when(UserCommand::Edit(anna, login("anna@x.example")))
        .then_names(&["user.login_changed"]);
}

#[test]
fn somebody_elses_login_or_address_stays_theirs() {
    let world = world();
    let edit = |edit| given(&world).as_user("adam").when(UserCommand::Edit(world.user_id("anna"), edit));
    edit(login("amir")).then_refused(UserRejection::LoginTaken);
    edit(email(Some("olga@north.example"))).then_refused(UserRejection::EmailTaken);
}

#[test]
fn an_unknown_user_is_missing() {
    let nobody = UserId(Uuid::nil());
    let world = world();
    let missing = Rejection::Missing(Kind::User);
    given(&world).as_user("adam").when(UserCommand::Block(nobody)).then_refused(missing.clone());
    given(&world).as_operator().when(UserCommand::Block(nobody)).then_refused(missing);
}

#[test]
fn who_may_not_see_a_user_is_told_there_is_none() {
    let world = world();
    let rename = |who| UserCommand::Edit(world.user_id(who), login("x"));
    // sven supervises anna alone.
    given(&world).as_user("sven").when(rename("amir")).then_refused(Rejection::Missing(Kind::User));
    let needs = Forbidden::Permission { permission: "users.edit" };
    given(&world).as_user("sven").when(rename("anna")).then_refused(needs.clone());
    given(&world).as_user("anna").when(rename("anna")).then_refused(needs);
}

#[test]
fn if_match_guards_against_a_change_in_between() {
    let world = world();
    let anna = world.user_id("anna").subject();
    let (rename, last) = (UserCommand::Edit(world.user_id("anna"), login("ann")), world.last(anna));
    let asker = || given(&world).as_user("adam");
    asker().expecting(anna, last).when(rename.clone()).then_names(&["user.login_changed"]);
    let stale = Rejection::Stale { expected: last - 1, actual: last };
    asker().expecting(anna, last - 1).when(rename.clone()).then_refused(stale);
    let nobody = UserId(Uuid::nil()).subject();
    asker().expecting(nobody, 1).when(rename).then_refused(Rejection::Missing(Kind::User));
}

#[test]
fn somebody_taken_over_from_another_register_begins_as_it_has_them_in_one_change() {
    let world = world();
    let beginnings = || Beginnings {
        login_window: Some(LoginWindow { until: Some(Moment(9)), ..LoginWindow::default() }),
        blocked: true,
        ..Beginnings::default()
    };
    let zoe = || new_user("zoe", world.role("Agent"));
    let taken = UserCommand::TakeOver(zoe(), beginnings());
    let names = ["user.created", "user.login_window_set", "user.blocked"];
    let after = given(&world).as_user("mona").when(taken).then_names(&names);
    assert_eq!(after.user_by_login("zoe").unwrap().status.value, Status::Blocked);
    let plain = UserCommand::TakeOver(zoe(), Beginnings::default());
    given(&world).as_user("mona").when(plain).then_names(&["user.created"]);
}

#[test]
fn whoever_takes_somebody_over_holds_the_right_to_each_change_that_it_saves_and_what_it_gives() {
    let mut world = world();
    let key = world.add_key("VIP");
    let with_key = Beginnings { keys: vec![KeyEntry { key, minus: false }], ..Beginnings::default() };
    let taken = || UserCommand::TakeOver(new_user("zoe", world.role("Agent")), with_key.clone());
    given(&world)
        .as_user("mona")
        .when(taken())
        .then_refused(Forbidden::Permission { permission: "users.keys" });
    given(&world).as_user("olga").when(taken()).then_names(&["user.created", "user.keys_changed"]);
    let higher = UserCommand::TakeOver(new_user("zoe", world.role("Owner")), Beginnings::default());
    given(&world).as_user("mona").when(higher).then_refused(Forbidden::RankTooLow);
}

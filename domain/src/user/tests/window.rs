//! When a user may sign in and act.

use crate::kernel::context::Actor;
use crate::kernel::id::UserId;
use crate::kernel::moment::Moment;
use crate::kernel::spec::{context, given, world};
use crate::organization::rejection::Forbidden;
use crate::organization::state::Organization;
use crate::permission::facts::{Facts, Targets};
use crate::permission::reason::{Code, Source};
use crate::permission::resolve::{Question, explain};
use crate::user::command::UserCommand;
use crate::user::rejection::UserRejection;
use crate::user::window::{Hours, LoginWindow, Span};

fn now(organization: &Organization) -> Moment {
    context(Actor::System, organization.position).at
}

fn until(moment: Moment) -> LoginWindow {
    LoginWindow { until: Some(moment), ..LoginWindow::default() }
}

fn set(user: UserId, window: LoginWindow) -> UserCommand {
    UserCommand::SetLoginWindow(user, Some(window))
}

#[test]
fn a_window_is_set_once_and_taken_away_once() {
    let world = world();
    let (anna, end) = (world.user_id("anna"), now(&world).plus_micros(60_000_000));
    let window = set(anna, until(end));
    let after = given(&world).as_user("mona").when(window.clone());
    let after = after
        .then(&[format!(r#"user.login_window_set anna: login_window - -> {{"until":"{end}"}}"#).as_str()]);
    given(&after).as_user("mona").when(window).then_nothing();
    let gone = UserCommand::SetLoginWindow(anna, None);
    let open = given(&after).as_user("mona").when(gone.clone()).then_names(&["user.login_window_set"]);
    given(&open).as_user("mona").when(gone).then_nothing();
    assert_eq!(open.user(anna).unwrap().login_window, None);
}

#[test]
fn whoever_is_outside_the_window_may_do_nothing_and_is_told_why() {
    let world = world();
    let (mona, begun) = (world.user_id("mona"), now(&world));
    let after = given(&world).as_user("adam").when(set(mona, until(begun))).accepted().after;
    let block = UserCommand::Block(world.user_id("anna"));
    given(&after).as_user("mona").when(block).then_refused(Forbidden::Inactive);
    let who = after.user(mona).unwrap();
    let (targets, facts) = (Targets::default(), Facts::default());
    let ask = |at| {
        let question = Question {
            who,
            permission: "users.block",
            targets: &targets,
            facts: &facts,
            at,
            as_if_active: false,
        };
        explain(&after, &question)
    };
    assert!(ask(begun.plus_micros(-1)).allowed);
    let denied = ask(begun);
    assert!(!denied.allowed);
    let why = denied.reasons.iter().find(|reason| reason.code == Code::NotNow).unwrap();
    assert_eq!(
        (why.source, why.name.as_str(), why.position),
        (Source::LoginWindow, "expired", after.position)
    );
}

#[test]
fn nobody_sets_their_own_window_nor_that_of_their_betters() {
    let world = world();
    let later = until(now(&world).plus_micros(60_000_000));
    let own = set(world.user_id("mona"), later.clone());
    given(&world).as_user("mona").when(own).then_refused(Forbidden::OwnAccess);
    let above = set(world.user_id("adam"), later.clone());
    given(&world).as_user("mona").when(above).then_refused(Forbidden::RankTooLow);
    let anna = set(world.user_id("anna"), later);
    given(&world)
        .as_user("anna")
        .when(anna.clone())
        .then_refused(Forbidden::Permission { permission: "users.block" });
}

#[test]
fn the_last_owner_is_given_no_window_because_it_would_run_out() {
    let world = world();
    let window = set(world.user_id("olga"), until(now(&world).plus_micros(60_000_000)));
    given(&world).as_operator().when(window).then_refused(UserRejection::LastOwner);
}

#[test]
fn a_window_that_says_nothing_or_is_never_open_is_refused_at_its_place() {
    let world = world();
    let anna = world.user_id("anna");
    let at = now(&world);
    let span = |from: &str, until: &str| Span {
        day: "monday".parse().unwrap(),
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
    };
    let hours = |week: Vec<Span>| LoginWindow {
        hours: Some(Hours { time_zone: "UTC".parse().unwrap(), week }),
        ..LoginWindow::default()
    };
    let ended = LoginWindow { from: Some(at), until: Some(at), hours: None };
    for (window, pointer, code) in [
        (LoginWindow::default(), "/login_window", "not_acceptable"),
        (ended, "/login_window/until", "not_acceptable"),
        (hours(vec![]), "/login_window/hours/week", "not_acceptable"),
        (
            hours(vec![span("08:00", "09:00"), span("10:00", "10:00")]),
            "/login_window/hours/week/1/until",
            "not_acceptable",
        ),
        (hours(vec![span("08:00", "09:00"); 51]), "/login_window/hours/week", "too_many"),
    ] {
        given(&world).as_user("adam").when(set(anna, window)).then_invalid(pointer, code);
    }
    given(&world).as_user("adam").when(set(anna, hours(vec![span("08:00", "09:00"); 50]))).accepted();
}

//! Two-factor sign-in.

use crate::agent::command::AgentEdit;
use crate::kernel::context::Actor;
use crate::kernel::id::CredentialId;
use crate::kernel::spec::{World, given, second_factor, world};
use crate::organization::rejection::{Forbidden, Rejection};
use crate::settings::command::SettingsCommand;
use crate::settings::state::{Setting, SettingValue};
use crate::user::command::UserCommand;
use crate::user::rejection::UserRejection;
use uuid::Uuid;

fn id(n: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(n))
}

fn demanding(world: &mut World, word: &str) {
    world.act(SettingsCommand::Set([(Setting::TwoFactor, SettingValue::Word(word.into()))].into()));
}

/// Anna has it.
fn with_two_factors() -> World {
    let mut world = world();
    let anna = world.user_id("anna");
    world.act_by(Actor::User(anna), second_factor(anna, 1));
    world
}

#[test]
fn everybody_sets_it_up_for_themselves_once_and_nobody_for_another() {
    let world = world();
    let anna = world.user_id("anna");
    let set = second_factor(anna, 1);
    let after = given(&world).as_user("anna").when(set.clone()).then(&["user.two_factor_set anna"]);
    assert_eq!(after.user(anna).unwrap().credentials().collect::<Vec<_>>(), [id(1), id(2), id(3)]);
    given(&after).as_user("anna").when(second_factor(anna, 7)).then_refused(UserRejection::TwoFactorSet);
    let needs = || Rejection::from(Forbidden::Permission { permission: "users.password" });
    given(&world).as_user("adam").when(set.clone()).then_refused(needs());
    given(&world).as_operator().when(set.clone()).then_refused(needs());
    given(&world).as_api_key_of("anna").when(set).then_refused(needs());
}

#[test]
fn one_takes_away_ones_own_unless_it_is_demanded_and_who_may_set_passwords_anothers() {
    let mut world = with_two_factors();
    let remove = UserCommand::RemoveTwoFactor(world.user_id("anna"));
    let own = given(&world).as_user("anna").when(remove.clone()).then(&["user.two_factor_removed anna"]);
    given(&own).as_user("anna").when(remove.clone()).then_refused(UserRejection::NoTwoFactor);
    given(&world)
        .as_user("mona")
        .when(remove.clone())
        .then_refused(Forbidden::Permission { permission: "users.password" });
    demanding(&mut world, "required");
    given(&world).as_user("anna").when(remove.clone()).then_refused(UserRejection::TwoFactorDemanded);
    given(&world).as_user("adam").when(remove.clone()).then_names(&["user.two_factor_removed"]);
    given(&world).as_operator().when(remove).then_names(&["user.two_factor_removed"]);
    let olga = world.user_id("olga");
    world.act_by(Actor::User(olga), second_factor(olga, 7));
    let above = UserCommand::RemoveTwoFactor(olga);
    given(&world).as_user("adam").when(above).then_refused(Forbidden::RankTooLow);
}

#[test]
fn a_recovery_code_is_used_once_and_only_by_the_system() {
    let world = with_two_factors();
    let anna = world.user_id("anna");
    let used = UserCommand::UseRecoveryCode(anna, id(2));
    let after = given(&world).as_system().when(used.clone()).then(&["user.recovery_code_used anna"]);
    assert_eq!(after.user(anna).unwrap().two_factor.as_ref().unwrap().recovery_codes, [id(3)]);
    given(&after).as_system().when(used.clone()).then_nothing();
    given(&world).as_system().when(UserCommand::UseRecoveryCode(anna, id(1))).then_nothing();
    for by in ["anna", "olga"] {
        let refused = given(&world).as_user(by).when(used.clone());
        refused.then_refused(Forbidden::Permission { permission: "organization.edit" });
    }
}

#[test]
fn it_is_demanded_of_all_of_agents_or_of_the_others() {
    let mut world = world();
    world.add_agent("anna", AgentEdit::default());
    let demanded = |world: &World| {
        ["anna", "mona"].map(|login| world.demands_two_factor(world.user_by_login(login).unwrap()))
    };
    assert_eq!(demanded(&world), [false, false]);
    for (word, of) in [
        ("required_of_agents", [true, false]),
        ("required_of_users", [false, true]),
        ("required", [true, true]),
        ("optional", [false, false]),
    ] {
        demanding(&mut world, word);
        assert_eq!(demanded(&world), of, "{word}");
    }
    assert_eq!(world.settings.two_factor_since, world.at);
}

#[test]
fn it_goes_with_the_person() {
    let mut world = with_two_factors();
    let anna = world.user_id("anna");
    world.act(UserCommand::Archive(anna));
    world.act(UserCommand::RequestErasure { user: anna, authored: false });
    assert_eq!(world.user(anna).unwrap().two_factor, None);
}

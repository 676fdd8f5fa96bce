//! Named API tokens.

use crate::kernel::id::CredentialId;
use crate::kernel::spec::{given, new_token, world};
use crate::organization::rejection::Forbidden;
use crate::user::command::UserCommand;
use crate::user::rejection::UserRejection;
use crate::user::state::Status;
use uuid::Uuid;

fn id(n: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(n))
}

#[test]
fn a_user_has_any_number_of_tokens_and_each_is_revoked_alone_and_once() {
    let mut world = world();
    let anna = world.user_id("anna");
    let first = given(&world).as_user("adam").when(new_token(anna, 1, "  Night  import "));
    world.organization = first.then(&["user.token_created anna"]);
    world.act(new_token(anna, 2, "CI"));
    let names = |world: &crate::organization::state::Organization| {
        world.tokens_after(None).map(|owned| owned.token.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&world), ["CI", "Night  import"]);
    assert_eq!(world.user(anna).unwrap().credentials().collect::<Vec<_>>(), [id(1), id(2)]);
    let revoke = UserCommand::RevokeToken(anna, id(1));
    let revoked = given(&world).as_user("adam").when(revoke.clone()).then_names(&["user.token_revoked"]);
    assert_eq!(names(&revoked), ["CI"]);
    given(&revoked).as_user("adam").when(revoke).then_nothing();
    // It goes on to be called what it was called.
    assert_eq!(revoked.token_of(anna, id(1)).map(|owned| owned.token.name.as_str()), Some("Night  import"));
    assert!(revoked.token(&id(1).to_string()).is_none());
}

#[test]
fn no_two_tokens_of_the_organization_that_let_in_have_one_name() {
    let mut world = world();
    let (anna, amir) = (world.user_id("anna"), world.user_id("amir"));
    world.act(new_token(anna, 1, "CI"));
    given(&world).as_user("adam").when(new_token(amir, 2, "ci")).then_refused(UserRejection::TokenNameTaken);
    given(&world).as_user("adam").when(new_token(amir, 2, " ")).then_invalid("/name", "empty");
    world.act(UserCommand::RevokeToken(anna, id(1)));
    given(&world).as_user("adam").when(new_token(amir, 2, "ci")).then_names(&["user.token_created"]);
}

#[test]
fn a_token_takes_the_right_to_the_users_api_key_also_for_oneself() {
    let world = world();
    let needs = Forbidden::Permission { permission: "users.api_key" };
    for asker in ["mona", "anna"] {
        given(&world)
            .as_user(asker)
            .when(new_token(world.user_id("anna"), 1, "CI"))
            .then_refused(needs.clone());
    }
    given(&world)
        .as_user("adam")
        .when(new_token(world.user_id("olga"), 1, "CI"))
        .then_refused(Forbidden::RankTooLow);
    given(&world).as_user("adam").when(new_token(world.user_id("adam"), 1, "CI")).accepted();
}

#[test]
fn an_archived_user_gets_none_and_an_erased_users_are_revoked() {
    let mut world = world();
    let anna = world.user_id("anna");
    world.act(new_token(anna, 1, "CI"));
    world.act(UserCommand::Archive(anna));
    let archived = UserRejection::StatusForbids(Status::Archived);
    given(&world).as_user("olga").when(new_token(anna, 2, "More")).then_refused(archived);
    assert!(world.token("CI").is_some());
    world.act(UserCommand::RequestErasure { user: anna, authored: false });
    assert!(world.token("CI").is_none());
    given(&world).as_user("olga").when(new_token(world.user_id("amir"), 2, "CI")).accepted();
}

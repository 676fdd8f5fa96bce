//! What is in the way of a rollback, and how it is resolved: conflicts by keep or force, blockers by skip, another
//! value, or including what is missing.
use crate::replay_world::{World, grants, none, on_both_engines, written};
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::AgentId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_domain::user::state::Status;
use rollbook_replay::rollback::{ApplyError, Resolution, Resolutions, Selection, To};
use serde_json::json;

on_both_engines!(
    a_later_change_is_a_conflict_to_be_kept_or_forced,
    a_later_change_back_to_the_same_value_is_a_conflict_all_the_same,
    a_login_that_was_taken_meanwhile_is_a_blocker,
    a_code_or_alias_that_was_taken_meanwhile_is_given_another_value,
    a_code_and_an_alias_that_changed_places_go_back,
    logins_that_were_swapped_in_a_chain_go_back_in_the_order_that_works,
    an_archived_reference_is_skipped_or_included,
    an_erased_value_is_a_blocker,
);

fn resolve(path: &str, how: Resolution) -> Resolutions {
    Resolutions::from([(path.to_owned(), how)])
}

fn renamed(name: &str) -> ProfileEdit {
    ProfileEdit { name: Some(name.into()), ..ProfileEdit::default() }
}

async fn a_later_change_is_a_conflict_to_be_kept_or_forced(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    let edit = ProfileEdit { description: Some("wrong".into()), ..renamed("Wrong") };
    let batch = world.owner_does(Command::Profile(ProfileCommand::Edit(profile, edit))).await.batch;
    let later =
        world.owner_does(Command::Profile(ProfileCommand::Edit(profile, renamed("Later")))).await.position;
    let selection = Selection::Batch { batch };
    let plan = world.plan(&selection, &none()).await;
    let path = format!("profile:{profile}:name");
    let conflicts = json!([{ "id": path, "later": { "position": later }, "from": "Later", "to": "Desk" }]);
    assert_eq!(serde_json::to_value(&plan.conflicts).unwrap(), conflicts);
    let owner = Actor::User(world.owner);
    let refused = world.apply_as(owner, &plan.id, &selection, &none()).await;
    assert!(matches!(refused, Err(ApplyError::Unresolved(left)) if left.id == plan.id));

    let force = resolve(&path, Resolution::Force);
    let forced = world.plan(&selection, &force).await;
    assert!(forced.is_resolved() && forced.id != plan.id);
    assert_eq!(forced.changes.len(), 2);
    let keep = resolve(&path, Resolution::Keep);
    world.roll_back(&selection, &keep).await;
    let now = world.now().profiles[&profile].clone();
    assert_eq!((now.name.as_str(), now.description.as_str()), ("Later", ""));
    // By now the description has a later event as well: the rollback itself.
    let both = Resolutions::from([
        (path, Resolution::Force),
        (format!("profile:{profile}:description"), Resolution::Keep),
    ]);
    world.roll_back(&selection, &both).await;
    assert_eq!(world.now().profiles[&profile].name, "Desk");
}

async fn a_later_change_back_to_the_same_value_is_a_conflict_all_the_same(world: World) {
    let profile = world.profile("Desk", grants(&[])).await;
    let edit = Command::Profile(ProfileCommand::Edit(profile, renamed("Wrong")));
    let batch = world.owner_does(edit).await.batch;
    world.owner_does(Command::Profile(ProfileCommand::Edit(profile, renamed("Desk")))).await;
    let plan = world.plan(&Selection::Batch { batch }, &none()).await;
    assert_eq!(plan.conflicts.len(), 1);
    assert_eq!((&plan.conflicts[0].from, &plan.conflicts[0].to), (&json!("Desk"), &json!("Desk")));
    assert!(!plan.is_resolved());
}

async fn a_login_that_was_taken_meanwhile_is_a_blocker(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let edit = UserEdit { login: Some("anna".into()), name: Some("Anna".into()), ..UserEdit::default() };
    world.owner_does(Command::User(UserCommand::Edit(ann, edit))).await;
    world.user("ann", "Agent", None).await;
    let selection = Selection::Entity { subject: ann.subject(), to: To::Version(1) };
    let plan = world.plan(&selection, &none()).await;
    let path = format!("user:{ann}:login");
    assert_eq!(plan.blockers.len(), 1);
    assert_eq!((plan.blockers[0].id.as_str(), plan.blockers[0].code), (path.as_str(), "login_taken"));
    assert_eq!((&plan.blockers[0].from, &plan.blockers[0].to), (&json!("anna"), &json!("ann")));
    let owner = Actor::User(world.owner);
    let refused = world.apply_as(owner, &plan.id, &selection, &none()).await;
    assert!(matches!(refused, Err(ApplyError::Unresolved(_))));

    let skip = resolve(&path, Resolution::Skip);
    let skipped = world.plan(&selection, &skip).await;
    assert_eq!((skipped.skipped.as_slice(), skipped.changes.len()), ([path.clone()].as_slice(), 1));
    assert!(skipped.is_resolved());
    let value = resolve(&path, Resolution::Value(json!("ann2")));
    let other = resolve(&path, Resolution::Value(json!("ann3")));
    let with_value = world.plan(&selection, &value).await;
    assert_ne!(with_value.id, world.plan(&selection, &other).await.id);
    assert_eq!(with_value.id, world.plan(&selection, &value).await.id);
    written(world.apply_as(owner, &with_value.id, &selection, &value).await.unwrap());
    let user = world.now().user(ann).unwrap().clone();
    assert_eq!((user.login.text(), user.name.text()), ("ann2", "ann of Acme"));
}

async fn seat(world: &World, code: &str, aliases: &[&str]) -> AgentId {
    let aliases = Some(aliases.iter().map(|alias| (*alias).to_owned()).collect());
    let edit = AgentEdit { code: Some(code.into()), aliases, ..AgentEdit::default() };
    world.owner_does(Command::Agent(AgentCommand::Create(edit))).await;
    world.now().agent_called(code).unwrap().id
}

async fn called(world: &World, agent: AgentId, code: &str, aliases: &[&str]) {
    let aliases = Some(aliases.iter().map(|alias| (*alias).to_owned()).collect());
    let edit = AgentEdit { code: Some(code.into()), aliases, ..AgentEdit::default() };
    world.owner_does(Command::Agent(AgentCommand::Edit(agent, edit))).await;
}

fn names(world: &World, agent: AgentId) -> Vec<String> {
    world.now().agent(agent).unwrap().called().map(str::to_owned).collect()
}

async fn a_code_or_alias_that_was_taken_meanwhile_is_given_another_value(world: World) {
    let agent = seat(&world, "Agent/7", &["ida", "ide"]).await;
    called(&world, agent, "Agent/8", &[]).await;
    seat(&world, "Agent/7", &["ida"]).await;
    let selection = Selection::Entity { subject: agent.subject(), to: To::Version(1) };
    let plan = world.plan(&selection, &none()).await;
    let blockers: Vec<_> = plan.blockers.iter().map(|it| (it.id.clone(), it.code)).collect();
    let path = |field: &str| format!("agent:{agent}:{field}");
    assert_eq!(blockers, [(path("aliases"), "alias_taken"), (path("code"), "code_taken")]);
    let values = Resolutions::from([
        (path("aliases"), Resolution::Value(json!(["ide"]))),
        (path("code"), Resolution::Value(json!("Agent/9"))),
    ]);
    assert_eq!(world.plan(&selection, &values).await.id, world.plan(&selection, &values).await.id);
    world.roll_back(&selection, &values).await;
    assert_eq!(names(&world, agent), ["Agent/9", "ide"]);
}

async fn a_code_and_an_alias_that_changed_places_go_back(world: World) {
    let agent = seat(&world, "Agent/7", &["ida"]).await;
    called(&world, agent, "ida", &["Agent/7"]).await;
    assert_eq!(names(&world, agent), ["ida", "Agent/7"]);
    let selection = Selection::Entity { subject: agent.subject(), to: To::Version(1) };
    world.roll_back(&selection, &none()).await;
    assert_eq!(names(&world, agent), ["Agent/7", "ida"]);
}

async fn logins_that_were_swapped_in_a_chain_go_back_in_the_order_that_works(world: World) {
    let (ann, ben) = (world.user("ann", "Agent", None).await, world.user("ben", "Agent", None).await);
    let login = |user, login: &str| {
        let edit = UserEdit { login: Some(login.into()), ..UserEdit::default() };
        Command::User(UserCommand::Edit(user, edit))
    };
    let chain = Command::Many(vec![login(ann, "cleo"), login(ben, "ann")]);
    let batch = world.owner_does(chain).await.batch;
    let plan = world.plan(&Selection::Batch { batch }, &none()).await;
    assert!(plan.is_resolved(), "{:?}", plan.blockers);
    world.roll_back(&Selection::Batch { batch }, &none()).await;
    let now = world.now();
    assert_eq!((now.user(ann).unwrap().login.text(), now.user(ben).unwrap().login.text()), ("ann", "ben"));
}

async fn an_archived_reference_is_skipped_or_included(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    let ann = world.user("ann", "Agent", Some(profile)).await;
    let group = GroupEdit { name: Some("Night".into()), members: Some(vec![ann]), ..GroupEdit::default() };
    world.owner_does(Command::Group(GroupCommand::Create(group))).await;
    let night = world.group("Night");
    let taken = world.owner_does(Command::User(UserCommand::AssignProfile(ann, None))).await.batch;
    world.owner_does(Command::Profile(ProfileCommand::Archive(profile))).await;
    let empty = GroupEdit { members: Some(Vec::new()), ..GroupEdit::default() };
    let left = world.owner_does(Command::Group(GroupCommand::Edit(night, empty))).await.batch;
    world.owner_does(Command::User(UserCommand::Block(ann))).await;
    world.owner_does(Command::User(UserCommand::Archive(ann))).await;

    // The profile is archived, and so is the user it goes back to: both are brought back as they were.
    let selection = Selection::Batch { batch: taken };
    let path = format!("user:{ann}:profile");
    let plan = world.plan(&selection, &none()).await;
    assert_eq!((plan.blockers[0].id.as_str(), plan.blockers[0].code), (path.as_str(), "status_forbids"));
    assert_eq!(plan.blockers[0].missing, [ann.subject(), profile.subject()]);
    assert!(world.plan(&selection, &resolve(&path, Resolution::Skip)).await.is_resolved());
    let include = resolve(&path, Resolution::Include);
    let plan = world.plan(&selection, &include).await;
    let fields: Vec<_> = plan.changes.iter().map(|change| (change.subject, change.field.as_str())).collect();
    assert_eq!(
        fields,
        [(profile.subject(), "status"), (ann.subject(), "status"), (ann.subject(), "profile")]
    );
    world.roll_back(&selection, &include).await;
    let user = world.now().user(ann).unwrap().clone();
    assert_eq!((user.status.value, user.profile.value), (Status::Blocked, Some(profile)));
    world.roll_back(&Selection::Batch { batch: left }, &none()).await;
    assert!(world.now().user(ann).unwrap().groups.contains(&night));
}

async fn an_erased_value_is_a_blocker(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let edit = UserEdit { name: Some("Anna".into()), ..UserEdit::default() };
    let batch = world.owner_does(Command::User(UserCommand::Edit(ann, edit))).await.batch;
    world.owner_does(Command::User(UserCommand::Archive(ann))).await;
    world.owner_does(Command::User(UserCommand::RequestErasure { user: ann, authored: false })).await;
    let plan = world.plan(&Selection::Batch { batch }, &none()).await;
    let json = serde_json::to_value(&plan.blockers).unwrap();
    assert_eq!((json[0]["code"].as_str(), json[0]["to"].as_str()), (Some("erased"), Some("[erased]")));
    assert_eq!(plan.changes, []);
}

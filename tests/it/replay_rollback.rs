//! Rollback as an administrator meets it: a wrong edit, its preview, its apply, and what stops either.
use crate::replay_world::{World, grants, none, on_both_engines, written};
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::agent::state::Level;
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{GroupId, QueueId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::rejection::{Forbidden, Rejection};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::queue::state::Supervision;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_domain::user::password::NewPassword;
use rollbook_domain::user::state::Status;
use rollbook_ledger::writer::{Answer, Idempotency, Submission, WriteError, Writer};
use rollbook_replay::diff;
use rollbook_replay::history;
use rollbook_replay::rollback::{self, Apply, ApplyError, PlanError, Selection, To};
use serde_json::json;

on_both_engines!(
    a_wrong_edit_of_a_profile_is_previewed_and_undone,
    a_stale_plan_answers_with_the_new_one_and_a_second_apply_does_nothing,
    an_unrelated_change_does_not_make_a_plan_stale,
    what_another_process_changed_meanwhile_does_not_slip_through,
    a_retry_with_the_same_key_is_answered_and_not_carried_out,
    a_rollback_of_a_rollback_is_the_identity,
    undoing_a_creation_archives_and_undoing_that_restores,
    an_archived_user_comes_back_with_groups_and_queues,
    an_archived_queue_comes_back_as_a_part_of_its_whole,
    an_archived_group_or_queue_comes_back_with_its_agents,
    who_may_not_apply_or_may_not_make_a_compensation_is_refused,
    a_plan_shows_nothing_to_whom_may_not_see_it,
    passwords_are_kept_and_listed,
    what_an_actor_did_in_a_window_is_undone_alone,
);

/// What of an organization is the same after going there and back: everything but positions.
fn picture(organization: &Organization) -> Vec<String> {
    let mut subjects: Vec<_> = organization.users.keys().map(|id| id.subject()).collect();
    subjects.extend(organization.profiles.keys().map(|id| id.subject()));
    subjects.extend(organization.roles.keys().map(|id| id.subject()));
    subjects.extend(organization.queues.keys().map(|id| id.subject()));
    subjects.extend(organization.groups.keys().map(|id| id.subject()));
    subjects.extend(organization.agents.keys().map(|id| id.subject()));
    subjects.sort();
    let empty = Organization::empty(organization.id);
    let fields = subjects.into_iter().flat_map(|subject| diff::entity(&empty, organization, subject));
    fields.map(|change| format!("{} = {}", change.path(), change.to)).collect()
}

async fn a_wrong_edit_of_a_profile_is_previewed_and_undone(world: World) {
    let good = grants(&["users.view", "groups.view"]);
    let profile = world.profile("Desk", good.clone()).await;
    let ann = world.user("ann", "Agent", Some(profile)).await;
    world.user("ben", "Agent", None).await;
    world.set_grants(profile, grants(&["users.view", "queues.view"])).await;

    let selection = Selection::Entity { subject: profile.subject(), to: To::Version(1) };
    let plan = world.plan(&selection, &none()).await;
    assert_eq!((plan.conflicts.len(), plan.blockers.len()), (0, 0));
    let json = serde_json::to_value(&plan).unwrap();
    let affected = json!({ "count": 1, "users": [{
        "user": { "id": ann, "login": "ann" },
        "gained": [{ "permission": "groups.view", "scope": "all" }],
        "lost": [{ "permission": "queues.view", "scope": "all" }],
    }] });
    assert_eq!(json["affected"], affected);
    let changes: Vec<_> = plan.changes.iter().map(|it| (it.field.as_str(), it.to.is_null())).collect();
    assert_eq!(changes, [("grants", true), ("grants", false)]);

    let before = world.now().position;
    let owner = Actor::User(world.owner);
    let applied = written(world.apply_as(owner, &plan.id, &selection, &none()).await.unwrap());
    assert_eq!((applied.first_position, applied.position), (before + 1, before + 2));
    assert_eq!(world.now().profiles[&profile].grants.value, good);

    let page = history::page(&world.store, &world.now(), profile.subject(), None, 2).await.unwrap();
    let [newest, older] = page.items.as_slice() else { panic!("two items") };
    assert_eq!((newest.version, older.version), (4, 3));
    assert_eq!(newest.entry.metadata.get("channel"), Some("rollback"));
    assert_eq!(newest.entry.metadata.get("cause"), Some(plan.id.as_str()));
    assert_eq!(newest.entry.batch, older.entry.batch);
    let rest = history::page(&world.store, &world.now(), profile.subject(), page.next, 9).await.unwrap();
    let versions: Vec<_> = rest.items.iter().map(|item| item.version).collect();
    assert_eq!((versions, rest.next), (vec![2, 1], None));
}

async fn a_stale_plan_answers_with_the_new_one_and_a_second_apply_does_nothing(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.set_grants(profile, grants(&["queues.view"])).await;
    let selection = Selection::Entity { subject: profile.subject(), to: To::Version(1) };
    let seen = world.plan(&selection, &none()).await;
    world.set_grants(profile, grants(&["queues.view", "groups.view"])).await;

    let owner = Actor::User(world.owner);
    let stale = world.apply_as(owner, &seen.id, &selection, &none()).await;
    let Err(ApplyError::Stale(new)) = stale else { panic!("{stale:?}") };
    assert_ne!(new.id, seen.id);
    assert_eq!(new.changes.len(), 3);
    world.apply_as(owner, &new.id, &selection, &none()).await.unwrap();
    let position = world.now().position;

    let again = world.apply_as(owner, &new.id, &selection, &none()).await;
    let Err(ApplyError::Stale(nothing)) = again else { panic!("{again:?}") };
    assert_eq!((nothing.changes.len(), nothing.affected.count), (0, 0));
    assert_eq!(world.now().position, position);
}

async fn an_unrelated_change_does_not_make_a_plan_stale(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.set_grants(profile, grants(&["queues.view"])).await;
    let selection = Selection::Entity { subject: profile.subject(), to: To::Version(1) };
    let plan = world.plan(&selection, &none()).await;
    world.user("ann", "Agent", None).await;
    let owner = Actor::User(world.owner);
    world.apply_as(owner, &plan.id, &selection, &none()).await.unwrap();
    assert_eq!(world.now().profiles[&profile].grants.value, grants(&["users.view"]));
}

/// 1. A plan is made.
/// 2. Another process changes the same profile, which this one has not heard of.
/// 3. The plan is applied here, where it still is the same: only the writer can notice.
async fn what_another_process_changed_meanwhile_does_not_slip_through(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.set_grants(profile, grants(&["queues.view"])).await;
    let selection = Selection::Entity { subject: profile.subject(), to: To::Version(1) };
    let plan = world.plan(&selection, &none()).await;
    let other = Writer::start(world.store.clone(), world.clock.clone(), world.now().id, 0).await.unwrap();
    let edit = ProfileEdit { grants: Some(grants(&["groups.view"])), ..ProfileEdit::default() };
    let submission = Submission {
        context: world.context(Actor::User(world.owner)),
        command: Command::Profile(ProfileCommand::Edit(profile, edit)),
        idempotency: None,
        credentials: Vec::new(),
        only_at: None,
    };
    other.submit(submission).await.unwrap();
    let known = world.now().position;
    assert_eq!(world.plan(&selection, &none()).await.id, plan.id);

    let owner = Actor::User(world.owner);
    let stale = world.apply_as(owner, &plan.id, &selection, &none()).await;
    assert!(matches!(&stale, Err(ApplyError::Stale(new)) if new.position > known), "{stale:?}");
    assert_eq!(world.now().profiles[&profile].grants.value, grants(&["groups.view"]));
}

async fn a_retry_with_the_same_key_is_answered_and_not_carried_out(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.set_grants(profile, grants(&["queues.view"])).await;
    let selection = Selection::Entity { subject: profile.subject(), to: To::Version(1) };
    let plan = world.plan(&selection, &none()).await.id;
    let key = Idempotency {
        actor: world.owner.to_string(),
        key: "k".into(),
        digest: [7; 32],
        status: 201,
        headers: Default::default(),
    };
    let apply = Apply { plan, selection, resolve: none(), idempotency: Some(key) };
    let owner = Actor::User(world.owner);
    let (first, second) = (world.context(owner), world.context(owner));
    let done = rollback::apply(&world.store, &world.writer, &first, &apply).await.unwrap();
    let again = rollback::apply(&world.store, &world.writer, &second, &apply).await.unwrap();
    assert_eq!(done.id, again.id);
    let Answer::Replayed(remembered) = again.answer else { panic!("carried out twice") };
    assert_eq!(remembered.0.last_position, world.now().position);
}

async fn a_rollback_of_a_rollback_is_the_identity(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    let ann = world.user("ann", "Agent", Some(profile)).await;
    let edit = UserEdit { login: Some("anna".into()), ..UserEdit::default() };
    let batch = world
        .owner_does(Command::Many(vec![
            Command::User(UserCommand::Edit(ann, edit)),
            Command::User(UserCommand::AssignProfile(ann, None)),
            Command::User(UserCommand::AssignRole(ann, world.role("Supervisor"))),
            Command::Profile(ProfileCommand::Edit(
                profile,
                ProfileEdit { name: Some("Front desk".into()), ..ProfileEdit::default() },
            )),
        ]))
        .await
        .batch;
    let changed = picture(&world.now());
    let undone = world.roll_back(&Selection::Batch { batch }, &none()).await;
    assert_eq!(world.now().user(ann).unwrap().login.text(), "ann");
    assert_ne!(picture(&world.now()), changed);
    world.roll_back(&Selection::Batch { batch: undone.batch }, &none()).await;
    assert_eq!(picture(&world.now()), changed);
}

async fn undoing_a_creation_archives_and_undoing_that_restores(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let created = world.now();
    let selection = Selection::Entity { subject: ann.subject(), to: To::Version(0) };
    let plan = world.plan(&selection, &none()).await;
    assert_eq!(plan.affected.count, 1);
    assert!(plan.affected.users[0].gained.is_empty() && !plan.affected.users[0].lost.is_empty());
    let undone = world.roll_back(&selection, &none()).await;
    assert_eq!(undone.events.len(), 1);
    assert_eq!(world.now().user(ann).unwrap().status.value, Status::Archived);
    world.roll_back(&Selection::Batch { batch: undone.batch }, &none()).await;
    assert_eq!(picture(&world.now()), picture(&created));
}

async fn on_call(world: &World, ann: UserId) -> (GroupId, QueueId) {
    let edit = GroupEdit { name: Some("Night".into()), members: Some(vec![ann]), ..GroupEdit::default() };
    world.owner_does(Command::Group(GroupCommand::Create(edit))).await;
    let edit = QueueEdit {
        name: Some("Sales".into()),
        agents: Some(vec![ann]),
        supervisors: Some([(ann, Supervision::Editor)].into()),
        ..QueueEdit::default()
    };
    world.owner_does(Command::Queue(QueueCommand::Create(edit))).await;
    (world.group("Night"), world.queue("Sales"))
}

async fn an_archived_user_comes_back_with_groups_and_queues(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let (group, queue) = on_call(&world, ann).await;
    let before = world.now();
    let archived = world.owner_does(Command::User(UserCommand::Archive(ann))).await;
    assert_eq!(archived.events.len(), 4);
    let version = before.user(ann).unwrap().record.version;
    let position = before.position;
    for (selection, events) in [
        (Selection::Batch { batch: archived.batch }, 4),
        (Selection::Entity { subject: ann.subject(), to: To::Position(position) }, 4),
        // Places taken after the user's last own event are not part of that version.
        (Selection::Entity { subject: ann.subject(), to: To::Version(version) }, 1),
    ] {
        let plan = world.plan(&selection, &none()).await;
        assert!(plan.is_resolved(), "{plan:?}");
        assert_eq!(plan.changes.len(), events, "{selection:?}");
        assert_eq!(plan.changes[0].field, "status");
    }
    let selection = Selection::Entity { subject: ann.subject(), to: To::Position(position) };
    world.roll_back(&selection, &none()).await;
    assert_eq!(picture(&world.now()), picture(&before));
    let user = world.now().user(ann).unwrap().clone();
    assert!(user.groups.contains(&group) && user.posts.get(&queue).unwrap().serves);
    assert_eq!(user.posts.get(&queue).unwrap().supervises, Some(Supervision::Editor));
}

async fn an_archived_queue_comes_back_as_a_part_of_its_whole(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let (_, part) = on_call(&world, ann).await;
    let edit = QueueEdit { name: Some("All".into()), parts: Some(vec![part]), ..QueueEdit::default() };
    world.owner_does(Command::Queue(QueueCommand::Create(edit))).await;
    let before = world.now();
    world.owner_does(Command::Queue(QueueCommand::Archive(part))).await;
    assert!(world.now().queues[&world.queue("All")].parts.is_empty());
    let to = To::Position(before.position);
    world.roll_back(&Selection::Entity { subject: part.subject(), to }, &none()).await;
    assert_eq!(picture(&world.now()), picture(&before));
}

async fn an_archived_group_or_queue_comes_back_with_its_agents(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let (group, queue) = on_call(&world, ann).await;
    let seat = AgentEdit {
        code: Some("Agent/7".into()),
        group: Some(Some(group)),
        supervisor: Some(Some(ann)),
        queues: Some([(queue, Level::Spill)].into()),
        ..AgentEdit::default()
    };
    world.owner_does(Command::Agent(AgentCommand::Create(seat))).await;
    let before = world.now();
    for (command, subject) in [
        (Command::Group(GroupCommand::Archive(group)), group.subject()),
        (Command::Queue(QueueCommand::Archive(queue)), queue.subject()),
        (Command::User(UserCommand::Archive(ann)), ann.subject()),
    ] {
        world.owner_does(command).await;
        assert_ne!(picture(&world.now()), picture(&before));
        let to = To::Position(before.position);
        world.roll_back(&Selection::Entity { subject, to }, &none()).await;
        assert_eq!(picture(&world.now()), picture(&before), "{subject}");
    }
    // Who moved it since is told, even where the move names the group no more.
    world.owner_does(Command::Group(GroupCommand::Archive(group))).await;
    let agent = before.agent_called("Agent/7").unwrap().id;
    let name = Some("Day".to_owned());
    world.owner_does(Command::Group(GroupCommand::Create(GroupEdit { name, ..GroupEdit::default() }))).await;
    let moved = AgentEdit { group: Some(Some(world.group("Day"))), ..AgentEdit::default() };
    let moved = world.owner_does(Command::Agent(AgentCommand::Edit(agent, moved))).await.position;
    let to = To::Position(before.position);
    let plan = world.plan(&Selection::Entity { subject: group.subject(), to }, &none()).await;
    let conflict = plan.conflicts.first().unwrap();
    assert_eq!(conflict.id, format!("agent:{agent}:group"));
    assert_eq!(serde_json::to_value(conflict).unwrap()["later"]["position"], json!(moved));
}

async fn who_may_not_apply_or_may_not_make_a_compensation_is_refused(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.set_grants(profile, grants(&["queues.view"])).await;
    let auditor = Actor::User(world.user("aud", "Auditor", None).await);
    let selection = Selection::Entity { subject: profile.subject(), to: To::Version(1) };
    let plan = world.plan_as(auditor, &selection, &none()).await.unwrap();
    assert_eq!(plan.id, world.plan(&selection, &none()).await.id);
    let refused = world.apply_as(auditor, &plan.id, &selection, &none()).await;
    let missing = Rejection::Forbidden(Forbidden::Permission { permission: "rollback.apply" });
    assert!(matches!(&refused, Err(ApplyError::Write(WriteError::Rejected(it))) if *it == missing));

    // An administrator may apply, but not demote an owner: the owner's rank is above theirs.
    let olaf = world.user("olaf", "Agent", None).await;
    let raised = Command::User(UserCommand::AssignRole(olaf, world.role("Owner")));
    let batch = world.owner_does(raised).await.batch;
    let admin = Actor::User(world.user("adam", "Administrator", None).await);
    let selection = Selection::Batch { batch };
    let plan = world.plan_as(admin, &selection, &none()).await.unwrap();
    let blockers: Vec<_> = plan.blockers.iter().map(|it| (it.id.clone(), it.code)).collect();
    assert_eq!(blockers, [(format!("user:{olaf}:role"), "rank_too_low")]);
    assert_eq!(plan.changes.len(), 1);
    let refused = world.apply_as(admin, &plan.id, &selection, &none()).await;
    let rank = Rejection::Forbidden(Forbidden::RankTooLow);
    assert!(matches!(&refused, Err(ApplyError::Write(WriteError::Rejected(it))) if *it == rank));
    assert_eq!(world.now().user(olaf).unwrap().role.value, world.role("Owner"));
}

async fn a_plan_shows_nothing_to_whom_may_not_see_it(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.set_grants(profile, grants(&["queues.view"])).await;
    let agent = Actor::User(world.user("ann", "Agent", None).await);
    let selection = Selection::Entity { subject: profile.subject(), to: To::Version(1) };
    let refused = world.plan_as(agent, &selection, &none()).await;
    let missing = Rejection::Forbidden(Forbidden::Permission { permission: "rollback.plan" });
    assert!(matches!(&refused, Err(PlanError::Rejected(it)) if *it == missing));
    for (to, is_right) in [(To::Version(9), 0), (To::Position(999), 1)] {
        let selection = Selection::Entity { subject: profile.subject(), to };
        let refused = world.plan_as(Actor::User(world.owner), &selection, &none()).await;
        match refused {
            Err(PlanError::NoSuchVersion) => assert_eq!(is_right, 0),
            Err(PlanError::AtInFuture) => assert_eq!(is_right, 1),
            other => panic!("{other:?}"),
        }
    }
}

async fn passwords_are_kept_and_listed(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let credential = rollbook_domain::kernel::id::CredentialId(uuid::Uuid::from_u128(99));
    world.owner_does(Command::User(UserCommand::SetPassword(ann, NewPassword::unknown(credential)))).await;
    let at = world.now().position;
    let edit = UserEdit { name: Some("Ann Other".into()), ..UserEdit::default() };
    world.owner_does(Command::User(UserCommand::Edit(ann, edit))).await;
    let selection = Selection::Entity { subject: ann.subject(), to: To::Version(1) };
    let plan = world.plan(&selection, &none()).await;
    let kept: Vec<_> = plan.kept.iter().map(|it| (it.position, it.event_type)).collect();
    assert_eq!(kept, [(at, "user.password_set")]);
    world.roll_back(&selection, &none()).await;
    let user = world.now().user(ann).unwrap().clone();
    assert_eq!(user.name.text(), "ann of Acme");
    assert_eq!(user.credentials().collect::<Vec<_>>(), [credential]);
}

async fn what_an_actor_did_in_a_window_is_undone_alone(world: World) {
    let (ann, ben) = (world.user("ann", "Agent", None).await, world.user("ben", "Agent", None).await);
    let admin = Actor::User(world.user("adam", "Administrator", None).await);
    let from = world.clock.now().plus_micros(1);
    world.submit(admin, Command::User(UserCommand::Block(ann))).await.unwrap();
    world.owner_does(Command::User(UserCommand::Block(ben))).await;
    let until = world.clock.now();
    let selection = Selection::Actor { actor: admin.to_string(), from, until };
    let undone = world.roll_back(&selection, &none()).await;
    assert_eq!(undone.events.len(), 1);
    let status = |id| world.now().user(id).unwrap().status.value;
    assert_eq!((status(ann), status(ben)), (Status::Active, Status::Blocked));
}

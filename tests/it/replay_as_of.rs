//! As-of and difference: what was true at a position or a moment, and what has changed since.
use crate::replay_world::{START, World, grants, on_both_engines};
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{OrganizationId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::snapshot::SHAPE;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_ledger::codec;
use rollbook_ledger::store::Snapshot;
use rollbook_ledger::writer::ledger_of;
use rollbook_replay::as_of::{AsOfError, At, as_of, load_at, position};
use rollbook_replay::diff;
use rollbook_replay::diff::affected::everybody;
use sha2::Digest as _;
use uuid::Uuid;

on_both_engines!(
    at_every_position_the_organization_is_the_fold,
    a_moment_picks_whole_batches,
    what_has_not_come_or_was_not_yet_there_is_told_apart,
    what_was_erased_since_stays_erased,
    whatever_snapshots_there_are_the_past_is_the_fold_from_the_first_entry,
    the_nearest_snapshot_is_used,
    a_snapshot_that_does_not_fit_is_not_used,
    the_past_stays_the_past_while_others_append,
    two_positions_differ_by_what_happened_between,
);

async fn at_every_position_the_organization_is_the_fold(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.user("ann", "Agent", Some(profile)).await;
    let now = world.now();
    let mut fold = Organization::empty(now.id);
    assert_eq!(world.at(0).await.position, 0);
    for row in world.store.read(&ledger_of(now.id), 1, now.position, 1_000).await.unwrap() {
        let entry = codec::decode(row).unwrap();
        fold.apply(entry.by, entry.at, &entry.event);
        let then = world.at(entry.position).await;
        assert_eq!((then.position, then.at), (fold.position, fold.at));
        assert_eq!(then.users, fold.users);
        assert_eq!(then.roles, fold.roles);
        assert_eq!(then.profiles, fold.profiles);
        assert_eq!(then.keys, fold.keys);
    }
    assert_eq!(fold.users, now.users);
}

async fn a_moment_picks_whole_batches(world: World) {
    let now = world.now();
    let founded = now.position;
    assert!(founded > 3);
    world.user("ann", "Agent", None).await;
    let now = world.now();
    let at = |moment: Moment| {
        let (store, now, clock) = (world.store.clone(), now.clone(), world.clock.now());
        async move { position(&store, &now, clock, At::Moment(moment)).await }
    };
    let first = world.at(1).await.at;
    assert_eq!(at(first.plus_micros(-1)).await.unwrap(), 0);
    assert_eq!(at(first).await.unwrap(), founded);
    assert_eq!(at(now.at.plus_micros(-1)).await.unwrap(), founded);
    assert_eq!(at(now.at).await.unwrap(), founded + 1);
    let then = as_of(&world.store, &now, world.clock.now(), At::Moment(first.plus_micros(5))).await.unwrap();
    assert_eq!((then.organization.position, then.at), (founded, first.plus_micros(5)));
}

async fn what_has_not_come_or_was_not_yet_there_is_told_apart(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let now = world.now();
    for at in [At::Position(now.position + 1), At::Moment(world.clock.now().plus_micros(1))] {
        let refused = as_of(&world.store, &now, world.clock.now(), at).await;
        assert!(matches!(refused, Err(AsOfError::AtInFuture)), "{at}");
    }
    let then = as_of(&world.store, &now, world.clock.now(), At::Position(now.position - 1)).await.unwrap();
    assert!(matches!(then.with(ann.subject()), Err(AsOfError::NotThere)));
    let then = as_of(&world.store, &now, world.clock.now(), At::Position(now.position)).await.unwrap();
    assert!(then.with(ann.subject()).is_ok());
    assert!(START < now.at);
}

async fn what_was_erased_since_stays_erased(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let there = world.now().position;
    let name =
        |organization: &Organization, id: UserId| organization.user(id).unwrap().name.text().to_owned();
    assert_eq!(name(&world.at(there).await, ann), "ann of Acme");
    world.owner_does(Command::User(UserCommand::Archive(ann))).await;
    world.owner_does(Command::User(UserCommand::RequestErasure { user: ann, authored: true })).await;
    // Asked for but not carried out yet; and afterwards.
    assert_eq!(name(&world.at(there).await, ann), "[erased]");
    world.store.delete_personal(&ledger_of(world.now().id), &ann.to_string()).await.unwrap();
    assert_eq!(name(&world.at(there).await, ann), "[erased]");
    assert_eq!(world.at(there).await.user(world.owner).unwrap().name.text(), "Olga Owner");
}

fn fingerprint() -> String {
    format!("{SHAPE}/tree-1")
}

async fn kept(world: &World) -> Snapshot {
    world.writer.keep_snapshot().await;
    let found = world.store.snapshot_at(&ledger_of(world.now().id), &fingerprint(), u64::MAX).await;
    found.unwrap().unwrap()
}

/// Leaves just these, which are in order of position.
async fn leave(world: &World, snapshots: &[&Snapshot]) {
    let ledger = ledger_of(world.now().id);
    world.store.delete_snapshots(&ledger).await.unwrap();
    for snapshot in snapshots {
        assert!(world.store.put_snapshot(&ledger, snapshot).await.unwrap());
    }
}

/// A user is made, renamed, given another role, put away, or erased; with the values gone or not yet.
async fn something(world: &World, users: &mut Vec<UserId>, nth: u64, dice: u64) {
    if (dice / 4096).is_multiple_of(3) {
        return with_an_agent(world, nth, dice).await;
    }
    if users.is_empty() || dice.is_multiple_of(4) {
        return users.push(world.user(&format!("user{nth}"), "Agent", None).await);
    }
    let user = users[(dice / 64) as usize % users.len()];
    let name = UserEdit { name: Some(format!("Name {nth}")), ..UserEdit::default() };
    let commands = match dice / 4 % 8 {
        0 | 1 => vec![UserCommand::AssignRole(user, world.role("Supervisor"))],
        2 => vec![
            UserCommand::Archive(user),
            UserCommand::RequestErasure { user, authored: dice.is_multiple_of(3) },
        ],
        _ => vec![UserCommand::Edit(user, name)],
    };
    for command in commands {
        // What is refused, say because the user was erased before, changes nothing.
        let _refused = world.submit(Actor::User(world.owner), Command::User(command)).await;
    }
    if (dice / 32).is_multiple_of(2) && world.now().user(user).unwrap().erased {
        world.store.delete_personal(&ledger_of(world.now().id), &user.to_string()).await.unwrap();
    }
}

/// The same of an agent.
async fn with_an_agent(world: &World, nth: u64, dice: u64) {
    let agents: Vec<_> = world.now().agents.keys().copied().collect();
    let edit = AgentEdit {
        description: Some(format!("Seat {nth}")),
        aliases: Some(vec![format!("alias{nth}")]),
        ..AgentEdit::default()
    };
    if agents.is_empty() || dice.is_multiple_of(4) {
        let new = AgentCommand::Create(AgentEdit { code: Some(format!("Agent/{nth}")), ..edit });
        world.owner_does(Command::Agent(new)).await;
        return;
    }
    let agent = agents[(dice / 64) as usize % agents.len()];
    let commands = match dice / 4 % 4 {
        0 => vec![AgentCommand::Archive(agent), AgentCommand::RequestErasure(agent)],
        1 => vec![AgentCommand::Archive(agent)],
        _ => vec![AgentCommand::Edit(agent, edit)],
    };
    for command in commands {
        let _refused = world.submit(Actor::User(world.owner), Command::Agent(command)).await;
    }
    if (dice / 32).is_multiple_of(2) && world.now().agent(agent).unwrap().is_erased() {
        world.store.delete_personal(&ledger_of(world.now().id), &agent.to_string()).await.unwrap();
    }
}

async fn both_ways_of_reading_are_one(world: &World) {
    let (ledger, last) = (ledger_of(world.now().id), world.now().position);
    let mut checked = world.store.stream_checked(&ledger, 1, last);
    let (mut seen, mut missing) = (0, 0);
    while let Some(rows) = checked.next().await.unwrap() {
        let stored = world.store.read(&ledger, rows[0].position, last, rows.len() as u32).await.unwrap();
        for (row, stored) in rows.iter().zip(stored) {
            assert_eq!(row.leaf, stored.leaf);
            let (short, long) = (codec::happened(row).unwrap(), codec::decode(stored).unwrap());
            assert_eq!((short.position, short.at, short.event), (long.position, long.at, long.event));
            assert_eq!(short.missing, long.missing);
            (seen, missing) = (seen + 1, missing + short.missing.len());
        }
    }
    assert_eq!(seen, last);
    assert!(missing > 0);
}

async fn whatever_snapshots_there_are_the_past_is_the_fold_from_the_first_entry(world: World) {
    let mut dice = std::iter::successors(Some(0x9E37_79B9_7F4A_7C15_u64), |last| {
        let mixed = last ^ (last << 13);
        let mixed = mixed ^ (mixed >> 7);
        Some(mixed ^ (mixed << 17))
    });
    let mut roll = || dice.next().unwrap() >> 11;
    let (mut users, mut snapshots) = (Vec::new(), Vec::new());
    for nth in 0..90 {
        something(&world, &mut users, nth, roll()).await;
        if roll() % 4 == 0 {
            let snapshot = kept(&world).await;
            if snapshots.last().is_none_or(|last: &Snapshot| last.position < snapshot.position) {
                snapshots.push(snapshot);
            }
        }
    }
    world.writer.keep_snapshot().await;
    let erased = world.now().users.values().filter(|user| user.erased).count();
    let seats = world.now().agents.values().filter(|agent| agent.is_erased()).count();
    let made = format!("{erased} users and {seats} agents erased, {} snapshots", snapshots.len());
    assert!(erased > 1 && seats > 1 && snapshots.len() > 5, "{made}");
    both_ways_of_reading_are_one(&world).await;
    leave(&world, &[]).await;
    let mut folds = Vec::new();
    for position in 0..=world.now().position {
        folds.push(world.at(position).await.to_snapshot());
    }
    for _ in 0..12 {
        let some: Vec<&Snapshot> = snapshots.iter().filter(|_| roll() % 3 == 0).collect();
        leave(&world, &some).await;
        for (position, fold) in folds.iter().enumerate() {
            assert_eq!(&world.at(position as u64).await.to_snapshot(), fold, "at {position}");
        }
    }
}

async fn the_nearest_snapshot_is_used(world: World) {
    world.user("ann", "Agent", None).await;
    let first = kept(&world).await;
    let between = world.user("bob", "Agent", None).await;
    let there = world.now().position;
    world.user("eve", "Agent", None).await;
    let second = kept(&world).await;
    world.user("joe", "Agent", None).await;
    leave(&world, &[&first, &second]).await;
    let (then, later) = (world.at(there).await, world.at(second.position).await);
    // A fold from the beginning stumbles over this row.
    let spoil = "UPDATE events SET actor = 'somebody' WHERE sequence = 2";
    world.tamper(spoil, spoil).await;
    assert_eq!(world.at(there).await.to_snapshot(), then.to_snapshot());
    assert!(world.at(there).await.user(between).is_some());
    assert_eq!(world.at(second.position).await.to_snapshot(), later.to_snapshot());
    assert!(load_at(&world.store, &world.now(), first.position - 1).await.is_err());
}

async fn a_snapshot_that_does_not_fit_is_not_used(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let good = kept(&world).await;
    let edit = UserEdit { name: Some("Ann Other".into()), ..UserEdit::default() };
    world.owner_does(Command::User(UserCommand::Edit(ann, edit))).await;
    let there = world.now().position;
    world.user("bob", "Agent", None).await;
    leave(&world, &[]).await;
    let then = world.at(there).await.to_snapshot();
    let digest = |state: &[u8]| <[u8; 32]>::from(sha2::Sha256::digest(state));
    let with = |state: Vec<u8>| Snapshot { digest: digest(&state), state, ..good.clone() };
    let mut damaged = good.clone();
    damaged.state[200] ^= 1;
    let half = with(good.state[..good.state.len() / 2].to_vec());
    let no_frontier = with([&[0; 4], &good.state[4..]].concat());
    let elsewhere = Snapshot { position: good.position + 1, ..good.clone() };
    // The state of another organization, and one of this one that ends at another time: another history.
    let frontier = 4 + u32::from_be_bytes(good.state[..4].try_into().unwrap()) as usize;
    let state = |organization: &Organization| [&good.state[..frontier], &organization.to_snapshot()].concat();
    let mine = world.at(good.position).await;
    let mut other = mine.clone();
    other.id = OrganizationId(Uuid::from_u128(0xb));
    let foreign = with(state(&other));
    let mut other = mine;
    other.at = other.at.plus_micros(1);
    other.name = "Elsewhere".into();
    let other_history = with(state(&other));
    let empty = with(Vec::new());
    for spoiled in [damaged, half, no_frontier, elsewhere, foreign, other_history, empty] {
        leave(&world, &[&spoiled]).await;
        assert_eq!(world.at(there).await.to_snapshot(), then);
    }
    // Ahead of what is asked for, and of the head.
    let ahead = Snapshot { position: there + 100, ..good.clone() };
    leave(&world, &[&good, &ahead]).await;
    assert_eq!(world.at(there).await.to_snapshot(), then);
}

async fn the_past_stays_the_past_while_others_append(world: World) {
    world.user("ann", "Agent", None).await;
    let there = kept(&world).await.position;
    let then = world.at(there).await.to_snapshot();
    let ask = async {
        for _ in 0..40 {
            let behind = world.now();
            assert_eq!(load_at(&world.store, &behind, there).await.unwrap().to_snapshot(), then);
            let at = load_at(&world.store, &behind, behind.position - 1).await.unwrap();
            assert_eq!(at.position, behind.position - 1);
        }
    };
    let append = async {
        for nth in 0..40 {
            world.user(&format!("user{nth}"), "Agent", None).await;
            world.writer.keep_snapshot().await;
        }
    };
    tokio::join!(ask, append);
}

async fn two_positions_differ_by_what_happened_between(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    let ann = world.user("ann", "Agent", Some(profile)).await;
    let before = world.now();
    let edit = UserEdit { name: Some("Ann Other".into()), ..UserEdit::default() };
    world.owner_does(Command::User(UserCommand::Edit(ann, edit))).await;
    world.set_grants(profile, grants(&["groups.view"])).await;
    let (old, new) = (world.at(before.position).await, world.now());
    let changes = diff::entity(&old, &new, ann.subject());
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].from.as_str(), changes[0].to.as_str()), (Some("ann of Acme"), Some("Ann Other")));
    assert_eq!(diff::entity(&old, &new, profile.subject()).len(), 2);
    let delta = diff::access::of_user(&old, &new, ann);
    assert_eq!((delta.gained.len(), delta.lost.len()), (1, 1));
    let all = everybody(&old, &new);
    assert_eq!((all.count, all.users[0].user.id), (1, ann));
    assert_eq!(everybody(&old, &old).count, 0);
    assert_eq!(diff::entity(&world.at(0).await, &old, ann.subject()).len(), 7);
}

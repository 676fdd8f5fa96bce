//! Whoever may not grant anything cannot, by any command, give more than they hold: over random organizations.

use super::random::{self, Dice, PERMISSIONS};
use crate::agent::event::AgentEvent;
use crate::event::Event;
use crate::kernel::context::Actor;
use crate::kernel::id::{AgentId, Kind, ObjectId, QueueId, Subject, UserId};
use crate::kernel::spec;
use crate::object::event::ObjectEvent;
use crate::object::state::Object;
use crate::organization::command::Command;
use crate::organization::decide::decide;
use crate::organization::state::Organization;
use crate::permission::cover;
use crate::permission::facts::{Facts, Target, Targets};
use crate::permission::grant::{Grant, Scope};
use crate::permission::keyring::{Holding, holding};
use crate::permission::resolve::{Question, allowed};
use crate::permission::source::held;
use crate::queue::event::QueueEvent;
use crate::user::state::{Status, User};
use proptest::prelude::*;

/// What happened, for a failure's message.
fn told(after: &Organization, events: &[Event]) -> Vec<String> {
    events.iter().map(|event| spec::told(after, event)).collect()
}

fn may(organization: &Organization, who: &User, permission: &str, over: &(Targets, Facts)) -> bool {
    let (targets, facts) = over;
    let at = organization.at;
    allowed(organization, &Question { who, permission, targets, facts, at, as_if_active: true })
}

/// Everything there was before that this permission can be about, left out oneself and the actor: `managed` does
/// not reach oneself, so a supervisor who lets another one in gives reach over themselves that they have not.
fn targets(before: &Organization, permission: &str, who: UserId, actor: UserId) -> Vec<(Targets, Facts)> {
    let kinds = before.catalog.permission(permission).map(|it| it.targets.as_slice()).unwrap_or_default();
    let others = before.users.keys().copied().filter(|id| *id != who && *id != actor);
    match kinds {
        [Kind::User] => others.map(|id| (Targets::of(id.subject()), Facts::default())).collect(),
        [Kind::Conversation] => others
            .map(|id| (Targets::of(Target::Conversation), Facts { agent: Some(id), ..Facts::default() }))
            .collect(),
        [Kind::Group] => {
            before.groups.keys().map(|id| (Targets::of(id.subject()), Facts::default())).collect()
        }
        [Kind::Queue] => {
            before.queues.keys().map(|id| (Targets::of(id.subject()), Facts::default())).collect()
        }
        [Kind::Agent] => {
            before.agents.keys().map(|id| (Targets::of(id.subject()), Facts::default())).collect()
        }
        [Kind::Object] => {
            before.objects.keys().map(|id| (Targets::of(id.subject()), Facts::default())).collect()
        }
        [Kind::Organization] => vec![(Targets::of(before.id.subject()), Facts::default())],
        _ => Vec::new(),
    }
}

/// The first permission over a target that anybody has now, had not, and the actor had not either.
fn gained(before: &Organization, after: &Organization, actor: &User) -> Option<String> {
    after.users.values().find_map(|who| {
        PERMISSIONS.iter().find_map(|permission| {
            targets(before, permission, who.id, actor.id).into_iter().find_map(|over| {
                let had = before.user(who.id).is_some_and(|who| may(before, who, permission, &over));
                let new = !had && may(after, who, permission, &over);
                let giver = new && may(before, actor, permission, &over);
                // A permission from one and a key of one's own open a lock together.
                (new && !giver && !is_locked_to(before, actor, &over.0))
                    .then(|| format!("{} may now {permission} {over:?}", who.login.text()))
            })
        })
    })
}

/// Whether the target is a queue, agent or object that is locked with a key which the actor lacks.
fn is_locked_to(organization: &Organization, actor: &User, targets: &Targets) -> bool {
    let Some(Target::Entity(Subject { kind, id })) = targets.subject else { return false };
    let queue = organization.queues.get(&QueueId(id)).filter(|_| kind == Kind::Queue);
    let agent = organization.agent(AgentId(id)).filter(|_| kind == Kind::Agent);
    let object = organization.object(ObjectId(id)).filter(|_| kind == Kind::Object);
    let of_place = queue.map(|it| it.visibility_key.value).or(agent.map(|it| it.visibility_key.value));
    let of_object = object.into_iter().flat_map(Object::keys);
    let mut locks = of_place.flatten().into_iter().chain(of_object);
    locks.any(|key| !matches!(holding(organization, actor, key), Holding::Held(_)))
}

/// The first grant that anybody holds now, held not, and the actor held not as wide.
fn newly_held(before: &Organization, after: &Organization, actor: &User) -> Option<String> {
    after.users.values().find_map(|who| {
        let was: Vec<_> = before.user(who.id).into_iter().flat_map(|who| held(before, who)).collect();
        let was: Vec<_> = was.iter().map(|held| held.grant).collect();
        let is: Vec<_> = held(after, who).map(|held| held.grant).collect();
        let new = cover::gained(&was, &is);
        let beyond = new.into_iter().find(|grant| !holds_as_wide(before, actor, grant));
        beyond.map(|grant| format!("{} now holds {grant:?}", who.login.text()))
    })
}

/// By the same word or `all`, or by outranking where a grant reaches users alone.
fn holds_as_wide(before: &Organization, actor: &User, grant: &Grant) -> bool {
    let holds = |grant: &Grant| cover::missing(before, actor, std::slice::from_ref(grant)).is_none();
    let permission = before.catalog.permission(&grant.permission).unwrap();
    let by_rank = permission.targets.iter().all(|kind| *kind == Kind::User) && grant.scope != Scope::All;
    holds(grant) || (by_rank && holds(&Grant { scope: Scope::Lower, ..grant.clone() }))
}

/// The first key that anybody gained and the actor had not, or restriction that was lifted and the actor is under.
fn keys_moved(before: &Organization, after: &Organization, actor: &User) -> Option<String> {
    let has = |organization: &Organization, user: Option<&User>, key| {
        user.is_some_and(|user| matches!(holding(organization, user, key), Holding::Held(_)))
    };
    after.users.values().find_map(|who| {
        after.keys.values().find_map(|key| {
            let was = has(before, before.user(who.id), key.id);
            let is = has(after, Some(who), key.id);
            let givers = has(before, Some(actor), key.id);
            let by_masterkey = actor.masterkey.value && cover::key_to_grant_any(before) != Some(key.id);
            let given = !key.restricts && is && !was && !givers && !by_masterkey;
            // Whoever is archived comes back only once the role does.
            let is_there = who.status.value != Status::Archived;
            let lifted = key.restricts && was && !is && givers && is_there;
            (given || lifted).then(|| format!("{} {}", who.login.text(), key.name))
        })
    })
}

/// A lock gives its key, which they who take it away hold, to those who may do what they themselves need not.
fn lifts_a_lock(event: &Event) -> bool {
    matches!(
        event,
        Event::Queue(QueueEvent::VisibilityKeySet { from: Some(_), .. })
            | Event::Agent(AgentEvent::VisibilityKeySet { from: Some(_), .. })
            | Event::Object(
                ObjectEvent::VisibilityKeySet { from: Some(_), .. }
                    | ObjectEvent::ReportsKeySet { from: Some(_), .. }
            )
    )
}

/// The first active user who may grant anything now and could not, were they active, before.
fn may_now_grant_any(before: &Organization, after: &Organization) -> Option<String> {
    let any = |organization: &Organization, who: &User| {
        let over = (Targets::of(organization.id.subject()), Facts::default());
        may(organization, who, cover::GRANT_ANY, &over)
    };
    let new = |who: &&std::sync::Arc<User>| {
        who.is_active() && any(after, who) && !before.user(who.id).is_some_and(|who| any(before, who))
    };
    after.users.values().find(new).map(|who| who.login.text().to_owned())
}

/// The first user of the actor's rank or higher (or the actor) whose access the command touched.
fn touched(before: &Organization, after: &Organization, actor: &User) -> Option<String> {
    let rank = before.rank_of(actor);
    before.users.values().filter(|user| before.rank_of(user) >= rank).find_map(|was| {
        let is = after.user(was.id).unwrap();
        let access = |user: &User| {
            let grants = (
                user.profile.value,
                user.custom_profile.as_ref().map(|given| given.value.clone()),
                user.keys.set(),
            );
            (user.role.value, grants, user.masterkey.value, user.superuser.value)
        };
        let tokens = |user: &User| user.live_tokens().map(|(id, _)| id).collect::<Vec<_>>();
        let account = |user: &User| {
            (user.status.value, user.password, user.two_factor.clone(), user.api_key, tokens(user))
        };
        let oneself = was.id == actor.id;
        let same_rank = before.rank_of(was) == after.rank_of(is);
        // Passing one's own role on for a lower one is no gain; that nothing else came with it is asked beside.
        if oneself && passed_on(before, after, actor) {
            return None;
        }
        let same = access(was) == access(is) && same_rank && (oneself || account(was) == account(is));
        (!same).then(|| was.login.text().to_owned())
    })
}

/// Whether the actor exchanged roles with somebody of lower rank.
fn passed_on(before: &Organization, after: &Organization, actor: &User) -> bool {
    let role = |organization: &Organization, user: UserId| organization.user(user).unwrap().role.value;
    let (mine, lower) = (role(before, actor.id), role(after, actor.id));
    let heir = |user: &&User| role(before, user.id) == lower && role(after, user.id) == mine;
    let passes_down = before.roles[&lower].rank.value < before.roles[&mine].rank.value;
    passes_down && before.users.values().map(|user| &**user).any(|user| heir(&user))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8, failure_persistence: None, max_shrink_iters: 20, ..ProptestConfig::default()
    })]

    #[test]
    fn nobody_gives_what_they_do_not_hold_nor_touches_who_outranks_them(
        seed in any::<u64>(), commands in prop::collection::vec(any::<u64>(), 400..500),
    ) {
        let world = random::organization(&mut Dice::new(seed));
        let mut users: Vec<_> = world.users.values().filter(|user| user.is_active()).collect();
        users.sort_by_key(|user| user.id);
        users.retain(|user| !cover::may_grant_any(&world, user) && user.login.text().starts_with("user"));
        for seed in commands {
            let dice = &mut Dice::new(seed);
            let actor = dice.one(&users);
            let command = random::command(&world, dice);
            let context = spec::context(Actor::User(actor.id), world.position);
            let Ok(accepted) = decide(&world, &context, &command) else { continue };
            let (before, after) = (&world.organization, &accepted.after);
            let name = actor.login.text();
            let told = || told(after, &accepted.events);
            prop_assert_eq!(newly_held(before, after, actor), None, "{} {:#?}", name, told());
            if !accepted.events.iter().any(lifts_a_lock) {
                prop_assert_eq!(gained(before, after, actor), None, "{} {:#?}", name, told());
            }
            prop_assert_eq!(keys_moved(before, after, actor), None, "{} {:#?}", name, told());
            prop_assert_eq!(touched(before, after, actor), None, "{} {:#?}", name, told());
        }
    }

    #[test]
    fn nor_does_anybody_in_an_organization_of_a_product(
        seed in any::<u64>(), commands in prop::collection::vec(any::<u64>(), 60..90),
    ) {
        for catalog in ["queuemetrics", "voximplant", "xcally", "ucontact"] {
            let world = random::of_product(catalog, &mut Dice::new(seed));
            let mut users: Vec<_> = world.users.values().filter(|user| user.is_active()).collect();
            users.sort_by_key(|user| user.id);
            users.retain(|user| !cover::may_grant_any(&world, user));
            for seed in commands.iter().filter(|_| !users.is_empty()) {
                let dice = &mut Dice::new(*seed);
                let actor = dice.one(&users);
                let command = random::command(&world, dice);
                let context = spec::context(Actor::User(actor.id), world.position);
                let Ok(accepted) = decide(&world, &context, &command) else { continue };
                let (before, after) = (&world.organization, &accepted.after);
                let name = format!("{catalog} {}", actor.login.text());
                let told = || told(after, &accepted.events);
                prop_assert_eq!(may_now_grant_any(before, after), None, "{} {:#?}", name, told());
                prop_assert_eq!(newly_held(before, after, actor), None, "{} {:#?}", name, told());
                if !accepted.events.iter().any(lifts_a_lock) {
                    prop_assert_eq!(gained(before, after, actor), None, "{} {:#?}", name, told());
                }
                prop_assert_eq!(keys_moved(before, after, actor), None, "{} {:#?}", name, told());
                prop_assert_eq!(touched(before, after, actor), None, "{} {:#?}", name, told());
            }
        }
    }

    #[test]
    fn undoing_and_redoing_history_is_no_way_round_either(
        seed in any::<u64>(), commands in prop::collection::vec(any::<u64>(), 10..20),
    ) {
        let mut state = random::organization(&mut Dice::new(seed)).organization;
        let mut history = Vec::new();
        for seed in commands {
            let dice = &mut Dice::new(seed);
            let command = random::command(&state, dice);
            let context = spec::context(Actor::Operator, state.position);
            if let Ok(accepted) = decide(&state, &context, &command) {
                history.extend(accepted.events);
                state = accepted.after;
            }
            let mut users: Vec<_> = state.users.values().filter(|user| user.is_active()).collect();
            users.sort_by_key(|user| user.id);
            users.retain(|user| !cover::may_grant_any(&state, user));
            for actor in users {
                let undo = random::undoing(&history, dice);
                let context = spec::context(Actor::User(actor.id), state.position);
                let Ok(accepted) = decide(&state, &context, &Command::Many(vec![undo])) else { continue };
                let told = || told(&accepted.after, &accepted.events);
                prop_assert_eq!(newly_held(&state, &accepted.after, actor), None, "{:#?}", told());
                if !accepted.events.iter().any(lifts_a_lock) {
                    prop_assert_eq!(gained(&state, &accepted.after, actor), None, "{:#?}", told());
                }
                prop_assert_eq!(keys_moved(&state, &accepted.after, actor), None, "{:#?}", told());
                prop_assert_eq!(touched(&state, &accepted.after, actor), None, "{:#?}", told());
            }
        }
    }
}

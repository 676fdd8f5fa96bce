//! The framework of cqrs-es runs on our store, and its test framework on our aggregate.
use crate::ledger_world::{
    World, assert_same, context, create_user, found_command, new_id, on_both_engines, role, user_called,
    write,
};
use cqrs_es::test::TestFramework;
use cqrs_es::{Aggregate, AggregateContext, AggregateError, CqrsFramework, EventEnvelope, EventStore, Query};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::organization::event::OrganizationEvent;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_ledger::adapter::{Asked, LedgerEvent, OrganizationAggregate, OrganizationStore};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

on_both_engines! {
    the_framework_runs_on_our_store
    of_two_that_were_loaded_at_one_position_the_second_conflicts
}

fn asked(actor: Actor, command: Command) -> Asked {
    let mut context = context(actor);
    context.at = Moment(1_767_225_600_000_000);
    Asked { context, command }
}

fn rename(name: &str) -> Command {
    Command::Organization(OrganizationCommand::Rename { name: name.to_owned() })
}

/// Remembers what was dispatched.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(usize, String)>>>);

#[async_trait::async_trait]
impl Query<OrganizationAggregate> for Seen {
    async fn dispatch(&self, _aggregate_id: &str, events: &[EventEnvelope<OrganizationAggregate>]) {
        let seen = events.iter().map(|event| (event.sequence, event.payload.event.name().to_owned()));
        self.0.lock().unwrap().extend(seen);
    }
}

async fn the_framework_runs_on_our_store(world: World) {
    let deployment = world.deployment().await;
    let store = OrganizationStore::new(deployment.clone());
    let seen = Seen::default();
    let framework = CqrsFramework::new(store.clone(), vec![Box::new(seen.clone())], ());
    let id = new_id();
    let aggregate_id = id.to_string();
    framework.execute(&aggregate_id, asked(Actor::Operator, found_command())).await.unwrap();
    let open = deployment.open(id).await.unwrap();
    let state = open.writer.published().organization.clone();
    let owner = Actor::User(user_called(&state, "owner"));
    framework.execute(&aggregate_id, asked(owner, create_user("zoe", role(&state, true)))).await.unwrap();
    // A writer and the framework take turns on one ledger.
    write(&open, owner, create_user("yan", role(&state, true))).await.unwrap();
    framework.execute(&aggregate_id, asked(owner, rename("South"))).await.unwrap();
    let refused = framework.execute(&aggregate_id, asked(Actor::Operator, found_command())).await;
    assert!(matches!(refused, Err(AggregateError::UserError(Rejection::Founded))));

    let published = open.writer.published().organization.clone();
    assert_eq!(published.name, "South");
    let reloaded = world.deployment().await.open(id).await.unwrap();
    assert_same(&reloaded.writer.published().organization, &published);
    let events = store.load_events(&aggregate_id).await.unwrap();
    assert_eq!(events.len() as u64, published.position);
    let mut folded = OrganizationAggregate::default();
    events.iter().for_each(|event| folded.apply(event.payload.clone()));
    assert_same(&folded.state, &published);
    assert_eq!(events.last().unwrap().metadata.get("actor").unwrap(), &owner.to_string());
    let last = seen.0.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last, (events.len(), "organization.renamed".to_owned()));
    // All but the one that the writer appended.
    assert_eq!(seen.0.lock().unwrap().len(), events.len() - 1);
}

async fn of_two_that_were_loaded_at_one_position_the_second_conflicts(world: World) {
    let deployment = world.deployment().await;
    let store = OrganizationStore::new(deployment.clone());
    let id = new_id().to_string();
    let framework = CqrsFramework::new(store.clone(), Vec::new(), ());
    framework.execute(&id, asked(Actor::Operator, found_command())).await.unwrap();
    let mut loaded = [store.load_aggregate(&id).await.unwrap(), store.load_aggregate(&id).await.unwrap()];
    let mut decided = Vec::new();
    for (one, name) in loaded.iter_mut().zip(["East", "West"]) {
        let sink = cqrs_es::event_sink::EventSink::default();
        one.aggregate().handle(asked(Actor::Operator, rename(name)), &(), &sink).await.unwrap();
        decided.push(sink.collect().await);
    }
    let mut answers = Vec::new();
    for (one, events) in loaded.into_iter().zip(decided) {
        answers.push(store.commit(events, one, Default::default()).await);
    }
    assert_eq!(answers[0].as_ref().unwrap().len(), 1);
    assert!(matches!(answers[1], Err(AggregateError::AggregateConflict)));
    let open = deployment.open(id.parse().unwrap()).await.unwrap();
    assert_eq!(open.writer.published().organization.name, "East");
}

#[test]
fn given_an_organization_when_it_is_renamed_then_it_says_from_what_to_what() {
    let organization = OrganizationId(Uuid::from_u128(1));
    let at = Moment(1_767_225_600_000_000);
    let (catalog, name) = ("standard".to_owned(), "North".to_owned());
    let created = OrganizationEvent::Created { organization, name, catalog, catalog_version: 1 };
    let renamed =
        OrganizationEvent::Renamed { organization, from: "North".to_owned(), to: "South".to_owned() };
    TestFramework::<OrganizationAggregate>::with(())
        .given(vec![LedgerEvent { at, by: Actor::Operator, event: created.into() }])
        .when(asked(Actor::Operator, rename("South")))
        .then_expect_events(vec![LedgerEvent { at, by: Actor::Operator, event: renamed.into() }]);
}

//! The stock repositories of postgres-es and sqlite-es read the table and see what we see.

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{PersistedEventRepository, SerializedEvent};
use cqrs_es::{Aggregate, DomainEvent};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlite_es::SqliteEventRepository;

use crate::bench::{Bench, Place, on_both};
use crate::rows::{activity, fill, organization};

on_both! {
    the_stock_repository_reads_the_same_events
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Organization;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Anything;

impl DomainEvent for Anything {
    fn event_type(&self) -> String {
        String::new()
    }

    fn event_version(&self) -> String {
        String::new()
    }
}

impl Aggregate for Organization {
    const TYPE: &'static str = "organization";
    type Command = ();
    type Event = Anything;
    type Error = std::fmt::Error;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn apply(&mut self, _: Anything) {}
}

async fn the_stock_repository_reads_the_same_events(bench: &Bench) {
    fill(&bench.store, &organization(), &[2, 3]).await;
    fill(&bench.store, &activity(), &[2]).await;
    let id = organization().id;
    let stock = match &bench.place {
        Place::Sqlite(path) => {
            let pool = sqlx::SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
            let events = SqliteEventRepository::new(pool.clone()).get_events::<Organization>(&id).await;
            pool.close().await;
            events.unwrap()
        }
        Place::Postgres(url) => {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            let repository = PostgresEventRepository::new(pool.clone());
            let (events, snapshot) = (
                repository.get_events::<Organization>(&id).await,
                repository.get_snapshot::<Organization>(&id).await,
            );
            pool.close().await;
            assert!(snapshot.unwrap().is_none());
            events.unwrap()
        }
    };
    let rows = bench.store.read(&organization(), 1, 9, 9).await.unwrap();
    let ours = rows.into_iter().map(|row| row.entry).map(|entry| SerializedEvent {
        aggregate_id: entry.ledger.id,
        sequence: usize::try_from(entry.position).unwrap(),
        aggregate_type: entry.ledger.kind.to_string(),
        event_type: entry.event_type,
        event_version: entry.version,
        payload: entry.payload,
        metadata: json!(entry.metadata),
    });
    assert_eq!(stock, ours.collect::<Vec<_>>());
    assert_eq!(stock.len(), 5);
}

//! Loading is a clone of the published state, committing an append at the position it was loaded at.

use super::{Decided, LedgerEvent, OrganizationAggregate};
use crate::codec::{self, Origin};
use crate::deployment::{Deployment, Open};
use crate::entry::Frontier;
use crate::store::Batch;
use crate::writer::{Outcome, WriteError, commit, ledger_of};
use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

type Failure = AggregateError<Rejection>;
type Envelopes = Vec<EventEnvelope<OrganizationAggregate>>;

/// The organizations of a deployment as an event store of cqrs-es.
#[derive(Clone, Debug)]
pub struct OrganizationStore {
    deployment: Deployment,
}

/// An organization that was loaded, with what an append needs to know of the ledger then.
#[derive(Debug)]
pub struct Loaded {
    aggregate: OrganizationAggregate,
    before: Organization,
    frontier: Frontier,
    open: Open,
}

impl AggregateContext<OrganizationAggregate> for Loaded {
    fn aggregate(&mut self) -> &mut OrganizationAggregate {
        &mut self.aggregate
    }
}

impl OrganizationStore {
    /// On this deployment.
    #[must_use]
    pub fn new(deployment: Deployment) -> Self {
        Self { deployment }
    }

    async fn load(&self, id: OrganizationId) -> Result<Loaded, Failure> {
        let open = self.deployment.open(id).await.map_err(unexpected)?;
        loop {
            let before = open.writer.published().organization.clone();
            let head = self.deployment.store().head(&ledger_of(id)).await.map_err(unexpected)?;
            let (position, frontier) =
                head.map_or((0, Frontier::default()), |head| (head.position, head.frontier));
            if position == before.position {
                let aggregate = OrganizationAggregate::new(before.clone());
                return Ok(Loaded { aggregate, before, frontier, open });
            }
            open.writer.catch_up().await.map_err(failed)?;
        }
    }
}

impl EventStore<OrganizationAggregate> for OrganizationStore {
    type AC = Loaded;

    async fn load_events(&self, aggregate_id: &str) -> Result<Envelopes, Failure> {
        let ledger = ledger_of(parse(aggregate_id)?);
        let head = self.deployment.store().head(&ledger).await.map_err(unexpected)?;
        let pages = self.deployment.store().stream(&ledger, 1, head.map_or(0, |head| head.position));
        let mut events = Vec::new();
        let read = pages.for_each(|rows| {
            for stored in rows {
                let decoded = codec::decode(stored)?;
                let members = decoded.metadata.iter();
                events.push(EventEnvelope {
                    aggregate_id: aggregate_id.to_owned(),
                    sequence: usize::try_from(decoded.position).unwrap_or(usize::MAX),
                    payload: LedgerEvent { at: decoded.at, by: decoded.by, event: decoded.event },
                    metadata: members.map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
                });
            }
            Ok(())
        });
        read.await.map_err(|error: crate::writer::LoadError| unexpected(error))?;
        Ok(events)
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Loaded, Failure> {
        self.load(parse(aggregate_id)?).await
    }

    /// The metadata comes from the context that rode in the command; more than that is refused.
    async fn commit(
        &self,
        events: Vec<LedgerEvent>,
        context: Loaded,
        metadata: HashMap<String, String>,
    ) -> Result<Envelopes, Failure> {
        if !metadata.is_empty() {
            return Err(AggregateError::UnexpectedError("metadata comes from the context".into()));
        }
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let Loaded { aggregate, before, frontier, open } = context;
        let decided = aggregate.decided.ok_or("these events were not decided here");
        let decided = decided.map_err(|what| AggregateError::UnexpectedError(what.into()))?;
        let batch = Arc::new(batch(&before, frontier, &decided, &events)?);
        match commit(self.deployment.store(), &batch, None).await.map_err(failed)? {
            Outcome::Done => {}
            Outcome::Conflict | Outcome::Duplicate => return Err(AggregateError::AggregateConflict),
        }
        open.writer.catch_up().await.map_err(failed)?;
        let rows = batch.rows.iter().map(|row| &row.sealed);
        let envelopes = rows.zip(events).map(|(sealed, payload)| {
            let metadata = serde_json::from_str(sealed.metadata());
            Ok(EventEnvelope {
                aggregate_id: before.id.to_string(),
                sequence: usize::try_from(sealed.position()).unwrap_or(usize::MAX),
                payload,
                metadata: metadata.map_err(|error| AggregateError::UnexpectedError(error.into()))?,
            })
        });
        envelopes.collect()
    }
}

fn batch(
    before: &Organization,
    mut frontier: Frontier,
    decided: &Decided,
    events: &[LedgerEvent],
) -> Result<Batch, Failure> {
    let Decided { context, authority } = decided;
    let ledger = ledger_of(before.id);
    let user = context.actor.user().and_then(|id| before.user(id));
    let role = user.and_then(|user| before.role_of(user));
    let actor_role = role.map(|role| role.name.as_str());
    let origin = Origin { ledger: &ledger, context, batch: context.command, actor_role };
    let mut rows = Vec::new();
    for ((nth, event), authority) in (0..).zip(events).zip(authority) {
        let row = codec::encode(&origin, nth, before.position + 1 + nth, &event.event, authority);
        let row = row.map_err(unexpected)?;
        frontier.push(*row.sealed.leaf());
        rows.push(row);
    }
    let (expected, batch, at_us) = (before.position, context.command, context.at.micros());
    let (commands, credentials) = (Vec::new(), Vec::new());
    Ok(Batch { ledger, expected, batch, rows, frontier, at_us, commands, credentials, prune: None })
}

fn parse(aggregate_id: &str) -> Result<OrganizationId, Failure> {
    aggregate_id.parse().map_err(unexpected)
}

fn unexpected(error: impl Error + Send + Sync + 'static) -> Failure {
    AggregateError::UnexpectedError(Box::new(error))
}

fn failed(error: WriteError) -> Failure {
    match error {
        WriteError::Unavailable(_) => AggregateError::DatabaseConnectionError(Box::new(error)),
        error => AggregateError::UnexpectedError(Box::new(error)),
    }
}

//! Our aggregate, events and store in the words of cqrs-es, so that its framework and its test framework run on them.
//!
//! The product does not go this way: a [`Writer`](crate::writer::Writer) batches, answers positions and remembers
//! keys, which the framework cannot. The crate's own snapshot and aggregate stores, `GenericQuery` and
//! `QueryReplay` lose or double events and are not used.

mod event;
mod store;

pub use event::LedgerEvent;
pub use store::{Loaded, OrganizationStore};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use rollbook_domain::event::Event;
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::authorize::Authority;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::decide::decide;
use rollbook_domain::organization::event::OrganizationEvent;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A command with the world it is asked in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The world; its time is moved forward to the last event's if it lies before.
    pub context: Context,
    /// What is asked.
    pub command: Command,
}

/// An organization as cqrs-es sees it.
#[derive(Clone, Debug)]
pub struct OrganizationAggregate {
    /// The state.
    pub state: Organization,
    decided: Option<Decided>,
}

/// What the entries say beside their events.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) context: Context,
    pub(crate) authority: Vec<Authority>,
}

impl OrganizationAggregate {
    pub(crate) fn new(state: Organization) -> Self {
        Self { state, decided: None }
    }
}

impl Default for OrganizationAggregate {
    /// Nobody's organization; it becomes the one whose creation is folded in first.
    fn default() -> Self {
        Self::new(Organization::empty(OrganizationId(Uuid::nil())))
    }
}

impl Aggregate for OrganizationAggregate {
    const TYPE: &'static str = "organization";
    type Command = Asked;
    type Event = LedgerEvent;
    type Error = Rejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Asked,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Rejection> {
        let Asked { mut context, command } = command;
        context.at = context.at.max(self.state.at);
        let accepted = decide(&self.state, &context, &command)?;
        for event in accepted.events {
            sink.write(LedgerEvent { at: context.at, by: context.actor, event }, self).await;
        }
        self.decided = Some(Decided { context, authority: accepted.authority });
        Ok(())
    }

    fn apply(&mut self, event: LedgerEvent) {
        let LedgerEvent { at, by, event } = event;
        if let Event::Organization(OrganizationEvent::Created { organization, .. }) = &event
            && self.state.position == 0
        {
            self.state = Organization::empty(*organization);
        }
        self.state.apply(by, at, &event);
    }
}

/// The trait demands it; nothing that calls it is used.
const NOT_STORED: &str =
    "the state of an organization is kept by the ledger, not by a snapshot of the framework";

impl Serialize for OrganizationAggregate {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(NOT_STORED))
    }
}

impl<'de> Deserialize<'de> for OrganizationAggregate {
    fn deserialize<D: Deserializer<'de>>(_deserializer: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(NOT_STORED))
    }
}

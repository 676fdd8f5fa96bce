//! An event with its time and actor, as cqrs-es wants it.

use cqrs_es::DomainEvent;
use rollbook_domain::event::{DecodeError, Event, event_type};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::moment::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that happened, when and by whom. Our events carry these in the entry's metadata; the framework hands on
/// only the event, so they ride with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct LedgerEvent {
    /// When.
    pub at: Moment,
    /// Who did it.
    pub by: Actor,
    /// What.
    pub event: Event,
}

impl DomainEvent for LedgerEvent {
    fn event_type(&self) -> String {
        self.event.name().to_owned()
    }

    fn event_version(&self) -> String {
        event_type(self.event.name()).map(|row| row.version.to_owned()).unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    at: Moment,
    by: Actor,
    #[serde(rename = "type")]
    event_type: String,
    version: String,
    payload: Value,
}

impl From<LedgerEvent> for Written {
    fn from(written: LedgerEvent) -> Self {
        let (event_type, version) = (written.event_type(), written.event_version());
        Self { at: written.at, by: written.by, event_type, version, payload: written.event.payload() }
    }
}

impl TryFrom<Written> for LedgerEvent {
    type Error = DecodeError;

    fn try_from(written: Written) -> Result<Self, DecodeError> {
        let event = Event::decode(&written.event_type, &written.version, written.payload)?;
        Ok(Self { at: written.at, by: written.by, event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollbook_domain::kernel::id::OrganizationId;
    use rollbook_domain::organization::event::OrganizationEvent;
    use uuid::Uuid;

    #[test]
    fn an_event_with_its_time_is_written_and_read_back() {
        let organization = OrganizationId(Uuid::from_u128(1));
        let renamed = OrganizationEvent::Renamed { organization, from: "a".into(), to: "b".into() };
        let event = LedgerEvent { at: Moment(1), by: Actor::System, event: renamed.into() };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], "organization.renamed");
        assert_eq!(serde_json::from_value::<LedgerEvent>(json).unwrap(), event);
    }
}

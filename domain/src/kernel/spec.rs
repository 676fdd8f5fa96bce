//! Given / when / then, for the rules' own tests.

use super::context::{Actor, Channel, Context};
use super::moment::Moment;
use uuid::Uuid;

/// A context of 2026-01-01T00:00:00Z with a fixed seed.
#[must_use]
pub fn context(actor: Actor) -> Context {
    Context {
        actor,
        at: Moment(1_767_225_600_000_000),
        seed: [42; 32],
        reason: None,
        ticket: None,
        channel: Channel::Api,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: Uuid::from_u128(1),
        cause: None,
        expects: None,
    }
}

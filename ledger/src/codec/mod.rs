//! Between what the rules say and what is stored: events to sealed rows, and stored rows to events.
//!
//! Personal values leave the entry here on the way in and come back on the way out, each checked against its
//! commitment. What an event means is the domain's; where a row lies is the store's.

mod decode;
mod encode;
mod fold;
mod metadata;
mod owners;
mod upcast;

pub use decode::{DecodeFailure, Decoded, Missing, Revealed, decode, reveal};
pub use encode::{Draft, EncodeError, Origin, encode, seal};
pub use fold::{Happened, happened};
pub use metadata::{Metadata, OPERATOR};
pub use owners::Owner;

//! When: a position of the change ledger, or a moment, as callers write it.

use rollbook_domain::kernel::moment::Moment;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A position of the change ledger (0: before its first entry), or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// After the entry at this position.
    Position(u64),
    /// After the last batch at or before this time.
    Moment(Moment),
}

/// A text that is neither a position nor a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position number or an RFC 3339 time is wanted, for example 17 or 2026-05-03T09:30:00Z")]
pub struct BadAt;

impl FromStr for At {
    type Err = BadAt;

    fn from_str(text: &str) -> Result<Self, BadAt> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Position).map_err(|_| BadAt);
        }
        text.parse().map(Self::Moment).map_err(|_| BadAt)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => position.fmt(f),
            Self::Moment(moment) => moment.fmt(f),
        }
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Position(position) => serializer.serialize_u64(*position),
            Self::Moment(moment) => moment.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for At {
    /// In JSON a number or a text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        let wrong = |_| serde::de::Error::custom(BadAt);
        match Written::deserialize(deserializer).map_err(wrong)? {
            Written::Number(position) => Ok(Self::Position(position)),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_position_and_a_time_is_a_moment() {
        assert_eq!("17".parse(), Ok(At::Position(17)));
        let moment = "2026-05-03T11:30:00+02:00".parse::<At>().unwrap();
        assert_eq!(moment.to_string(), "2026-05-03T09:30:00.000000Z");
        assert_eq!(serde_json::from_str::<At>("17").unwrap(), At::Position(17));
        assert_eq!(serde_json::from_str::<At>("\"17\"").unwrap(), At::Position(17));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "-1", "1.5", "yesterday", "99999999999999999999999"] {
            assert_eq!(text.parse::<At>(), Err(BadAt), "{text}");
        }
    }
}

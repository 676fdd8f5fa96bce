//! A moment in time: microseconds since the Unix epoch, UTC.
//!
//! No clock lives here: moments come in through a [`Context`](super::context::Context).

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 with six fractional digits and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub i64);

impl Moment {
    /// The later of the two.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// This moment moved by `micros` microseconds (negative: earlier), held inside the range of `i64`.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// A text that is not an RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as RFC 3339, for example 2026-05-03T09:30:00Z")]
pub struct BadMoment;

impl FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| BadMoment)?;
        Ok(Self(time.timestamp_micros()))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_six_digits_and_read_back() {
        let moment: Moment = "2026-05-03T11:30:00.000007+02:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-05-03T09:30:00.000007Z");
        assert_eq!(moment.to_string().parse::<Moment>(), Ok(moment));
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        assert_eq!("yesterday".parse::<Moment>(), Err(BadMoment));
    }
}

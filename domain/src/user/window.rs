//! When a user may sign in and act: between two dates (uContact: "Temporary User", a date range for login) and in
//! certain hours of the week ("Custom Schedule", login hours, with their time zone).
//!
//! Not here: whether the account is active at all. Hours are those of the clock on the wall in their zone, whatever the
//! season; the zones' rules are those of the release, so a question about the past is judged by today's knowledge of them.

use crate::kernel::moment::Moment;
use crate::kernel::rejection::FieldError;
use chrono::{DateTime, Datelike, Duration, NaiveDateTime, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Most spans of a week.
pub const SPANS_MAX: usize = 50;
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MINUTES_A_DAY: u16 = 24 * 60;

/// When a user may sign in and act. What is left out does not bound it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginWindow {
    /// From this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Until just before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// In these hours only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// Hours of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Whose clock.
    pub time_zone: TimeZone,
    /// When it is open; one that ends before it begins goes on past midnight.
    pub week: Vec<Span>,
}

/// One stretch of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The day it begins on.
    pub day: Day,
    /// When it begins.
    pub from: TimeOfDay,
    /// The end: the first minute that does not belong to it.
    pub until: TimeOfDay,
}

/// Why a window is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shut {
    /// It has not begun.
    NotYet,
    /// It is over.
    Expired,
    /// Not in these hours.
    OutsideHours,
}

impl Shut {
    /// The word in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Expired => "expired",
            Self::OutsideHours => "outside_hours",
        }
    }
}

impl LoginWindow {
    /// Why it is shut at that moment, if it is.
    #[must_use]
    pub fn shut(&self, at: Moment) -> Option<Shut> {
        if self.from.is_some_and(|from| at < from) {
            return Some(Shut::NotYet);
        }
        if self.until.is_some_and(|until| at >= until) {
            return Some(Shut::Expired);
        }
        self.hours.as_ref().is_some_and(|hours| !hours.contain(at)).then_some(Shut::OutsideHours)
    }

    /// Whether it can ever be open.
    ///
    /// # Errors
    /// The field that is wrong, below `pointer`.
    pub(super) fn check(&self, pointer: &str) -> Result<(), FieldError> {
        let wrong =
            |member: &str, code, detail| Err(FieldError::new(&format!("{pointer}{member}"), code, detail));
        if *self == Self::default() {
            return wrong("", "not_acceptable", "say `from`, `until` or `hours`; null takes the window away");
        }
        if self.from.zip(self.until).is_some_and(|(from, until)| from >= until) {
            return wrong("/until", "not_acceptable", "must be after `from`");
        }
        let Some(hours) = &self.hours else { return Ok(()) };
        match hours.week.len() {
            0 => wrong(
                "/hours/week",
                "not_acceptable",
                "say at least one span; to let nobody in, block the user",
            ),
            1..=SPANS_MAX => match hours.week.iter().position(|span| span.from == span.until) {
                Some(at) => {
                    let detail = "must differ from `from`; a whole day is 00:00 to 24:00";
                    wrong(&format!("/hours/week/{at}/until"), "not_acceptable", detail)
                }
                None => Ok(()),
            },
            _ => wrong("/hours/week", "too_many", &format!("a week has at most {SPANS_MAX} spans")),
        }
    }
}

impl Hours {
    fn contain(&self, at: Moment) -> bool {
        let Some(utc) = DateTime::<Utc>::from_timestamp_micros(at.micros()) else { return false };
        let local = utc.with_timezone(&self.time_zone.0);
        let day = Day(u8::try_from(local.weekday().num_days_from_monday()).unwrap_or(u8::MAX));
        let time = TimeOfDay(u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(u16::MAX));
        self.week.iter().any(|span| span.contains(day, time))
    }
}

impl Span {
    fn contains(&self, day: Day, time: TimeOfDay) -> bool {
        if self.from < self.until {
            return day == self.day && self.from <= time && time < self.until;
        }
        (day == self.day && self.from <= time) || (day == self.day.next() && time < self.until)
    }
}

/// A day of the week, Monday first; written in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(u8);

impl Day {
    fn next(self) -> Self {
        Self((self.0 + 1) % 7)
    }
}

/// A minute of a day, written `HH:MM` from `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

/// A time zone of the IANA database, as in `Europe/Madrid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(Tz);

/// A text that is none of the words wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadWord(&'static str);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DAYS.get(usize::from(self.0)).copied().unwrap_or_default())
    }
}

impl FromStr for Day {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let day = DAYS.iter().position(|day| *day == text).and_then(|day| u8::try_from(day).ok());
        day.map(Self).ok_or(BadWord("a day is written `monday` to `sunday`"))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let bad = BadWord("a time of day is written HH:MM, from 00:00 to 24:00");
        let two = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok()).flatten()
        };
        let (hours, minutes) = text.split_once(':').ok_or(bad)?;
        let (hours, minutes) = two(hours).zip(two(minutes)).ok_or(bad)?;
        let minute = hours * 60 + minutes;
        if minutes < 60 && minute <= MINUTES_A_DAY { Ok(Self(minute)) } else { Err(bad) }
    }
}

impl TimeZone {
    /// Universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The moment at which the clock on the wall says so; the first one where it says so twice. Where it never does,
    /// because the clocks went forward, the moment at which they did.
    #[must_use]
    pub fn moment(self, wall: NaiveDateTime) -> Option<Moment> {
        let told = |wall: NaiveDateTime| wall.and_local_timezone(self.0).earliest();
        let minutes = (0..=MINUTES_A_DAY).map(|minute| Duration::minutes(i64::from(minute)));
        let found = minutes.filter_map(|later| wall.checked_add_signed(later)).find_map(told)?;
        Some(Moment(found.timestamp_micros()))
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for TimeZone {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let bad = BadWord("a time zone is one of the IANA database, for example Europe/Madrid");
        text.parse().map(Self).map_err(|_| bad)
    }
}

/// Written as text, read from text.
macro_rules! as_text {
    ($($name:ty),*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
as_text!(Day, TimeOfDay, TimeZone);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn hours(zone: &str, week: &[(&str, &str, &str)]) -> LoginWindow {
        let span = |(day, from, until): &(&str, &str, &str)| Span {
            day: day.parse().unwrap(),
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        };
        let week = week.iter().map(span).collect();
        LoginWindow {
            hours: Some(Hours { time_zone: zone.parse().unwrap(), week }),
            ..LoginWindow::default()
        }
    }

    #[test]
    fn a_temporary_user_is_let_in_from_the_first_moment_until_just_before_the_last() {
        let window = LoginWindow {
            from: Some(at("2026-05-01T00:00:00Z")),
            until: Some(at("2026-06-01T00:00:00Z")),
            hours: None,
        };
        assert_eq!(window.shut(at("2026-04-30T23:59:59.999999Z")), Some(Shut::NotYet));
        assert_eq!(window.shut(at("2026-05-01T00:00:00Z")), None);
        assert_eq!(window.shut(at("2026-05-31T23:59:59.999999Z")), None);
        assert_eq!(window.shut(at("2026-06-01T00:00:00Z")), Some(Shut::Expired));
    }

    #[test]
    fn hours_are_those_of_the_wall_clock_in_summer_and_in_winter() {
        let window = hours("Europe/Madrid", &[("monday", "08:00", "18:00")]);
        // Monday the 13th of July: Madrid is two hours ahead of UTC. Monday the 12th of January: one hour.
        for (moment, shut) in [
            ("2026-07-13T05:59:59Z", Some(Shut::OutsideHours)),
            ("2026-07-13T06:00:00Z", None),
            ("2026-07-13T15:59:59Z", None),
            ("2026-07-13T16:00:00Z", Some(Shut::OutsideHours)),
            ("2026-01-12T06:30:00Z", Some(Shut::OutsideHours)),
            ("2026-01-12T07:00:00Z", None),
            ("2026-01-12T16:59:59Z", None),
            ("2026-07-14T08:00:00Z", Some(Shut::OutsideHours)),
        ] {
            assert_eq!(window.shut(at(moment)), shut, "{moment}");
        }
    }

    #[test]
    fn a_span_that_ends_before_it_begins_goes_on_past_midnight_into_the_next_week_too() {
        let night = hours("UTC", &[("sunday", "22:00", "06:00")]);
        // The 19th of July 2026 is a Sunday.
        assert_eq!(night.shut(at("2026-07-19T21:59:59Z")), Some(Shut::OutsideHours));
        assert_eq!(night.shut(at("2026-07-19T22:00:00Z")), None);
        assert_eq!(night.shut(at("2026-07-20T05:59:59Z")), None);
        assert_eq!(night.shut(at("2026-07-20T06:00:00Z")), Some(Shut::OutsideHours));
        assert_eq!(night.shut(at("2026-07-19T05:00:00Z")), Some(Shut::OutsideHours), "the night before");
        let day = hours("UTC", &[("sunday", "00:00", "24:00")]);
        assert_eq!(day.shut(at("2026-07-19T23:59:59Z")), None);
        assert_eq!(day.shut(at("2026-07-20T00:00:00Z")), Some(Shut::OutsideHours));
    }

    #[test]
    fn a_wall_clock_names_a_moment_also_on_the_days_when_it_is_changed() {
        let moment = |zone: &str, wall: &str| {
            let wall = wall.parse().unwrap();
            zone.parse::<TimeZone>().unwrap().moment(wall).unwrap().to_string()
        };
        assert_eq!(moment("Europe/Madrid", "2026-07-01T00:00:00"), "2026-06-30T22:00:00.000000Z");
        assert_eq!(moment("America/Montevideo", "2026-07-01T00:00:00"), "2026-07-01T03:00:00.000000Z");
        // At two the clocks went to three, and in autumn from three to two.
        assert_eq!(moment("Europe/Madrid", "2026-03-29T02:30:00"), "2026-03-29T01:00:00.000000Z");
        assert_eq!(moment("Europe/Madrid", "2026-10-25T02:30:00"), "2026-10-25T00:30:00.000000Z");
        assert_eq!(
            TimeZone::UTC.moment("2026-07-01T00:00:00".parse().unwrap()),
            Some(at("2026-07-01T00:00:00Z"))
        );
    }

    #[test]
    fn words_are_read_strictly_and_written_back_alike() {
        for text in ["00:00", "09:05", "23:59", "24:00"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
        for text in ["", "9:00", "24:01", "12:60", "+9:00", "09:00:00", "٠٩:00", "-1:00"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
        assert_eq!("America/Montevideo".parse::<TimeZone>().unwrap().to_string(), "America/Montevideo");
        for text in ["", "Mars/Olympus", "+02:00", "europe/madrid"] {
            assert!(text.parse::<TimeZone>().is_err(), "{text}");
        }
        assert!("Monday".parse::<Day>().is_err() && "monday".parse::<Day>().is_ok());
    }
}

//! When things happened, counted back from now.

use rollbook_domain::kernel::moment::Moment;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Days counted back from a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    now: Moment,
}

impl Times {
    pub(super) fn until(now: Moment) -> Self {
        Self { now }
    }

    pub(super) fn now(self) -> Moment {
        self.now
    }

    /// A time of day (UTC) so many days ago.
    pub(super) fn ago(self, days: i64, hour: i64, minute: i64) -> Moment {
        let midnight = self.now.micros().div_euclid(DAY) * DAY;
        Moment(midnight - days * DAY + (hour * 60 + minute) * 60 * SECOND)
    }

    /// How many days ago the last Tuesday was; on a Tuesday, seven.
    pub(super) fn days_since_tuesday(self) -> i64 {
        // 1 January 1970 was a Thursday, two days after a Tuesday.
        let days = (self.now.micros().div_euclid(DAY) + 2).rem_euclid(7);
        if days == 0 { 7 } else { days }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Times {
        Times::until(text.parse().unwrap())
    }

    #[test]
    fn last_tuesday_is_one_to_seven_days_ago() {
        // 24 November 2026 is a Tuesday.
        assert_eq!(at("2026-11-23T01:00:00Z").days_since_tuesday(), 6);
        assert_eq!(at("2026-11-24T01:00:00Z").days_since_tuesday(), 7);
        assert_eq!(at("2026-11-25T23:00:00Z").days_since_tuesday(), 1);
    }

    #[test]
    fn a_time_of_day_is_counted_from_midnight() {
        let times = at("2026-11-23T01:30:00Z");
        assert_eq!(times.ago(6, 14, 12).to_string(), "2026-11-17T14:12:00.000000Z");
    }
}

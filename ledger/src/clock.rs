//! The one door through which time comes in.
//!
//! Everything below asks a [`Clock`]; only the demonstration can build one that does not tell the time.

use rollbook_domain::kernel::moment::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tells what time it is.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Told(Arc<AtomicI64>),
    /// The system's, wrong by so many microseconds.
    #[cfg(test)]
    Off(i64),
}

impl Clock {
    /// A clock that says what it was last told, for `rollbook demo`, which builds three months of history in
    /// seconds and says so in the system ledger. Nothing else may construct it: a tidy test looks.
    #[must_use]
    pub fn told(start: Moment) -> Self {
        Self(Source::Told(Arc::new(AtomicI64::new(start.micros()))))
    }

    /// A clock that is taken for a real one and is wrong.
    #[cfg(test)]
    pub(crate) fn off(micros: i64) -> Self {
        Self(Source::Off(micros))
    }

    /// Now, in microseconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the door that the lint points to")]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::System => Moment(chrono::Utc::now().timestamp_micros()),
            Source::Told(told) => Moment(told.load(Ordering::Relaxed)),
            #[cfg(test)]
            Source::Off(micros) => Self::default().now().plus_micros(*micros),
        }
    }

    /// Tells a told clock the time; the system's clock is not changed.
    pub fn tell(&self, now: Moment) {
        if let Source::Told(told) = &self.0 {
            told.store(now.micros(), Ordering::Relaxed);
        }
    }

    /// Whether this clock tells the time, so that it can be compared with the database's.
    #[must_use]
    pub fn is_real(&self) -> bool {
        !matches!(self.0, Source::Told(_))
    }
}

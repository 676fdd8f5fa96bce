//! Who uses an organization that is in memory: it stays while anybody does, and how long nobody did is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Counts those who have a handle, and remembers when the last of them let go.
#[derive(Debug)]
pub(crate) struct Uses {
    holders: AtomicUsize,
    begun: Instant,
    /// Nanoseconds after `begun`.
    last: AtomicU64,
}

/// Since when nobody holds a handle. Two that are equal say that nobody held one in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quiet(Instant);

/// Keeps an organization in memory until it is dropped.
#[derive(Debug)]
pub(crate) struct InUse(Arc<Uses>);

impl Uses {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { holders: AtomicUsize::new(0), begun: Instant::now(), last: AtomicU64::new(0) })
    }

    /// Since when nobody uses it; nothing while somebody does.
    pub(crate) fn quiet(&self) -> Option<Quiet> {
        if self.holders.load(Ordering::Acquire) > 0 {
            return None;
        }
        Some(Quiet(self.begun + Duration::from_nanos(self.last.load(Ordering::Acquire))))
    }
}

impl Quiet {
    pub(crate) fn lasts(self, least: Duration) -> bool {
        self.0.elapsed() >= least
    }
}

impl InUse {
    /// The first handle is taken where nobody can close the organization meanwhile.
    pub(crate) fn new(uses: &Arc<Uses>) -> Self {
        uses.holders.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(uses))
    }
}

impl Clone for InUse {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // Before it is let go: whoever sees nobody sees this time.
        self.0.last.fetch_max(now, Ordering::AcqRel);
        self.0.holders.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_quiet_only_once_every_handle_is_dropped_and_since_the_last_one_was() {
        let uses = Uses::new();
        let before = uses.quiet().unwrap();
        assert!(before.lasts(Duration::ZERO) && !before.lasts(Duration::from_secs(60)));
        let one = InUse::new(&uses);
        let other = one.clone();
        drop(one);
        assert_eq!(uses.quiet(), None);
        drop(other);
        assert!(uses.quiet().unwrap() > before);
    }
}

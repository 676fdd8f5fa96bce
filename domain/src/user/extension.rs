//! Which extensions are taken, so that the lowest free one is found without looking at every user.

use crate::kernel::id::UserId;
use imbl::OrdMap;
use std::sync::Arc;

/// The extensions of an organization's users, the archived included: who comes back has theirs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions {
    holders: OrdMap<Arc<str>, UserId>,
    /// The taken numbers as stretches without a gap, first to last; no two of them touch.
    runs: OrdMap<u32, u32>,
}

impl Extensions {
    /// Who has it.
    pub(crate) fn holder(&self, extension: &str) -> Option<UserId> {
        self.holders.get(extension).copied()
    }

    /// The lowest number from `least` on that nobody has.
    pub(crate) fn lowest_free(&self, least: u32) -> u32 {
        match self.runs.get_prev(&least) {
            Some((_, last)) if *last >= least => last.saturating_add(1),
            Some(_) | None => least,
        }
    }

    /// `user` has it from now on.
    pub(crate) fn take(&mut self, extension: &str, user: UserId) {
        self.holders.insert(extension.into(), user);
        let Some(number) = number(extension) else { return };
        let (mut first, mut last) = (number, number);
        if let Some((before, end)) = self.runs.get_prev(&number).map(|(first, last)| (*first, *last)) {
            if end >= number {
                return;
            }
            if end.saturating_add(1) == number {
                first = before;
            }
        }
        if let Some(end) = self.runs.remove(&number.saturating_add(1)) {
            last = end;
        }
        self.runs.insert(first, last);
    }

    /// Nobody has it any more.
    pub(crate) fn free(&mut self, extension: &str) {
        self.holders.remove(extension);
        let Some(number) = number(extension) else { return };
        let run = self.runs.get_prev(&number).map(|(first, last)| (*first, *last));
        let Some((first, last)) = run.filter(|(_, last)| *last >= number) else { return };
        self.runs.remove(&first);
        if first < number {
            self.runs.insert(first, number - 1);
        }
        if number < last {
            self.runs.insert(number + 1, last);
        }
    }
}

/// The number that is written so; with leading zeros it is a word, not this number.
fn number(extension: &str) -> Option<u32> {
    extension.parse().ok().filter(|number: &u32| number.to_string() == extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    proptest! {
        #[test]
        fn the_lowest_free_number_is_the_one_that_counting_finds(
            steps in prop::collection::vec((0u32..30, any::<bool>()), 0..80), least in 0u32..30,
        ) {
            let (mut extensions, mut taken) = (Extensions::default(), BTreeSet::new());
            for (number, takes) in steps {
                if takes {
                    extensions.take(&number.to_string(), UserId(Uuid::nil()));
                    taken.insert(number);
                } else {
                    extensions.free(&number.to_string());
                    taken.remove(&number);
                }
                let counted = (least..).find(|number| !taken.contains(number)).unwrap();
                prop_assert_eq!(extensions.lowest_free(least), counted);
                prop_assert_eq!(extensions.holder(&number.to_string()).is_some(), taken.contains(&number));
            }
        }
    }

    #[test]
    fn what_has_leading_zeros_is_another_extension_than_the_number() {
        let (mut extensions, user) = (Extensions::default(), UserId(Uuid::nil()));
        extensions.take("0100", user);
        assert_eq!((extensions.lowest_free(100), extensions.holder("100")), (100, None));
        extensions.take("100", user);
        assert_eq!((extensions.lowest_free(100), extensions.holder("0100")), (101, Some(user)));
    }
}

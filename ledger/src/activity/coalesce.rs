//! Counting acts that come in masses, so that a flood costs one entry a minute.

use super::{Act, COALESCE_FOR, DROPPED};
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::kernel::moment::Moment;
use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};
use uuid::Uuid;

/// Most actors and kinds kept apart in one minute; what is beyond is counted together.
const KINDS_MAX: usize = 10_000;

/// Who, what, about whom and with which particulars: reading two people's histories are two acts.
type Kind = (String, &'static str, Option<Subject>, BTreeMap<String, String>);

/// What was counted since it was last written.
#[derive(Debug, Default)]
pub(super) struct Coalesced {
    counted: HashMap<Kind, Counted>,
    dropped: u64,
    last: Option<Act>,
    /// The first act that was counted since: its id names the count.
    begun: Option<Begun>,
}

/// A count that is not written yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) mark: Uuid,
    pub(super) since: Moment,
}

/// What is to be done about an act.
#[derive(Debug)]
pub(super) enum Noted {
    /// Write it: it is the first of its kind and actor in this minute.
    First(Box<Act>),
    /// It was counted, and a count began with it.
    Begins(Begun),
    /// It was counted.
    Counted,
}

#[derive(Debug)]
struct Counted {
    act: Act,
    more: u64,
    since: Moment,
}

impl Coalesced {
    /// Gives the act back if it is the first of its kind and actor in this minute; else counts it.
    pub(super) fn note(&mut self, act: Act, now: Moment) -> Noted {
        let begins = Begun { mark: act.context.command, since: now };
        match self.first(act) {
            Some(first) => Noted::First(Box::new(first)),
            None if self.begun.is_some() => Noted::Counted,
            None => Noted::Begins(*self.begun.insert(begins)),
        }
    }

    fn first(&mut self, act: Act) -> Option<Act> {
        let full = self.counted.len() >= KINDS_MAX;
        match self.counted.entry((who(&act), act.action, act.subject, act.detail.clone())) {
            Entry::Occupied(mut counted) => {
                counted.get_mut().more += 1;
                counted.get_mut().act = act;
                None
            }
            Entry::Vacant(_) if full => {
                self.dropped += 1;
                self.last = Some(act);
                None
            }
            Entry::Vacant(vacant) => {
                vacant.insert(Counted { act: act.clone(), more: 0, since: act.context.at });
                Some(act)
            }
        }
    }

    /// Takes what is to be written at `now` with the count's mark, and forgets kinds whose minute is over.
    pub(super) fn take(&mut self, now: Moment) -> (Vec<(Act, u64)>, Option<Begun>) {
        let minute = i64::try_from(COALESCE_FOR.as_micros()).unwrap_or(i64::MAX);
        let mut due = Vec::new();
        self.counted.retain(|_, counted| {
            if counted.more > 0 {
                due.push((again(&counted.act), counted.more));
                counted.more = 0;
            }
            now.micros() - counted.since.micros() < minute
        });
        if let Some(last) = self.last.take() {
            let detail = BTreeMap::from([("count".to_owned(), self.dropped.to_string())]);
            due.push((Act { action: DROPPED, subject: None, detail, ..again(&last) }, self.dropped));
            self.dropped = 0;
        }
        (due, self.begun.take())
    }
}

/// The same act as a new command, so that its batch has an id and its salts are its own.
fn again(act: &Act) -> Act {
    let mut act = act.clone();
    act.context.command = Uuid::from_u128(!act.context.command.as_u128());
    act.context.seed = act.context.seed.map(|byte| !byte);
    act
}

fn who(act: &Act) -> String {
    let actor = act.context.actor.user().map(|user| user.to_string());
    actor.or_else(|| act.context.ip.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{ActivityOutcome, DENIED};
    use rollbook_domain::kernel::context::{Actor, Channel, Context};
    use rollbook_domain::kernel::id::UserId;

    fn act(user: u128) -> Act {
        Act {
            context: Context {
                actor: Actor::User(UserId(Uuid::from_u128(user))),
                at: Moment(0),
                seed: [0; 32],
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
            },
            actor_role: None,
            action: DENIED,
            outcome: ActivityOutcome::Refused,
            subject: None,
            judged_at: 1,
            detail: BTreeMap::new(),
        }
    }

    #[test]
    fn the_first_act_of_a_minute_is_written_at_once_and_the_rest_as_a_count() {
        let mut coalesced = Coalesced::default();
        assert!(coalesced.first(act(1)).is_some());
        assert!(coalesced.first(act(1)).is_none());
        assert!(coalesced.first(act(1)).is_none());
        assert!(coalesced.first(act(2)).is_some());
        let counts: Vec<u64> = coalesced.take(Moment(1)).0.into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [2]);
        assert!(coalesced.take(Moment(2)).0.is_empty());
    }

    #[test]
    fn a_count_begins_with_the_first_act_that_is_not_written_and_ends_when_it_is_taken() {
        let mut coalesced = Coalesced::default();
        assert!(matches!(coalesced.note(act(1), Moment(7)), Noted::First(_)));
        assert_eq!(coalesced.take(Moment(1)).1, None);
        let begun = Begun { mark: Uuid::from_u128(1), since: Moment(7) };
        assert!(matches!(coalesced.note(act(1), Moment(7)), Noted::Begins(found) if found == begun));
        assert!(matches!(coalesced.note(act(1), Moment(7)), Noted::Counted));
        assert_eq!(coalesced.take(Moment(2)).1, Some(begun));
        assert!(matches!(coalesced.note(act(1), Moment(7)), Noted::Begins(_)));
    }

    #[test]
    fn acts_about_different_things_are_not_counted_together() {
        let mut coalesced = Coalesced::default();
        let about =
            |what: &str| Act { detail: BTreeMap::from([("what".to_owned(), what.to_owned())]), ..act(1) };
        assert!(coalesced.first(about("access")).is_some());
        assert!(coalesced.first(about("history")).is_some());
        assert!(coalesced.first(about("access")).is_none());
    }

    #[test]
    fn a_minute_later_the_next_act_is_a_first_again() {
        let mut coalesced = Coalesced::default();
        coalesced.first(act(1));
        coalesced.take(Moment(60_000_000));
        assert!(coalesced.first(act(1)).is_some());
    }
}

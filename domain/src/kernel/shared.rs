//! Small shapes that several entities share.

use super::few::FewMap;
use imbl::OrdSet;
use serde::{Deserialize, Serialize};

/// A value and the position of the event that made it so, for answers that say why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since<T> {
    /// The value now.
    pub value: T,
    /// The ledger position of the event that set it.
    pub position: u64,
}

impl<T> Since<T> {
    /// `value`, set by the event at `position`.
    pub fn new(value: T, position: u64) -> Self {
        Self { value, position }
    }
}

/// A small set, and of each element the position of the event that put it in, for answers that say why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Dated<T>", into = "Dated<T>")]
#[serde(bound(serialize = "T: Ord + Clone + Serialize", deserialize = "T: Ord + Deserialize<'de>"))]
pub struct SinceEach<T>(FewMap<T, u64>);

/// How a snapshot holds a set whose elements have positions: both lists in the same order.
#[derive(Serialize, Deserialize)]
pub(crate) struct Dated<T> {
    value: Vec<T>,
    since: Vec<u64>,
}

/// A snapshot whose lists are not of one length.
#[derive(Debug, thiserror::Error)]
#[error("there must be as many positions as elements")]
pub(crate) struct Undated;

impl<T> Dated<T> {
    pub(crate) fn pairs(self) -> Result<impl Iterator<Item = (T, u64)>, Undated> {
        if self.value.len() != self.since.len() {
            return Err(Undated);
        }
        Ok(self.value.into_iter().zip(self.since))
    }
}

impl<T> FromIterator<(T, u64)> for Dated<T> {
    fn from_iter<I: IntoIterator<Item = (T, u64)>>(pairs: I) -> Self {
        let (value, since) = pairs.into_iter().unzip();
        Self { value, since }
    }
}

impl<T: Ord> TryFrom<Dated<T>> for SinceEach<T> {
    type Error = Undated;

    fn try_from(dated: Dated<T>) -> Result<Self, Undated> {
        Ok(Self(dated.pairs()?.collect()))
    }
}

impl<T: Ord + Clone> From<SinceEach<T>> for Dated<T> {
    fn from(set: SinceEach<T>) -> Self {
        set.0.iter().map(|(item, since)| (item.clone(), *since)).collect()
    }
}

impl<T> Default for SinceEach<T> {
    fn default() -> Self {
        Self(FewMap::default())
    }
}

impl<T: Ord> SinceEach<T> {
    /// Since which position `item` is in it; nothing if it is not.
    #[must_use]
    pub fn since(&self, item: &T) -> Option<u64> {
        self.0.get(item).copied()
    }

    /// Whether `item` is in it.
    #[must_use]
    pub fn contains(&self, item: &T) -> bool {
        self.0.contains_key(item)
    }

    /// What is in it, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.0.keys()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Ord + Clone> SinceEach<T> {
    /// `items`, all put in by the event at `position`.
    pub fn new(items: &[T], position: u64) -> Self {
        Self(items.iter().map(|item| (item.clone(), position)).collect())
    }

    /// The set alone.
    #[must_use]
    pub fn set(&self) -> OrdSet<T> {
        self.iter().cloned().collect()
    }

    /// Without `removed` and with `added` since `position`; what was there before is there since it was.
    #[must_use]
    pub fn changed(&self, added: &[T], removed: &[T], position: u64) -> Self {
        let kept = self.0.iter().filter(|(item, _)| !removed.contains(item));
        let kept = kept.map(|(item, since)| (item.clone(), *since));
        // Of equal keys the last stays: what was kept.
        Self(added.iter().map(|item| (item.clone(), position)).chain(kept).collect())
    }
}

/// Whether a thing is in use or put away. Nothing is deleted: what is archived can be restored under its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In use.
    Active,
    /// Put away.
    Archived,
}

impl Standing {
    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// Takes `removed` out of `set` and puts `added` in.
pub fn change_set<T: Ord + Clone>(set: &mut OrdSet<T>, added: &[T], removed: &[T]) {
    for item in removed {
        set.remove(item);
    }
    set.extend(added.iter().cloned());
}

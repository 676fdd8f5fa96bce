//! Small sorted sets and maps, for what one person or role has a handful of: one piece of memory, read in one go
//! without allocating. A clone costs nothing; a change copies the whole.
//!
//! Not for what grows with the organization (a group's members, say): there a persistent tree copies less.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A small map in the order of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FewMap<K, V>(Arc<[(K, V)]>);

impl<K, V> Default for FewMap<K, V> {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl<K: Ord, V> FewMap<K, V> {
    /// What `key` maps to.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        let place = self.0.binary_search_by(|(one, _)| one.cmp(key)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// Whether `key` maps to anything.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Keys and values, in the order of keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// How many keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Ord + Clone, V: Clone> FewMap<K, V> {
    /// Maps `key` to `value`, whatever it mapped to.
    pub fn insert(&mut self, key: K, value: V) {
        let others = self.0.iter().filter(|(one, _)| *one != key).cloned();
        *self = others.chain([(key.clone(), value)]).collect();
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &K) {
        if self.contains_key(key) {
            self.0 = self.0.iter().filter(|(one, _)| one != key).cloned().collect();
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for FewMap<K, V> {
    /// Of equal keys the last stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect::<BTreeMap<K, V>>().into_iter().collect())
    }
}

impl<K: Serialize, V: Serialize> Serialize for FewMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for FewMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<K, V>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// A small set in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FewSet<T>(FewMap<T, ()>);

impl<T> Default for FewSet<T> {
    fn default() -> Self {
        Self(FewMap::default())
    }
}

impl<T: Ord> FewSet<T> {
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

impl<T: Ord + Clone> FewSet<T> {
    /// Puts `item` in.
    pub fn insert(&mut self, item: T) {
        if !self.contains(&item) {
            self.0.insert(item, ());
        }
    }

    /// Takes `item` out.
    pub fn remove(&mut self, item: &T) {
        self.0.remove(item);
    }
}

impl<T: Ord> FromIterator<T> for FewSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().map(|item| (item, ())).collect())
    }
}

impl<T: Ord + Serialize> Serialize for FewSet<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: DeserializeOwned + Ord> Deserialize<'de> for FewSet<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeSet::<T>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_does_what_the_map_of_the_standard_library_does(
            steps in prop::collection::vec((0u8..20, any::<Option<u8>>()), 0..60),
        ) {
            let (mut few, mut std) = (FewMap::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => {
                        few.insert(key, value);
                        std.insert(key, value);
                    }
                    None => {
                        few.remove(&key);
                        std.remove(&key);
                    }
                }
                prop_assert!(few.iter().eq(std.iter()));
                prop_assert_eq!(few.get(&key), std.get(&key));
            }
            let json = serde_json::to_string(&few).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&std).unwrap());
            prop_assert_eq!(serde_json::from_str::<FewMap<u8, u8>>(&json).unwrap(), few);
        }
    }

    #[test]
    fn a_set_is_written_as_a_list_in_order() {
        let set: FewSet<u8> = [3, 1, 3].into_iter().collect();
        assert_eq!(serde_json::to_string(&set).unwrap(), "[1,3]");
        assert_eq!(serde_json::from_str::<FewSet<u8>>("[3,1]").unwrap(), set);
    }
}

//! Keys as one text, as QueueMetrics writes them: `A B -C`. What a word means is looked up elsewhere.

use super::state::Key;
use crate::kernel::id::KeyId;
use crate::organization::state::Organization;
use crate::user::state::KeyEntry;

/// The words of a text of keys, each with its minus if it has one.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

/// The text of some keys: those that are held by name, then those that are taken away.
#[must_use]
pub fn text(organization: &Organization, entries: impl Iterator<Item = KeyEntry>) -> String {
    let mut words: Vec<_> = entries.map(|entry| (entry.minus, name(organization, entry.key))).collect();
    words.sort_unstable();
    let written: Vec<_> =
        words.iter().map(|(minus, name)| format!("{}{name}", if *minus { "-" } else { "" })).collect();
    written.join(" ")
}

fn name(organization: &Organization, id: KeyId) -> String {
    organization.keys.get(&id).map_or_else(|| id.to_string(), |key: &std::sync::Arc<Key>| key.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::Kind;
    use crate::kernel::spec::{World, world};
    use crate::key::command::{KeyCommand, KeyEdit};
    use imbl::OrdSet;
    use proptest::prelude::*;

    /// Reads a text as the API does.
    fn read(world: &World, text: &str) -> OrdSet<KeyEntry> {
        let entry = |word: &str| {
            let (minus, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
            KeyEntry { key: KeyId(world.find(Kind::Key, name).unwrap()), minus }
        };
        words(text).map(entry).collect()
    }

    #[test]
    fn a_text_has_what_is_held_by_name_and_then_what_is_taken_away() {
        let mut world = world();
        for name in ["b", "A", "Ç"] {
            world.act(KeyCommand::Create(KeyEdit { name: Some(name.into()), ..KeyEdit::default() }));
        }
        let entries = read(&world, " -GATE  b\u{a0}\tA -Ç ");
        assert_eq!(text(&world, entries.into_iter()), "A b -GATE -Ç");
        assert_eq!(text(&world, std::iter::empty()), "");
    }

    proptest! {
        #[test]
        fn a_text_of_keys_reads_as_the_keys_it_was_made_of(
            names in proptest::collection::btree_set("[A-Za-z_|.:ÄßΩ0-9][A-Za-z_|.:ÄßΩ0-9-]{0,8}", 1..12),
            picks in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..20),
        ) {
            let mut world = world();
            let taken = |world: &World, name: &str| world.by_name(Kind::Key, name).is_some();
            for name in names {
                if !taken(&world, &name) {
                    world.act(KeyCommand::Create(KeyEdit { name: Some(name), ..KeyEdit::default() }));
                }
            }
            let keys: Vec<_> = world.keys.keys().copied().collect();
            let entries: OrdSet<_> =
                picks.iter().map(|(pick, minus)| KeyEntry { key: *pick.get(&keys), minus: *minus }).collect();
            let text = text(&world, entries.iter().copied());
            prop_assert_eq!(read(&world, &text), entries.clone());
            prop_assert_eq!(read(&world, &text.to_lowercase()).len(), entries.len());
        }
    }
}

//! Keys as bodies write them: a list of words, or one text with spaces between them (`A B -C`), and how they become ids.

use super::refer::Names;
use crate::error::Problem;
use rollbook_domain::kernel::id::{KeyId, Kind};
use rollbook_domain::kernel::rejection::FieldError;
use rollbook_domain::key::words::words;
use rollbook_domain::user::state::KeyEntry;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::fmt;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Most wrong words that one answer names.
const ERRORS_MAX: usize = 20;
/// Longest word that an error repeats, in characters.
const NAMED_CHARS_MAX: usize = 64;

/// Keys by name or id: a list, or one text with spaces between them.
#[derive(Debug)]
pub(crate) enum KeyWords {
    /// A list.
    List(Vec<String>),
    /// One text.
    Text(String),
}

impl<'de> Deserialize<'de> for KeyWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

impl PartialSchema for KeyWords {
    fn schema() -> RefOr<Schema> {
        let one_of = OneOfBuilder::new().item(Vec::<String>::schema()).item(String::schema());
        one_of.description(Some("Keys by name or id: a list, or one text with spaces between them.")).into()
    }
}

impl ToSchema for KeyWords {}

struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = KeyWords;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of keys, or one text with spaces between them")
    }

    fn visit_str<E>(self, text: &str) -> Result<KeyWords, E> {
        Ok(KeyWords::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<KeyWords, A::Error> {
        let mut list = Vec::new();
        while let Some(word) = items.next_element()? {
            list.push(word);
        }
        Ok(KeyWords::List(list))
    }
}

impl KeyWords {
    /// A user's own keys: `A`, or `-A` for what is taken away.
    ///
    /// # Errors
    /// 422 naming each word that means no key.
    pub(super) fn entries(&self, names: &Names<'_>, pointer: &str) -> Result<Vec<KeyEntry>, Problem> {
        self.read(pointer, |word| {
            let (minus, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
            names.find(Kind::Key, name).map(|key| KeyEntry { key: KeyId(key), minus })
        })
    }

    /// The keys of a role, of which none is taken away.
    ///
    /// # Errors
    /// 422 naming each word that means no key.
    pub(super) fn keys(&self, names: &Names<'_>, pointer: &str) -> Result<Vec<KeyId>, Problem> {
        self.read(pointer, |word| names.find(Kind::Key, word).map(KeyId))
    }

    fn read<T>(&self, pointer: &str, meaning: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Problem> {
        let (mut read, mut errors) = (Vec::new(), Vec::new());
        for (place, word) in self.words().enumerate() {
            match meaning(word) {
                Some(key) => read.push(key),
                None if errors.len() < ERRORS_MAX => errors.push(self.unknown(pointer, place, word)),
                None => break,
            }
        }
        if errors.is_empty() { Ok(read) } else { Err(Problem::invalid(errors)) }
    }

    fn words(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::List(list) => Box::new(list.iter().map(String::as_str)),
            Self::Text(text) => Box::new(words(text)),
        }
    }

    /// A pointer leads to the place in a list; into a text it does not, so the word itself is named.
    fn unknown(&self, pointer: &str, place: usize, word: &str) -> FieldError {
        let code = "no_such_key";
        match self {
            Self::List(_) => FieldError::new(&format!("{pointer}/{place}"), code, "there is no such key"),
            Self::Text(_) if word.chars().count() <= NAMED_CHARS_MAX => {
                FieldError::new(pointer, code, &format!("there is no key `{word}`"))
            }
            Self::Text(_) => FieldError::new(pointer, code, &format!("word {} is no key", place + 1)),
        }
    }
}

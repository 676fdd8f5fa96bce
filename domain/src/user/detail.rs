//! What an account holds beside login, name, e-mail address and role: a closed list, of which each catalog offers some
//! under limits of its own.
//!
//! Not here: whether an extension is free, and who may set what; that is said by `account` and the catalog's grants.

use super::window::TimeZone;
use crate::kernel::personal::Personal;
use crate::kernel::rejection::FieldError;
use crate::kernel::text;
use crate::permission::catalog::Origin;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most items of a list (codecs, call groups).
const LIST_MAX: usize = 64;
/// Longest word of a list, context or language, in characters.
const WORD_CHARS_MAX: usize = 80;
/// Most digits of an extension.
pub const EXTENSION_DIGITS_MAX: usize = 9;
/// Most conversations at a time.
const CHATS_MAX: u32 = 100;

/// The details there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Free text about the user.
    Comment,
    /// A telephone number to reach the person at.
    Phone,
    /// The internal number; no two users have the same.
    Extension,
    /// The language that the person is spoken to in.
    Language,
    /// The person's time zone.
    TimeZone,
    /// How the telephone is connected.
    Transport,
    /// How the telephone is reached behind a firewall.
    Nat,
    /// The codecs of a call, the preferred first.
    Codecs,
    /// The dial plan's context of calls from the telephone.
    Context,
    /// The groups that a call to the telephone is placed in.
    CallGroups,
    /// The groups whose calls the telephone may pick up.
    PickupGroups,
    /// Conversations at the same time.
    MaxChats,
    /// Whether the person is notified of conversations.
    Notify,
}

/// What is asked for, and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Plain {
    /// On or off.
    Flag(bool),
    /// A count.
    Number(u32),
    /// Several words, in order.
    List(Vec<String>),
    /// A text.
    Text(String),
}

/// What is kept of a detail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DetailValue {
    /// Of nobody in particular.
    Plain(Plain),
    /// A text about the person.
    Personal(Personal),
}

/// Details to set; null takes one away.
pub type Details = BTreeMap<Detail, Option<Plain>>;

/// What a catalog says of a detail that it offers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailRow {
    /// Which one.
    pub name: Detail,
    /// The words that there are to choose from.
    #[serde(default)]
    pub words: Vec<String>,
    /// What is shown where nothing was set.
    pub default: Option<Plain>,
    /// Exactly how many digits an extension has.
    pub digits: Option<usize>,
    /// Whether a new user gets the lowest free extension unless one is given.
    #[serde(default)]
    pub automatic: bool,
    /// Where the row comes from.
    #[serde(rename = "from")]
    pub origin: Origin,
    /// For people; decides nothing.
    #[serde(default)]
    pub note: String,
}

impl Detail {
    /// Every detail.
    pub const ALL: [Self; 13] = [
        Self::Comment,
        Self::Phone,
        Self::Extension,
        Self::Language,
        Self::TimeZone,
        Self::Transport,
        Self::Nat,
        Self::Codecs,
        Self::Context,
        Self::CallGroups,
        Self::PickupGroups,
        Self::MaxChats,
        Self::Notify,
    ];

    /// The word in the API, in catalogs and among the fields of a limit.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Phone => "phone",
            Self::Extension => "extension",
            Self::Language => "language",
            Self::TimeZone => "time_zone",
            Self::Transport => "transport",
            Self::Nat => "nat",
            Self::Codecs => "codecs",
            Self::Context => "context",
            Self::CallGroups => "call_groups",
            Self::PickupGroups => "pickup_groups",
            Self::MaxChats => "max_chats",
            Self::Notify => "notify",
        }
    }

    /// Whether it tells of the person, and goes with an erasure.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Comment | Self::Phone | Self::Extension)
    }

    fn has_words(self) -> bool {
        matches!(self, Self::Transport | Self::Nat | Self::Codecs)
    }
}

impl Plain {
    /// Whether it says nothing, as a form's field does that was cleared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Flag(_) | Self::Number(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Text(text) => text.trim().is_empty(),
        }
    }
}

impl DetailValue {
    /// As it is shown, `[erased]` if it was.
    #[must_use]
    pub fn shown(&self) -> Plain {
        match self {
            Self::Plain(plain) => plain.clone(),
            Self::Personal(text) => Plain::Text(text.text().to_owned()),
        }
    }

    /// What it says, unless it was erased.
    #[must_use]
    pub fn clear(&self) -> Option<Plain> {
        match self {
            Self::Plain(plain) => Some(plain.clone()),
            Self::Personal(text) => text.clear().map(|text| Plain::Text(text.to_owned())),
        }
    }

    /// What is left of it after an erasure.
    #[must_use]
    pub fn erased(&self) -> Self {
        match self {
            Self::Plain(plain) => Self::Plain(plain.clone()),
            Self::Personal(text) => Self::Personal(text.erased()),
        }
    }
}

impl DetailRow {
    /// Whether the row makes sense, and its default is one that it accepts.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_extension = self.name == Detail::Extension;
        self.name.has_words() != self.words.is_empty()
            && (is_extension || (self.digits.is_none() && !self.automatic))
            && !(self.automatic && self.digits.is_some())
            && self.digits.is_none_or(|digits| (1..=EXTENSION_DIGITS_MAX).contains(&digits))
            && self.default.as_ref().is_none_or(|value| self.accept("", value).is_ok())
    }

    /// The value as it is kept.
    ///
    /// # Errors
    /// What is wrong with it, at `pointer`.
    pub fn accept(&self, pointer: &str, value: &Plain) -> Result<Plain, FieldError> {
        let accepted = match (self.name, value) {
            (Detail::Comment, Plain::Text(value)) => return text::free(pointer, value).map(Plain::Text),
            (Detail::Phone, Plain::Text(value)) => return text::word(pointer, value).map(Plain::Text),
            (Detail::Extension, Plain::Text(value)) => {
                self.is_extension(value.trim()).then(|| Plain::Text(value.trim().to_owned()))
            }
            (Detail::Language, Plain::Text(value)) => {
                is_language(value.trim()).then(|| Plain::Text(value.trim().to_owned()))
            }
            (Detail::TimeZone, Plain::Text(value)) => {
                value.trim().parse::<TimeZone>().ok().map(|zone| Plain::Text(zone.to_string()))
            }
            (Detail::Transport | Detail::Nat, Plain::Text(word)) => {
                self.words.contains(word).then(|| value.clone())
            }
            (Detail::Codecs, Plain::List(items)) => (are_distinct(items)
                && items.iter().all(|item| self.words.contains(item)))
            .then(|| value.clone()),
            (Detail::Context, Plain::Text(word)) => is_word(word).then(|| value.clone()),
            (Detail::CallGroups | Detail::PickupGroups, Plain::List(items)) => {
                (are_distinct(items) && items.iter().all(|item| is_word(item))).then(|| value.clone())
            }
            (Detail::MaxChats, Plain::Number(number)) => (*number <= CHATS_MAX).then(|| value.clone()),
            (Detail::Notify, Plain::Flag(_)) => Some(value.clone()),
            (_, _) => None,
        };
        let wanted = || FieldError::new(pointer, "not_acceptable", &format!("must be {}", self.wanted()));
        accepted.ok_or_else(wanted)
    }

    fn is_extension(&self, text: &str) -> bool {
        let bounds = self.digits.map_or(1..=EXTENSION_DIGITS_MAX, |digits| digits..=digits);
        bounds.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// What [`accept`](Self::accept) wants, for an error message.
    fn wanted(&self) -> String {
        let words = || self.words.join(", ");
        match self.name {
            Detail::Comment | Detail::Phone => "a text".to_owned(),
            Detail::Extension => match self.digits {
                Some(digits) => format!("a text of exactly {digits} digits"),
                None => format!("a text of 1 to {EXTENSION_DIGITS_MAX} digits"),
            },
            Detail::Language => "a language tag, for example `es` or `pt-BR`".to_owned(),
            Detail::TimeZone => "a time zone of the IANA database, for example `Europe/Madrid`".to_owned(),
            Detail::Transport | Detail::Nat => format!("one of {}", words()),
            Detail::Codecs => format!("a list of some of {}, each once", words()),
            Detail::Context => "a word of letters, digits, `.`, `_` and `-`".to_owned(),
            Detail::CallGroups | Detail::PickupGroups => {
                format!("a list of at most {LIST_MAX} words of letters, digits, `.`, `_` and `-`, each once")
            }
            Detail::MaxChats => format!("a number from 0 to {CHATS_MAX}"),
            Detail::Notify => "true or false".to_owned(),
        }
    }
}

fn are_distinct(items: &[String]) -> bool {
    items.len() <= LIST_MAX && items.iter().collect::<BTreeSet<_>>().len() == items.len()
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=WORD_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// A primary language of two or three letters and what follows it, as in BCP 47 or as Asterisk writes it.
fn is_language(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && text.len() <= WORD_CHARS_MAX
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: Detail) -> DetailRow {
        let words = if name.has_words() { vec!["ulaw".to_owned(), "alaw".to_owned()] } else { Vec::new() };
        let (default, digits, note) = (None, None, String::new());
        DetailRow { name, words, default, digits, automatic: false, origin: Origin::Chosen, note }
    }

    fn accepts(row: &DetailRow, json: &str) -> bool {
        row.accept("/x", &serde_json::from_str(json).unwrap()).is_ok()
    }

    #[test]
    fn a_detail_accepts_values_of_its_kind_inside_its_limits_and_no_others() {
        for (name, good, bad) in [
            (Detail::Comment, r#""two\nlines""#, "1"),
            (Detail::Phone, r#""+34 600 000 000""#, r#""two\nlines""#),
            (Detail::Extension, r#""0017""#, r#""12a""#),
            (Detail::Extension, r#""123456789""#, r#""1234567890""#),
            (Detail::Language, r#""es_MX""#, r#""spanish""#),
            (Detail::Language, r#""pt-BR""#, r#""e""#),
            (Detail::TimeZone, r#""Europe/Madrid""#, r#""Europe/Atlantis""#),
            (Detail::Transport, r#""ulaw""#, r#""ULAW""#),
            (Detail::Codecs, r#"["alaw","ulaw"]"#, r#"["alaw","alaw"]"#),
            (Detail::Codecs, r#"["alaw"]"#, r#"["mp3"]"#),
            (Detail::Context, r#""from-sip""#, r#""from sip""#),
            (Detail::CallGroups, r#"["1","sales"]"#, r#"["a,b"]"#),
            (Detail::MaxChats, "100", "101"),
            (Detail::Notify, "false", "0"),
        ] {
            assert!(accepts(&row(name), good), "{name:?} {good}");
            assert!(!accepts(&row(name), bad), "{name:?} {bad}");
        }
        let four = DetailRow { digits: Some(4), ..row(Detail::Extension) };
        assert!(accepts(&four, r#""0001""#) && !accepts(&four, r#""001""#) && !accepts(&four, r#""00001""#));
    }

    #[test]
    fn words_in_the_api_are_those_of_the_ledger() {
        for detail in Detail::ALL {
            assert_eq!(serde_json::to_value(detail).unwrap(), detail.word());
        }
    }

    #[test]
    fn a_row_that_says_what_its_detail_has_not_is_unsound() {
        assert!(row(Detail::Comment).is_sound() && row(Detail::Nat).is_sound());
        let unsound = [
            DetailRow { automatic: true, ..row(Detail::Phone) },
            DetailRow { words: Vec::new(), ..row(Detail::Nat) },
            DetailRow { digits: Some(99), ..row(Detail::Extension) },
            DetailRow { default: Some(Plain::Flag(true)), ..row(Detail::MaxChats) },
        ];
        assert!(unsound.iter().all(|row| !row.is_sound()));
    }
}

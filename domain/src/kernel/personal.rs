//! Personal values: committed in the entry, kept apart, erasable.
//!
//! A [`Personal`] is a text about a person. In an entry it stands as `commit:` and the base64url of
//! `SHA-256(salt ‖ value)`; salt and value live in a table that can be deleted. This module knows the
//! commitment and how to take values out of JSON and put them back; it does not know the table.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The prefix of every commitment; other text beginning so is refused at the edge.
pub const COMMIT_PREFIX: &str = "commit:";

/// What a reader sees of a value that was erased.
pub const ERASED: &str = "[erased]";

/// The member that marks a personal value in JSON that has not been sealed.
const MARK: &str = "$personal";

/// A random salt; 16 bytes.
pub type Salt = [u8; 16];

/// A text about a person, or what is left of it after erasure.
#[derive(Clone, Debug)]
pub enum Personal {
    /// The value in the clear, with the salt of its commitment.
    Clear {
        /// The text itself.
        value: Arc<str>,
        /// The salt it was committed with.
        salt: Salt,
    },
    /// Only the commitment is left.
    Erased {
        /// `commit:` and 43 characters.
        commitment: Arc<str>,
    },
}

impl Personal {
    /// A value with its salt.
    #[must_use]
    pub fn new(value: &str, salt: Salt) -> Self {
        Self::Clear { value: value.into(), salt }
    }

    /// The text, or `[erased]`.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Clear { value, .. } => value,
            Self::Erased { .. } => ERASED,
        }
    }

    /// The text, unless it was erased.
    #[must_use]
    pub fn clear(&self) -> Option<&str> {
        match self {
            Self::Clear { value, .. } => Some(value),
            Self::Erased { .. } => None,
        }
    }

    /// What stands for this value in the entry.
    #[must_use]
    pub fn commitment(&self) -> String {
        match self {
            Self::Clear { value, salt } => commitment(salt, value),
            Self::Erased { commitment } => commitment.to_string(),
        }
    }

    /// The same value with the text taken away; what is erased stays erased.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self::Erased { commitment: self.commitment().into() }
    }
}

impl PartialEq for Personal {
    /// Equal texts are equal whatever their salts; an erased value equals only itself.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Clear { value: a, .. }, Self::Clear { value: b, .. }) => a == b,
            (Self::Erased { commitment: a }, Self::Erased { commitment: b }) => a == b,
            (Self::Clear { .. }, Self::Erased { .. }) | (Self::Erased { .. }, Self::Clear { .. }) => false,
        }
    }
}

impl Eq for Personal {}

impl Serialize for Personal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = match self {
            Self::Clear { value, salt } => Marked {
                value: Some(value.to_string()),
                salt: Some(URL_SAFE_NO_PAD.encode(salt)),
                commitment: None,
            },
            Self::Erased { commitment } => {
                Marked { value: None, salt: None, commitment: Some(commitment.to_string()) }
            }
        };
        serializer.collect_map([(MARK, inner)])
    }
}

impl<'de> Deserialize<'de> for Personal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wrapper {
            #[serde(rename = "$personal")]
            inner: Marked,
        }
        let Marked { value, salt, commitment } = Wrapper::deserialize(deserializer)?.inner;
        match (value, salt, commitment) {
            (Some(value), Some(salt), None) => Ok(Self::Clear {
                value: value.into(),
                salt: parse_salt(&salt).ok_or_else(|| D::Error::custom("bad salt"))?,
            }),
            (None, None, Some(commitment)) => Ok(Self::Erased { commitment: commitment.into() }),
            _ => Err(D::Error::custom("a personal value is a value with a salt, or a commitment")),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marked {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
}

fn parse_salt(text: &str) -> Option<Salt> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// `commit:` and the base64url (no padding) of `SHA-256(salt ‖ value)`.
#[must_use]
pub fn commitment(salt: &Salt, value: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(value.as_bytes()).finalize();
    format!("{COMMIT_PREFIX}{}", URL_SAFE_NO_PAD.encode(digest))
}

/// Whether `text` is the commitment of `value` with this salt.
#[must_use]
pub fn commits(text: &str, salt: &Salt, value: &str) -> bool {
    let digest = Sha256::new().chain_update(salt).chain_update(value.as_bytes()).finalize();
    let mut encoded = [0; 43];
    let length = URL_SAFE_NO_PAD.encode_slice(digest, &mut encoded);
    length == Ok(encoded.len())
        && text.strip_prefix(COMMIT_PREFIX).is_some_and(|rest| rest.as_bytes() == encoded)
}

/// Writes a value in its marked form, as JSON.
pub fn write_clear(json: &mut String, salt: &Salt, value: &str) {
    json.push_str(r#"{"$personal":{"salt":""#);
    URL_SAFE_NO_PAD.encode_string(salt, json);
    json.push_str(r#"","value":"#);
    json.push_str(&Value::from(value).to_string());
    json.push_str("}}");
}

/// Writes what is left of an erased value in its marked form, as JSON.
pub fn write_erased(json: &mut String, commitment: &str) {
    json.push_str(r#"{"$personal":{"commitment":"#);
    json.push_str(&Value::from(commitment).to_string());
    json.push_str("}}");
}

/// One value taken out of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The salt of its commitment.
    pub salt: Salt,
    /// The text.
    pub value: Arc<str>,
}

/// Replaces every personal value in `json` by its commitment.
///
/// Returns one item per commitment in canonical order (members sorted, as RFC 8785 writes them):
/// `Some` for a value in the clear, `None` for one that was erased before.
pub fn seal(json: &mut Value) -> Vec<Option<Opened>> {
    let mut taken = Vec::new();
    seal_into(json, &mut taken);
    taken
}

fn seal_into(json: &mut Value, taken: &mut Vec<Option<Opened>>) {
    if let Some((text, opened)) = marked(json) {
        *json = Value::String(text);
        taken.push(opened);
        return;
    }
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| seal_into(item, taken)),
        Value::Object(members) => in_canonical_order(members, |value| seal_into(value, taken)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Member names are ASCII, so the order of bytes is the UTF-16 order of RFC 8785.
fn in_canonical_order(members: &mut Map<String, Value>, mut each: impl FnMut(&mut Value)) {
    let mut sorted: Vec<_> = members.iter_mut().collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    sorted.into_iter().for_each(|(_, value)| each(value));
}

/// Whether this is one personal value in its marked form.
#[must_use]
pub fn is_marked(json: &Value) -> bool {
    inside(json).is_some()
}

/// What a marked value holds, borrowed.
enum Inside<'a> {
    Clear { value: &'a str, salt: Salt },
    Erased { commitment: &'a str },
}

/// By hand, since every entry is walked for them when it is sealed.
fn inside(json: &Value) -> Option<Inside<'_>> {
    let members = json.as_object().filter(|members| members.len() == 1)?.get(MARK)?.as_object()?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    match members.len() {
        2 => Some(Inside::Clear { value: text("value")?, salt: parse_salt(text("salt")?)? }),
        1 => Some(Inside::Erased { commitment: text("commitment")? }),
        _ => None,
    }
}

fn marked(json: &Value) -> Option<(String, Option<Opened>)> {
    match inside(json)? {
        Inside::Clear { value, salt } => {
            Some((commitment(&salt, value), Some(Opened { salt, value: value.into() })))
        }
        Inside::Erased { commitment } => Some((commitment.to_owned(), None)),
    }
}

/// Puts personal values back in the place of their commitments; the inverse of [`seal`].
///
/// `lookup(ordinal, commitment)` gives the value of the n-th commitment in canonical order, `Ok(None)` if it
/// was erased.
///
/// # Errors
/// Whatever `lookup` says of a value that is neither there nor erased.
pub fn reveal<E>(
    json: &mut Value,
    lookup: &mut impl FnMut(usize, &str) -> Result<Option<Opened>, E>,
) -> Result<usize, E> {
    let mut next = 0;
    reveal_from(json, &mut next, lookup)?;
    Ok(next)
}

fn reveal_from<E>(
    json: &mut Value,
    next: &mut usize,
    lookup: &mut impl FnMut(usize, &str) -> Result<Option<Opened>, E>,
) -> Result<(), E> {
    match json {
        Value::String(text) if text.starts_with(COMMIT_PREFIX) => {
            let opened = lookup(*next, text)?;
            *next += 1;
            *json = open(text, opened);
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| reveal_from(item, next, lookup)),
        Value::Object(members) => {
            let mut result = Ok(());
            in_canonical_order(members, |value| {
                if result.is_ok() {
                    result = reveal_from(value, next, lookup);
                }
            });
            result
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn open(commitment: &str, opened: Option<Opened>) -> Value {
    let mut inner = Map::new();
    match opened {
        Some(Opened { salt, value }) => {
            inner.insert("salt".into(), URL_SAFE_NO_PAD.encode(salt).into());
            inner.insert("value".into(), value.as_ref().into());
        }
        None => {
            inner.insert("commitment".into(), commitment.into());
        }
    }
    Value::Object(Map::from_iter([(MARK.to_owned(), Value::Object(inner))]))
}

/// Replaces every personal value by its text or `[erased]`, for people to read.
pub fn plain(json: &mut Value) {
    if let Some((_, opened)) = marked(json) {
        *json = opened.map_or_else(|| ERASED.into(), |opened| opened.value.as_ref().into());
        return;
    }
    match json {
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(members) => members.values_mut().for_each(plain),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        let name = Personal::new("Zoë", [7; 16]);
        let login = Personal::new("zoe", [9; 16]);
        json!({ "name": name, "login": login, "role": "r" })
    }

    #[test]
    fn a_sealed_value_holds_commitments_in_canonical_order_and_no_text() {
        let mut json = sample();
        let taken = seal(&mut json);
        assert!(!json.to_string().contains("zoe"));
        let texts: Vec<_> = taken.iter().flatten().map(|opened| opened.value.as_ref()).collect();
        assert_eq!(texts, ["zoe", "Zoë"]);
        assert_eq!(json["login"], commitment(&[9; 16], "zoe"));
        assert_eq!(json["login"].as_str().map(str::len), Some(COMMIT_PREFIX.len() + 43));
    }

    #[test]
    fn revealing_undoes_sealing() {
        let mut json = sample();
        let taken = seal(&mut json);
        let count = reveal(&mut json, &mut |ordinal, _| Ok::<_, ()>(taken[ordinal].clone())).unwrap();
        assert_eq!((count, json), (2, sample()));
    }

    #[test]
    fn what_is_written_as_text_is_what_is_revealed() {
        let (salt, value) = ([200; 16], "Zoë \"\\\n");
        let mut text = String::new();
        write_clear(&mut text, &salt, value);
        let personal: Personal = serde_json::from_str(&text).unwrap();
        assert_eq!((personal.text(), personal.commitment()), (value, commitment(&salt, value)));
        let of = commitment(&salt, value);
        assert!(commits(&of, &salt, value));
        assert!(
            !commits(&of, &salt, "Zoe") && !commits(&of, &[1; 16], value) && !commits(&of[1..], &salt, value)
        );
        text.clear();
        write_erased(&mut text, &of);
        assert_eq!(serde_json::from_str::<Personal>(&text).unwrap(), personal.erased());
    }

    #[test]
    fn an_erased_value_keeps_its_commitment_and_reads_erased() {
        let mut json = sample();
        seal(&mut json);
        let sealed = json.clone();
        reveal(&mut json, &mut |_, _| Ok::<_, ()>(None)).unwrap();
        let mut again = json.clone();
        seal(&mut again);
        assert_eq!(again, sealed);
        plain(&mut json);
        assert_eq!(json, json!({ "name": "[erased]", "login": "[erased]", "role": "r" }));
    }

    #[test]
    fn two_erased_values_of_the_same_text_are_not_equal() {
        let a = Personal::new("x", [1; 16]).erased();
        let b = Personal::new("x", [2; 16]).erased();
        assert_ne!(a, b);
        assert_eq!(Personal::new("x", [1; 16]), Personal::new("x", [2; 16]));
    }
}

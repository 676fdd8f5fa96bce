//! What an entry may hold, so that every reader in every language hashes and shows the same thing.
//!
//! Not here: whether the event makes sense; that is the domain's and was decided before.

use serde_json::{Number, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{DEPTH_MAX, Entry, EntryError, INTEGER_LIMIT};

const NAME_BYTES_MAX: usize = 255;

/// Checks everything but the length of the canonical form.
pub(super) fn entry(entry: &Entry) -> Result<(), EntryError> {
    if entry.position == 0 || entry.position >= INTEGER_LIMIT {
        return Err(EntryError::Position(entry.position));
    }
    name("/ledger/id", &entry.ledger.id)?;
    name("/type", &entry.event_type)?;
    name("/version", &entry.version)?;
    for (key, value) in &entry.metadata {
        member_name(key, "/metadata")?;
        text(value, &|| format!("/metadata/{key}"))?;
    }
    if !entry.payload.is_object() {
        return Err(EntryError::NotAnObject);
    }
    value(&entry.payload, &mut Path { names: vec!["payload"] })
}

/// Where in the entry the check is; turned into a JSON pointer only when something is wrong there.
struct Path<'a> {
    names: Vec<&'a str>,
}

impl Path<'_> {
    fn pointer(&self) -> String {
        self.names
            .iter()
            .fold(String::new(), |path, name| path + "/" + &name.replace('~', "~0").replace('/', "~1"))
    }
}

fn value<'a>(value_: &'a Value, path: &mut Path<'a>) -> Result<(), EntryError> {
    if path.names.len() > DEPTH_MAX && (value_.is_object() || value_.is_array()) {
        return Err(EntryError::TooDeep { at: path.pointer() });
    }
    match value_ {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => integer(number, path),
        Value::String(string) => text(string, &|| path.pointer()),
        Value::Array(items) => items.iter().try_for_each(|item| below(item, "-", path)),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            if !is_member_name(key) {
                return Err(EntryError::MemberName { at: path.pointer() });
            }
            below(member, key, path)
        }),
    }
}

fn below<'a>(member: &'a Value, key: &'a str, path: &mut Path<'a>) -> Result<(), EntryError> {
    path.names.push(key);
    let checked = value(member, path);
    path.names.pop();
    checked
}

fn name(at: &'static str, value: &str) -> Result<(), EntryError> {
    if value.is_empty() || value.len() > NAME_BYTES_MAX {
        return Err(EntryError::Name { at, bytes: value.len() });
    }
    text(value, &|| at.to_owned())
}

fn member_name(key: &str, at: &str) -> Result<(), EntryError> {
    if is_member_name(key) { Ok(()) } else { Err(EntryError::MemberName { at: at.to_owned() }) }
}

/// Printable ASCII sorts alike by byte and by UTF-16 unit, so the canonical order needs no table.
fn is_member_name(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn text(value: &str, at: &dyn Fn() -> String) -> Result<(), EntryError> {
    if value.contains('\0') {
        return Err(EntryError::Nul { at: at() });
    }
    if value.is_ascii() || is_nfc(value) { Ok(()) } else { Err(EntryError::NotNormalized { at: at() }) }
}

fn is_nfc(value: &str) -> bool {
    match is_nfc_quick(value.chars()) {
        IsNormalized::Yes => true,
        IsNormalized::No => false,
        IsNormalized::Maybe => value.nfc().eq(value.chars()),
    }
}

fn integer(number: &Number, path: &Path<'_>) -> Result<(), EntryError> {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    if magnitude.is_some_and(|magnitude| magnitude < INTEGER_LIMIT) {
        return Ok(());
    }
    Err(EntryError::Number { at: path.pointer() })
}

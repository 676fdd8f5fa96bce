//! Checked rows to events for a fold: the same answer as [`super::decode()`], in one pass over each text.
//!
//! Metadata is checked and, but for who did it, dropped; for whoever wants to read it there is [`super::decode()`].

use super::decode::{DecodeFailure, Missing};
use super::owners::Owners;
use super::upcast;
use crate::store::{Checked, PersonalRow, PersonalValue};
use rollbook_domain::event::Event;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{Subject, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::{self, COMMIT_PREFIX};
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use uuid::Uuid;

/// What a fold needs of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Its position in the ledger.
    pub position: u64,
    /// When.
    pub at: Moment,
    /// Who did it.
    pub by: Actor,
    /// What.
    pub event: Event,
    /// Personal values that are gone; each must be explained by an erasure request in the same ledger.
    pub missing: Vec<Missing>,
}

/// Reads a row of an organization's change ledger for a fold.
///
/// # Errors
/// As [`super::decode()`].
pub fn happened(row: &Checked) -> Result<Happened, DecodeFailure> {
    let position = row.position;
    let unread = |_| DecodeFailure::Column { position, column: "metadata" };
    let members = Members::read(&row.metadata).map_err(unread)?;
    columns(row, &members)?;
    let mut values = Values::new(position, &row.personal, &members)?;
    for (name, text) in &members.0 {
        if text.starts_with(COMMIT_PREFIX) {
            values.next(text, |owners| owners.of_metadata(name))?;
        }
    }
    let event = event(row, &mut values)?;
    let by = members.actor().ok_or(DecodeFailure::Actor { position })?;
    Ok(Happened { position, at: Moment(row.at_us), by, event, missing: values.end()? })
}

/// The columns beside the entry are not hashed: they hold what the entry's metadata holds, or are not believed.
fn columns(row: &Checked, members: &Members<'_>) -> Result<(), DecodeFailure> {
    let mut buffer = Uuid::encode_buffer();
    let (at, batch) = (Moment(row.at_us).to_string(), row.batch.hyphenated().encode_lower(&mut buffer));
    let columns = [("at", at.as_str()), ("batch", batch), ("actor", row.actor.as_str())];
    match columns.into_iter().find(|(name, column)| members.get(name) != Some(column)) {
        None => Ok(()),
        Some((column, _)) => Err(DecodeFailure::Column { position: row.position, column }),
    }
}

/// The event, read from the payload with its personal values in place of their commitments.
fn event(row: &Checked, values: &mut Values<'_>) -> Result<Event, DecodeFailure> {
    let failed = |source| DecodeFailure::Event { position: row.position, source };
    let shown = shown(&row.payload, values)?;
    if !upcast::applies(&row.event_type, &row.version) {
        return Event::decode_text(&row.event_type, &row.version, &shown).map_err(failed);
    }
    let payload = Event::payload_of_text(&row.event_type, &shown).map_err(failed)?;
    let (version, payload) = upcast::upcast(&row.event_type, row.version.clone(), payload);
    Event::decode(&row.event_type, &version, payload).map_err(failed)
}

/// A JSON text with personal values in their marked form in place of their commitments.
///
/// A quotation mark that is not escaped and followed by `commit:` begins a text: after one that ends a text comes
/// punctuation. The text ends at the next mark, since a commitment has nothing to escape; should somebody have put one
/// there, it is no commitment of any value. A member's name is no value.
fn shown(json: &str, values: &mut Values<'_>) -> Result<String, DecodeFailure> {
    let mut shown = String::with_capacity(json.len() + 256);
    let mut rest = json;
    while let Some((before, begun)) = rest.split_once("\"commit:") {
        let digits = begun.split_once('"').map_or(begun, |(digits, _)| digits);
        let after = begun.get(digits.len() + 1..).unwrap_or_default();
        shown.push_str(before);
        if before.ends_with('\\') || after.starts_with(':') {
            shown.push_str("\"commit:");
            rest = begun;
            continue;
        }
        let commitment = format!("{COMMIT_PREFIX}{digits}");
        match values.next(&commitment, Owners::of_payload)? {
            Some(value) => personal::write_clear(&mut shown, &value.salt, &value.text),
            None => personal::write_erased(&mut shown, &commitment),
        }
        rest = after;
    }
    shown.push_str(rest);
    Ok(shown)
}

/// The members of metadata in the order of their names, borrowed where nothing is escaped.
struct Members<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::with_capacity(20);
        while let Some((Text(name), Text(text))) = map.next_entry()? {
            members.push((name, text));
        }
        Ok(Members(members))
    }
}

impl<'a> Members<'a> {
    fn read(json: &'a str) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let mut members = reader.deserialize_map(InOrder)?;
        reader.end()?;
        // Sealed metadata is in order.
        if !members.0.is_sorted_by(|a, b| a.0 <= b.0) {
            members.0.sort_by(|a, b| a.0.cmp(&b.0));
        }
        Ok(members)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, text)| text.as_ref())
    }

    /// Who did it.
    fn actor(&self) -> Option<Actor> {
        Actor::read(self.get("actor")?, self.user().map(UserId))
    }

    fn user(&self) -> Option<Uuid> {
        self.get("user").and_then(|id| id.parse().ok())
    }

    /// The first subject that the metadata names is the entity; see [`super::metadata`].
    fn owners(&self) -> Owners {
        let subject = self.get("subjects").and_then(|text| text.split(' ').next());
        let subject: Option<Subject> = subject.and_then(|text| text.parse().ok());
        Owners::new(subject, self.user())
    }
}

/// The values stored beside a row, given out in the order of its commitments.
struct Values<'a> {
    position: u64,
    members: &'a Members<'a>,
    stored: std::iter::Peekable<std::vec::IntoIter<&'a PersonalValue>>,
    ordinal: usize,
    missing: Vec<Missing>,
}

impl<'a> Values<'a> {
    fn new(position: u64, rows: &'a [PersonalRow], members: &'a Members<'a>) -> Result<Self, DecodeFailure> {
        let mut stored: Vec<_> = rows.iter().flat_map(|row| &row.values).collect();
        stored.sort_by_key(|value| value.ordinal);
        if stored.windows(2).any(|pair| matches!(pair, [a, b] if a.ordinal == b.ordinal)) {
            return Err(DecodeFailure::Stray { position });
        }
        let stored = stored.into_iter().peekable();
        Ok(Self { position, members, stored, ordinal: 0, missing: Vec::new() })
    }

    /// The value of the next commitment; `owner` says whose it is should it be missing.
    fn next(
        &mut self,
        commitment: &str,
        owner: impl FnOnce(&Owners) -> super::Owner,
    ) -> Result<Option<&'a PersonalValue>, DecodeFailure> {
        let (position, ordinal) = (self.position, self.ordinal);
        self.ordinal += 1;
        let Some(value) = self.stored.next_if(|value| value.ordinal as usize == ordinal) else {
            self.missing.push(Missing { owner: owner(&self.members.owners()), position });
            return Ok(None);
        };
        if personal::commits(commitment, &value.salt, &value.text) {
            Ok(Some(value))
        } else {
            Err(DecodeFailure::Commitment { position, ordinal })
        }
    }

    /// What was missing; a value that is left belongs to no commitment.
    fn end(mut self) -> Result<Vec<Missing>, DecodeFailure> {
        match self.stored.next() {
            None => Ok(self.missing),
            Some(_) => Err(DecodeFailure::Stray { position: self.position }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollbook_domain::kernel::personal::commitment;
    use serde_json::json;

    const SALT: [u8; 16] = [7; 16];

    fn value(ordinal: u32, text: &str) -> PersonalValue {
        PersonalValue { ordinal, salt: SALT, text: text.to_owned() }
    }

    /// What is shown of `json` with these values of one person, and how many were missing.
    fn show(json: &serde_json::Value, values: Vec<PersonalValue>) -> Result<(String, usize), DecodeFailure> {
        let rows = [PersonalRow { person: "p".to_owned(), values }];
        let members = Members::read(r#"{"at":"now","subjects":"role:1"}"#).unwrap();
        let mut values = Values::new(3, &rows, &members)?;
        let shown = shown(&json.to_string(), &mut values)?;
        Ok((shown, values.end()?.len()))
    }

    #[test]
    fn only_values_that_begin_as_commitments_are_replaced() {
        let of = |text| commitment(&SALT, text);
        let json = json!({
            "a": of("Zo\u{eb} \"x\" \\"), "b": ["say \"commit:x\" \\", of("two"), 1], "c": {"commit:d": "\\"}, "d": of("gone"),
        });
        let (shown, missing) = show(&json, vec![value(1, "two"), value(0, "Zo\u{eb} \"x\" \\")]).unwrap();
        let mut revealed = json.clone();
        let texts = [Some("Zo\u{eb} \"x\" \\"), Some("two"), None];
        let open = |text: &str| personal::Opened { salt: SALT, value: text.into() };
        personal::reveal(&mut revealed, &mut |nth, _| Ok::<_, ()>(texts[nth].map(open))).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), revealed);
        assert_eq!(missing, 1);
    }

    #[test]
    fn a_value_that_does_not_fit_or_that_nobody_commits_to_is_refused() {
        let json = json!({ "a": commitment(&SALT, "one") });
        let stray = Err(DecodeFailure::Stray { position: 3 });
        assert_eq!(
            show(&json, vec![value(0, "two")]),
            Err(DecodeFailure::Commitment { position: 3, ordinal: 0 })
        );
        assert_eq!(show(&json, vec![value(0, "one"), value(1, "two")]), stray);
        assert_eq!(show(&json, vec![value(0, "one"), value(0, "one")]), stray);
        assert_eq!(show(&json, vec![value(0, "one")]).unwrap().1, 0);
        assert!(show(&json!({ "a": "commit:\u{1}" }), vec![]).is_ok_and(|(_, missing)| missing == 1));
    }

    #[test]
    fn metadata_is_read_in_the_order_of_names_whatever_is_escaped() {
        let members = Members::read(r#"{"b":"\u0041\n","a":"x"}"#).unwrap();
        assert_eq!((members.get("a"), members.get("b"), members.get("c")), (Some("x"), Some("A\n"), None));
        assert_eq!(members.0[0].0, "a");
        for bad in ["", "[]", r#"{"a":1}"#, r#"{"a":"b"} x"#] {
            assert!(Members::read(bad).is_err(), "{bad}");
        }
    }
}

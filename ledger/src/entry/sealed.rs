//! Sealing: the canonical text of an entry (RFC 8785), its two stored parts and its RFC 6962 leaf hash.
//!
//! What is stored is the very text that was hashed, so nobody needs this program to check it. Not here: the
//! tree above the leaves.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use super::{ENTRY_BYTES_MAX, Entry, EntryError, Hash, LedgerId, check, leaf_hash};

/// An entry that passed every check, with the texts and the leaf hash that are stored for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    ledger: LedgerId,
    position: u64,
    event_type: String,
    version: String,
    payload: String,
    metadata: String,
    leaf: Hash,
}

/// The columns of a stored row that make up an entry, borrowed as they were read.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The ledger the row was read from.
    pub ledger: &'a LedgerId,
    /// `sequence`.
    pub position: u64,
    /// `event_type`.
    pub event_type: &'a str,
    /// `event_version`.
    pub version: &'a str,
    /// `payload`, exactly as stored.
    pub payload: &'a str,
    /// `metadata`, exactly as stored.
    pub metadata: &'a str,
    /// `leaf`.
    pub leaf: &'a [u8],
}

impl Sealed {
    /// Checks `entry` and computes what is stored for it.
    ///
    /// # Errors
    /// Any [`EntryError`] but `LeafMismatch` and `Unreadable`; the error names the place, never the value.
    pub fn seal(mut entry: Entry) -> Result<Self, EntryError> {
        check::entry(&entry)?;
        put_in_order(&mut entry.payload);
        let (payload, metadata) = (canonical(&entry.payload)?, canonical(&entry.metadata)?);
        let Entry { ledger, position, event_type, version, .. } = entry;
        let sealed = Self { ledger, position, event_type, version, payload, metadata, leaf: [0; 32] };
        let text = sealed.canonical()?;
        if text.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLarge { bytes: text.len() });
        }
        Ok(Self { leaf: leaf_hash(text.as_bytes()), ..sealed })
    }

    /// The entry of a stored row, if the row still hashes to its leaf.
    ///
    /// Texts that hash to the leaf are the ones that were sealed; that they are canonical was checked then.
    /// Whoever does not trust the leaf either seals the answer again and compares.
    ///
    /// # Errors
    /// `LeafMismatch` if the row was altered, `Unreadable` if its texts are not JSON of the right shape.
    pub fn open(row: &Columns<'_>) -> Result<Entry, EntryError> {
        row.check()?;
        let payload: Value =
            serde_json::from_str(row.payload).map_err(|_| EntryError::Unreadable { what: "payload" })?;
        let metadata =
            serde_json::from_str(row.metadata).map_err(|_| EntryError::Unreadable { what: "metadata" })?;
        if !payload.is_object() {
            return Err(EntryError::NotAnObject);
        }
        Ok(Entry {
            ledger: row.ledger.clone(),
            position: row.position,
            event_type: row.event_type.to_owned(),
            version: row.version.to_owned(),
            payload,
            metadata,
        })
    }

    /// The ledger it belongs to.
    #[must_use]
    pub const fn ledger(&self) -> &LedgerId {
        &self.ledger
    }

    /// Its place in the ledger.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The stored name of the event.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The version of its shape.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The canonical payload, as it is stored.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The canonical metadata, as it is stored.
    #[must_use]
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// The RFC 6962 leaf hash: SHA-256 of a zero byte and the canonical entry.
    #[must_use]
    pub const fn leaf(&self) -> &Hash {
        &self.leaf
    }

    /// The canonical entry: the very bytes that were hashed.
    ///
    /// # Errors
    /// None in practice: what was encoded once is encoded again.
    pub fn canonical(&self) -> Result<String, EntryError> {
        self.columns().canonical()
    }

    /// The columns that are stored for it.
    #[must_use]
    pub fn columns(&self) -> Columns<'_> {
        Columns {
            ledger: &self.ledger,
            position: self.position,
            event_type: &self.event_type,
            version: &self.version,
            payload: &self.payload,
            metadata: &self.metadata,
            leaf: &self.leaf,
        }
    }
}

impl Columns<'_> {
    /// Makes sure that the texts hash to the leaf, without putting them together or taking them apart.
    ///
    /// # Errors
    /// `LeafMismatch`.
    pub fn check(&self) -> Result<Hash, EntryError> {
        let mut hash = Sha256::new_with_prefix([0]);
        self.parts(|part| hash.update(part))?;
        let leaf: Hash = hash.finalize().into();
        if leaf.as_slice() == self.leaf { Ok(leaf) } else { Err(EntryError::LeafMismatch) }
    }

    /// The canonical entry that these columns stand for, whether or not it hashes to the leaf.
    ///
    /// # Errors
    /// `Encode` if a name cannot be written as JSON.
    pub fn canonical(&self) -> Result<String, EntryError> {
        let mut text = String::with_capacity(self.metadata.len() + self.payload.len() + 256);
        self.parts(|part| text.push_str(part))?;
        Ok(text)
    }

    /// The canonical entry part by part. Its members are fixed, so their canonical order is written down once, here.
    fn parts(&self, mut each: impl FnMut(&str)) -> Result<(), EntryError> {
        each(r#"{"ledger":{"id":"#);
        quoted(&self.ledger.id, &mut each)?;
        each(r#","type":""#);
        each(self.ledger.kind.as_str());
        each(r#""},"metadata":"#);
        each(self.metadata);
        each(r#","payload":"#);
        each(self.payload);
        each(r#","position":"#);
        each(&self.position.to_string());
        each(r#","type":"#);
        quoted(self.event_type, &mut each)?;
        each(r#","version":"#);
        quoted(self.version, &mut each)?;
        each("}");
        Ok(())
    }
}

/// A text as JSON writes it; the names that Rollbook chose need no escaping.
fn quoted(text: &str, each: &mut impl FnMut(&str)) -> Result<(), EntryError> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        each("\"");
        each(text);
        each("\"");
    } else {
        each(&canonical(text)?);
    }
    Ok(())
}

/// RFC 8785 of what [`check`] let pass: with member names in order, no floats and no lone surrogates nothing is
/// left to canonicalize, and serde_json escapes as JCS does (a property test holds it against a JCS library).
fn canonical<T: Serialize + ?Sized>(value: &T) -> Result<String, EntryError> {
    serde_json::to_string(value).map_err(|_| EntryError::Encode)
}

/// Members by name. They are in order already, unless some crate in the build turns on `preserve_order` of serde_json,
/// which reaches every user of it.
fn put_in_order(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if !members.keys().is_sorted() {
                let sorted: BTreeMap<String, Value> = std::mem::take(members).into_iter().collect();
                members.extend(sorted);
            }
            members.values_mut().for_each(put_in_order);
        }
        Value::Array(items) => items.iter_mut().for_each(put_in_order),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::entry::LedgerKind;

    fn sample(payload: Value) -> Entry {
        Entry {
            ledger: LedgerId::new(LedgerKind::Organization, "01890000-0000-7000-8000-00000000000a"),
            position: 17,
            event_type: "user.created".to_owned(),
            version: "1".to_owned(),
            payload,
            metadata: [("at", "2026-05-03T10:00:00.000001Z"), ("actor", "user:a\"\\\n\u{e9}")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    fn refusal(payload: Value) -> EntryError {
        Sealed::seal(sample(payload)).unwrap_err()
    }

    fn nested(levels: usize) -> Value {
        (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn the_canonical_entry_is_the_canonical_form_of_the_whole_object() {
        let payload = json!({"z": [1, -2, null], "a": {"é".len().to_string(): "\u{20ac}\u{1}/"}});
        let sealed = Sealed::seal(sample(payload.clone())).unwrap();
        let entry = sample(payload);
        let whole = json!({
            "version": entry.version, "type": entry.event_type, "position": entry.position,
            "payload": entry.payload, "metadata": entry.metadata,
            "ledger": {"type": "organization", "id": entry.ledger.id},
        });
        assert_eq!(sealed.canonical().unwrap(), serde_json_canonicalizer::to_string(&whole).unwrap());
        assert_eq!(sealed.payload(), "{\"a\":{\"2\":\"€\\u0001/\"},\"z\":[1,-2,null]}");
    }

    /// What an entry may hold: integers below 2^53, any text, printable ASCII names.
    fn json() -> impl Strategy<Value = Value> {
        let limit = crate::entry::INTEGER_LIMIT.cast_signed();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (1 - limit..limit).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{1,8}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_stored_is_what_a_jcs_library_writes(payload in json()) {
            let theirs = serde_json_canonicalizer::to_string(&payload).unwrap();
            prop_assert_eq!(canonical(&payload).unwrap(), theirs);
        }
    }

    #[test]
    fn a_sealed_row_opens_to_the_same_entry_and_an_altered_one_does_not() {
        let entry = sample(json!({"login": "commit:x"}));
        let sealed = Sealed::seal(entry.clone()).unwrap();
        let row = sealed.columns();
        assert_eq!(Sealed::open(&row), Ok(entry));
        assert_eq!(row.check(), Ok(*sealed.leaf()));
        let odd = LedgerId::new(LedgerKind::Organization, "a\"\\\n\u{e9}");
        let odd = Columns { ledger: &odd, ..row };
        let leaf = leaf_hash(odd.canonical().unwrap().as_bytes());
        assert_eq!(Columns { leaf: &leaf, ..odd }.check(), Ok(leaf));
        for altered in [
            Columns { position: 18, ..row },
            Columns { event_type: "user.deleted", ..row },
            Columns { payload: "{\"login\":\"commit:y\"}", ..row },
            Columns { metadata: "{}", ..row },
            Columns { leaf: &[0; 32], ..row },
        ] {
            assert_eq!(Sealed::open(&altered), Err(EntryError::LeafMismatch));
        }
    }

    #[test]
    fn what_another_reader_might_see_differently_is_refused() {
        let at = |place: &str| place.to_owned();
        assert_eq!(refusal(json!([])), EntryError::NotAnObject);
        assert_eq!(refusal(json!({"n": 1.5})), EntryError::Number { at: at("/payload/n") });
        assert_eq!(
            refusal(json!({"n": [9_007_199_254_740_992_u64]})),
            EntryError::Number { at: at("/payload/n/-") }
        );
        assert_eq!(
            refusal(json!({"n": -9_007_199_254_740_992_i64})),
            EntryError::Number { at: at("/payload/n") }
        );
        assert_eq!(refusal(json!({"a/b": {"é": 1}})), EntryError::MemberName { at: at("/payload/a~1b") });
        assert_eq!(refusal(json!({"": 1})), EntryError::MemberName { at: at("/payload") });
        assert_eq!(refusal(json!({"t": "e\u{301}"})), EntryError::NotNormalized { at: at("/payload/t") });
        assert_eq!(refusal(json!({"t": "a\0"})), EntryError::Nul { at: at("/payload/t") });
        let mut zero = sample(json!({}));
        zero.position = 0;
        assert_eq!(Sealed::seal(zero), Err(EntryError::Position(0)));
    }

    #[test]
    fn limits_hold_to_the_level_and_to_the_byte() {
        assert!(
            Sealed::seal(sample(json!({"n": [9_007_199_254_740_991_u64, -9_007_199_254_740_991_i64]})))
                .is_ok()
        );
        assert!(Sealed::seal(sample(nested(32))).is_ok());
        assert!(matches!(refusal(nested(33)), EntryError::TooDeep { .. }));
        let room =
            ENTRY_BYTES_MAX - Sealed::seal(sample(json!({"t": ""}))).unwrap().canonical().unwrap().len();
        assert!(Sealed::seal(sample(json!({"t": "x".repeat(room)}))).is_ok());
        assert_eq!(
            refusal(json!({"t": "x".repeat(room + 1)})),
            EntryError::TooLarge { bytes: ENTRY_BYTES_MAX + 1 }
        );
    }
}

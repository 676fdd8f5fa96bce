//! What is read back from a ledger: heads, rows as they are stored, and rows checked and decoded.
//!
//! Not here: what an event means, and whether a value fits its commitment.

use uuid::Uuid;

use super::batch::{PersonalRow, PersonalValue, Subject};
use super::{ReadError, StoreError};
use crate::entry::{Columns, Entry, Frontier, Hash, LedgerId, Sealed};

/// Where a ledger stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The ledger.
    pub ledger: LedgerId,
    /// The last position.
    pub position: u64,
    /// The id of the last batch.
    pub batch: Uuid,
    /// The tree over all rows.
    pub frontier: Frontier,
    /// The time of the last batch, microseconds since the Unix epoch (UTC).
    pub at_us: i64,
    /// The format of the ledger's entries.
    pub format: u32,
    /// The last position that may have been pruned; 0 but for activity ledgers.
    pub pruned: u64,
}

/// What a follower needs of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadMark {
    /// The ledger.
    pub ledger: LedgerId,
    /// The last position.
    pub position: u64,
    /// The id of the last batch.
    pub batch: Uuid,
    /// The time of the last batch, microseconds since the Unix epoch (UTC).
    pub at_us: i64,
}

/// A row that hashes to its leaf, decoded, with the personal values that are left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The entry, with commitments in place of personal values.
    pub entry: Entry,
    /// The time of its batch, microseconds since the Unix epoch (UTC).
    pub at_us: i64,
    /// Who did it.
    pub actor: String,
    /// The id of its batch.
    pub batch: Uuid,
    /// The leaf hash.
    pub leaf: Hash,
    /// The personal values that are stored beside it, by person.
    pub personal: Vec<PersonalRow>,
}

/// A row that hashes to its leaf, its texts not taken apart, with the personal values that are left of it: what a
/// fold reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// `sequence`.
    pub position: u64,
    /// `event_type`.
    pub event_type: String,
    /// `event_version`.
    pub version: String,
    /// `payload`, with commitments in place of personal values.
    pub payload: String,
    /// `metadata`, likewise.
    pub metadata: String,
    /// `at`, microseconds since the Unix epoch (UTC).
    pub at_us: i64,
    /// `actor`.
    pub actor: String,
    /// `batch`.
    pub batch: Uuid,
    /// The leaf hash.
    pub leaf: Hash,
    /// The personal values that are stored beside it, by person.
    pub personal: Vec<PersonalRow>,
}

/// A row exactly as it is stored and not checked at all, for `verify` and evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    /// The ledger.
    pub ledger: LedgerId,
    /// `sequence`.
    pub position: u64,
    /// `event_type`.
    pub event_type: String,
    /// `event_version`.
    pub version: String,
    /// `payload`, the very text.
    pub payload: String,
    /// `metadata`, the very text.
    pub metadata: String,
    /// `at`, microseconds since the Unix epoch (UTC).
    pub at_us: i64,
    /// `actor`.
    pub actor: String,
    /// `batch`.
    pub batch: String,
    /// `leaf`.
    pub leaf: Vec<u8>,
    /// The rows of `event_subjects` for this position, sorted.
    pub subjects: Vec<Subject>,
}

impl RawRow {
    /// The columns that make up the entry, to hash or to open them.
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

/// A row of `events` as the driver gives it, borrowed.
pub(super) struct EventRow<'a> {
    pub(super) columns: Columns<'a>,
    pub(super) at_us: i64,
    pub(super) actor: &'a str,
    pub(super) batch: &'a str,
}

/// What a read makes of a row.
pub(super) trait FromRow: Send + Sized + 'static {
    fn from_row(row: &EventRow<'_>) -> Result<Self, ReadError>;
}

/// A row beside which personal values are put.
pub(super) trait Joined: FromRow {
    fn position(&self) -> u64;
    fn personal(&mut self) -> &mut Vec<PersonalRow>;
}

impl Joined for Stored {
    fn position(&self) -> u64 {
        self.entry.position
    }

    fn personal(&mut self) -> &mut Vec<PersonalRow> {
        &mut self.personal
    }
}

impl Joined for Checked {
    fn position(&self) -> u64 {
        self.position
    }

    fn personal(&mut self) -> &mut Vec<PersonalRow> {
        &mut self.personal
    }
}

impl FromRow for Checked {
    fn from_row(row: &EventRow<'_>) -> Result<Self, ReadError> {
        let columns = &row.columns;
        let corrupt = |what: String| ReadError::Corrupt {
            ledger: columns.ledger.clone(),
            position: columns.position,
            what,
        };
        let leaf = columns.check().map_err(|error| corrupt(error.to_string()))?;
        let batch = Uuid::parse_str(row.batch).map_err(|_| corrupt("the batch is no id".to_owned()))?;
        Ok(Self {
            position: columns.position,
            event_type: columns.event_type.to_owned(),
            version: columns.version.to_owned(),
            payload: columns.payload.to_owned(),
            metadata: columns.metadata.to_owned(),
            at_us: row.at_us,
            actor: row.actor.to_owned(),
            batch,
            leaf,
            personal: Vec::new(),
        })
    }
}

impl FromRow for Stored {
    fn from_row(row: &EventRow<'_>) -> Result<Self, ReadError> {
        let corrupt = |what: String| ReadError::Corrupt {
            ledger: row.columns.ledger.clone(),
            position: row.columns.position,
            what,
        };
        let entry = Sealed::open(&row.columns).map_err(|error| corrupt(error.to_string()))?;
        let batch = Uuid::parse_str(row.batch).map_err(|_| corrupt("the batch is no id".to_owned()))?;
        let leaf = Hash::try_from(row.columns.leaf).map_err(|_| corrupt("the leaf is no hash".to_owned()))?;
        Ok(Self { entry, at_us: row.at_us, actor: row.actor.to_owned(), batch, leaf, personal: Vec::new() })
    }
}

impl FromRow for RawRow {
    fn from_row(row: &EventRow<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            ledger: row.columns.ledger.clone(),
            position: row.columns.position,
            event_type: row.columns.event_type.to_owned(),
            version: row.columns.version.to_owned(),
            payload: row.columns.payload.to_owned(),
            metadata: row.columns.metadata.to_owned(),
            at_us: row.at_us,
            actor: row.actor.to_owned(),
            batch: row.batch.to_owned(),
            leaf: row.columns.leaf.to_vec(),
            subjects: Vec::new(),
        })
    }
}

/// The three texts of a row of `personal_values`: ordinals, salts in hex, values, each a JSON array.
pub(super) fn personal_texts(row: &PersonalRow) -> Result<[String; 3], serde_json::Error> {
    let ordinals: Vec<u32> = row.values.iter().map(|value| value.ordinal).collect();
    let salts: Vec<String> = row.values.iter().map(|value| hex::encode(value.salt)).collect();
    let texts: Vec<&str> = row.values.iter().map(|value| value.text.as_str()).collect();
    Ok([serde_json::to_string(&ordinals)?, serde_json::to_string(&salts)?, serde_json::to_string(&texts)?])
}

/// The opposite of [`personal_texts`].
pub(super) fn personal_row(person: &str, texts: [&str; 3]) -> Result<PersonalRow, StoreError> {
    let [ordinals, salts, values] = texts;
    let unreadable = StoreError::Unreadable { column: 2 };
    let ordinals: Vec<u32> = serde_json::from_str(ordinals).map_err(|_| unreadable.clone())?;
    // Hexadecimal digits are never escaped.
    let salts: Vec<&str> = serde_json::from_str(salts).map_err(|_| unreadable.clone())?;
    let values: Vec<String> = serde_json::from_str(values).map_err(|_| unreadable.clone())?;
    if ordinals.len() != salts.len() || ordinals.len() != values.len() {
        return Err(unreadable);
    }
    let values = ordinals.into_iter().zip(salts).zip(values).map(|((ordinal, salt), text)| {
        let mut bytes = [0; 16];
        hex::decode_to_slice(salt, &mut bytes).map_err(|_| unreadable.clone())?;
        Ok(PersonalValue { ordinal, salt: bytes, text })
    });
    Ok(PersonalRow { person: person.to_owned(), values: values.collect::<Result<_, StoreError>>()? })
}

//! Parameters and answers of the small statements, the same for both engines.
//!
//! Statements written against this run on both: parameters are `$1`, `$2` … and first appear in that order
//! (SQLite numbers them by appearance). The hot paths, append and ledger reads, do not go through here.

use super::StoreError;

/// A statement's parameter.
#[derive(Clone, Debug)]
pub(super) enum Param {
    Text(String),
    Int(i64),
    MaybeInt(Option<i64>),
    Bytes(Vec<u8>),
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Param {
    fn from(number: u64) -> Self {
        Self::Int(stored_int(number))
    }
}

/// A position or counter as it is stored. They stay below 2^53; what does not fit matches nothing.
pub(super) fn stored_int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl From<Option<i64>> for Param {
    fn from(number: Option<i64>) -> Self {
        Self::MaybeInt(number)
    }
}

impl From<&[u8]> for Param {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// One value of an answer.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Null,
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
}

/// One row of an answer.
#[derive(Clone, Debug)]
pub(super) struct Cells(pub(super) Vec<Cell>);

impl Cells {
    pub(super) fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get(column) {
            Some(Cell::Text(text)) => Ok(text),
            _ => Err(StoreError::Unreadable { column }),
        }
    }

    pub(super) fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.maybe_int(column)?.ok_or(StoreError::Unreadable { column })
    }

    pub(super) fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Cell::Int(number)) => Ok(Some(*number)),
            Some(Cell::Null) => Ok(None),
            _ => Err(StoreError::Unreadable { column }),
        }
    }

    /// A non-negative number that fits the caller's type, such as a position.
    pub(super) fn count<T: TryFrom<i64>>(&self, column: usize) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| StoreError::Unreadable { column })
    }

    pub(super) fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.0.get(column) {
            Some(Cell::Bytes(bytes)) => Ok(bytes),
            _ => Err(StoreError::Unreadable { column }),
        }
    }

    pub(super) fn hash(&self, column: usize) -> Result<[u8; 32], StoreError> {
        self.bytes(column)?.try_into().map_err(|_| StoreError::Unreadable { column })
    }
}

/// A list of parameters, each turned into one.
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::cells::Param::from($value)),*] };
}
pub(super) use params;

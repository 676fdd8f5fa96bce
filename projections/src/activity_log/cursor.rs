//! Where a page ends: time, ledger and position of its last row, so that no row is met twice while new ones arrive.

use super::columns::{ledger, number};
use super::row::{Ledger, Row};
use crate::error::ProjectionError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;
use sha2::{Digest, Sha256};

/// Bytes of time, ledger and position.
const SAID: usize = 17;
/// Bytes of the checksum.
const SUM: usize = 8;

/// The place after a row, in the order of answers. As text it is opaque and of one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When.
    pub at: Moment,
    /// Which ledger.
    pub ledger: Ledger,
    /// The position there.
    pub position: u64,
}

impl Cursor {
    /// The place after `row`.
    #[must_use]
    pub fn after(row: &Row) -> Self {
        Self { at: row.at, ledger: row.ledger, position: row.position }
    }

    /// As text for a URL.
    #[must_use]
    pub fn encode(&self, organization: OrganizationId) -> String {
        let mut bytes = Vec::with_capacity(SAID + SUM);
        bytes.extend(self.at.micros().to_be_bytes());
        bytes.push(u8::try_from(number(self.ledger)).unwrap_or(u8::MAX));
        bytes.extend(self.position.to_be_bytes());
        let sum = checksum(organization, &bytes);
        bytes.extend(sum);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote for the same organization.
    ///
    /// # Errors
    /// [`ProjectionError::Filter`] at `cursor` for anything else.
    pub fn decode(organization: OrganizationId, text: &str) -> Result<Self, ProjectionError> {
        read(organization, text).ok_or(ProjectionError::Filter {
            field: "cursor",
            detail: "is not one that this list gave; leave it out to start anew",
        })
    }
}

fn read(organization: OrganizationId, text: &str) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (said, sum) = bytes.split_at_checked(SAID)?;
    if sum != checksum(organization, said).as_slice() {
        return None;
    }
    let (at, rest) = said.split_first_chunk::<8>()?;
    let (kind, rest) = rest.split_first()?;
    let position = u64::from_be_bytes(*rest.first_chunk::<8>()?);
    let ledger = ledger(i64::from(*kind)).ok()?;
    Some(Cursor { at: Moment(i64::from_be_bytes(*at)), ledger, position })
}

/// Guards against mistakes; whoever computes it reads nothing that the list would not show anyhow.
fn checksum(organization: OrganizationId, said: &[u8]) -> [u8; SUM] {
    let digest = Sha256::new()
        .chain_update(b"rollbook activity cursor")
        .chain_update(organization.uuid().as_bytes())
        .chain_update(said)
        .finalize();
    let mut sum = [0; SUM];
    sum.iter_mut().zip(digest).for_each(|(byte, of)| *byte = of);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_cursor_is_read_back_by_its_own_organization_only_and_not_if_a_character_differs() {
        let (ours, theirs) = (OrganizationId(Uuid::from_u128(1)), OrganizationId(Uuid::from_u128(2)));
        let cursor = Cursor { at: Moment(-5), ledger: Ledger::Activity, position: 9 };
        let text = cursor.encode(ours);
        assert_eq!(Cursor::decode(ours, &text).unwrap(), cursor);
        assert!(Cursor::decode(theirs, &text).is_err());
        for at in 0..text.len() {
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let forged = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            let error = Cursor::decode(ours, &forged).unwrap_err().to_string();
            assert!(error.starts_with("`cursor`"), "{error}");
        }
        for bad in ["", "A", "not base64!", &text[1..], &format!("{text}AA")] {
            assert!(Cursor::decode(ours, bad).is_err(), "{bad}");
        }
    }
}

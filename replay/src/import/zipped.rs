//! A zip archive that is unpacked within bounds.

use super::Unreadable;
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// Most bytes that an archive unpacks to.
const BYTES_MAX: u64 = 256 << 20;
/// Most parts of an archive.
const PARTS_MAX: usize = 2_000;

pub(super) struct Zipped<'a>(ZipArchive<Cursor<&'a [u8]>>);

impl<'a> Zipped<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
        if archive.len() > PARTS_MAX { Err(too_large()) } else { Ok(Self(archive)) }
    }

    /// The text of a part, if it is there.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        let Some(place) = self.0.index_for_name(name) else { return Ok(None) };
        self.unpacked(place, BYTES_MAX).map(Some)
    }

    /// Unpacks every part once.
    pub(super) fn look_through(
        &mut self,
        mut check: impl FnMut(&str, &[u8]) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        let mut left = BYTES_MAX;
        for place in 0..self.0.len() {
            let part = self.unpacked(place, left)?;
            left = left.saturating_sub(part.len() as u64);
            let name = self.0.name_for_index(place).unwrap_or_default();
            check(name, &part)?;
        }
        Ok(())
    }

    /// However much a part claims to be, it is read no further than `most`.
    fn unpacked(&mut self, place: usize, most: u64) -> Result<Vec<u8>, Unreadable> {
        let part = self.0.by_index(place).map_err(|_| damaged())?;
        let mut bytes = Vec::new();
        part.take(most + 1).read_to_end(&mut bytes).map_err(|_| damaged())?;
        if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
    }
}

fn damaged() -> Unreadable {
    Unreadable::new(
        "not_a_table",
        "the file is a zip archive that cannot be unpacked: damaged or locked by a password",
    )
}

fn too_large() -> Unreadable {
    Unreadable::new(
        "too_large",
        "the file unpacks to more than 256 MB or 2,000 parts; save it as CSV, or split it",
    )
}

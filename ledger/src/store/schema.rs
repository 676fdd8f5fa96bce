//! Which formats of the tables exist, and what to do about the one that is found.
//!
//! The formats themselves are the `.sql` files beside each engine.

use super::SchemaError;

/// The state of the database's tables as this release sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// There are no tables of Rollbook.
    Missing,
    /// The tables are of the format that this release writes.
    Current,
    /// The tables are of this older format: migrate.
    Older(u32),
    /// The tables are of this newer format: use a newer release.
    Newer(u32),
}

impl SchemaState {
    pub(super) fn of(version: Option<u32>, known: usize) -> Self {
        match version {
            None => Self::Missing,
            Some(version) if version as usize == known => Self::Current,
            Some(version) if version as usize > known => Self::Newer(version),
            Some(version) => Self::Older(version),
        }
    }
}

/// The scripts that lead from `state` to the newest format, each with the format it makes.
pub(super) fn to_apply(
    state: SchemaState,
    scripts: &'static [&'static str],
) -> Result<impl Iterator<Item = (u32, &'static str)>, SchemaError> {
    let known = u32::try_from(scripts.len()).unwrap_or(u32::MAX);
    let done = match state {
        SchemaState::Missing => 0,
        SchemaState::Current => known,
        SchemaState::Older(version) => version,
        SchemaState::Newer(found) => return Err(SchemaError::Newer { found, known }),
    };
    Ok((1..).zip(scripts.iter().copied()).skip(done as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_applies_what_is_missing_and_a_newer_format_is_refused() {
        let formats = |state| to_apply(state, &["a", "b"]).map(Iterator::collect::<Vec<_>>);
        assert_eq!(formats(SchemaState::of(None, 2)), Ok(vec![(1, "a"), (2, "b")]));
        assert_eq!(formats(SchemaState::of(Some(1), 2)), Ok(vec![(2, "b")]));
        assert_eq!(formats(SchemaState::of(Some(2), 2)), Ok(vec![]));
        assert_eq!(formats(SchemaState::of(Some(3), 2)), Err(SchemaError::Newer { found: 3, known: 2 }));
    }
}

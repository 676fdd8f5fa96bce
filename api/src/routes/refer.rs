//! References in bodies: an id, a login or a unique name, turned into an id.

use crate::error::Problem;
use rollbook_domain::kernel::id::{KeyId, Kind};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::state::KeyEntry;
use uuid::Uuid;

/// What of `kind` a text means.
///
/// # Errors
/// 422 at `pointer`.
pub(crate) fn find(
    organization: &Organization,
    kind: Kind,
    pointer: &str,
    text: &str,
) -> Result<Uuid, Problem> {
    organization.find(kind, text).ok_or_else(|| {
        let code = format!("no_such_{}", kind.word());
        Problem::field(pointer, &code, &format!("there is no such {}", kind.word()))
    })
}

/// The same where nothing may be meant.
pub(crate) fn find_maybe(
    organization: &Organization,
    kind: Kind,
    pointer: &str,
    text: Option<&str>,
) -> Result<Option<Uuid>, Problem> {
    text.map(|text| find(organization, kind, pointer, text)).transpose()
}

/// The same for a list; errors name the place in it.
pub(crate) fn find_all(
    organization: &Organization,
    kind: Kind,
    pointer: &str,
    texts: &[String],
) -> Result<Vec<Uuid>, Problem> {
    let found = texts.iter().enumerate();
    found.map(|(place, text)| find(organization, kind, &format!("{pointer}/{place}"), text)).collect()
}

/// Keys as people write them: `A`, or `-A` for what is taken away.
pub(crate) fn key_entries(
    organization: &Organization,
    pointer: &str,
    texts: &[String],
) -> Result<Vec<KeyEntry>, Problem> {
    let entries = texts.iter().enumerate().map(|(place, text)| {
        let (minus, name) = text.strip_prefix('-').map_or((false, text.as_str()), |name| (true, name));
        let key = find(organization, Kind::Key, &format!("{pointer}/{place}"), name)?;
        Ok(KeyEntry { key: KeyId(key), minus })
    });
    entries.collect()
}

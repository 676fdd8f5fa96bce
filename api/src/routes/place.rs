//! Where lists of people go on: cursors travel in URLs, so none holds a login, a name or a code.
//!
//! A cursor has the id of whoever the page ended with, and a mark that tells whether they are still called what they were;
//! where that puts them is looked up. It names nobody, and nobody is found by it whom its holder may not see.

use super::list;
use super::sort::Placed;
use crate::error::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::kernel::text::folded;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::state::User;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Bytes of a mark.
const MARK_BYTES: usize = 9;

/// What tells whether `values` are still what they were. It is made of their commitments, whose salts are secret, and of
/// whether they were erased.
pub(super) fn mark<'a>(values: impl IntoIterator<Item = &'a Personal>) -> String {
    let mut digest = Sha256::new();
    for value in values {
        digest.update([u8::from(value.clear().is_some())]);
        digest.update(value.commitment());
    }
    URL_SAFE_NO_PAD.encode(digest.finalize().iter().take(MARK_BYTES).copied().collect::<Vec<_>>())
}

impl Placed for &User {
    const PERSONAL: &'static [&'static str] = &["login", "name", "email"];

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn personal(&self, field: &str) -> Option<&Personal> {
        match field {
            "login" => Some(&self.login),
            "name" => Some(&self.name),
            "email" => self.email.as_ref(),
            _ => None,
        }
    }
}

/// What the cursor of a list by login says of the last user.
pub(super) fn of_user(user: &User) -> String {
    format!("{} {}", user.id, mark([&user.login]))
}

/// The folded login to start after.
///
/// # Errors
/// 422 if it is not a cursor of such a list, or whoever it is about is called otherwise, erased or not `seen`.
pub(super) fn login(
    cursor: Option<String>,
    organization: &Organization,
    seen: impl Fn(&User) -> bool,
) -> Result<Option<String>, Problem> {
    let Some(text) = list::after(cursor)? else { return Ok(None) };
    let read = text.split_once(' ').and_then(|(id, mark)| Some((id.parse().ok()?, mark)));
    let (id, held): (Uuid, &str) = read.ok_or_else(list::not_a_cursor)?;
    let user = organization.user(UserId(id)).filter(|user| seen(user) && mark([&user.login]) == held);
    user.map(|user| Some(folded(user.login.text()))).ok_or_else(lost)
}

/// The answer to a cursor whose item is not to be found any more.
pub(super) fn lost() -> Problem {
    let detail = "whoever the page before ended with has been renamed or erased, or you may no longer see them; \
                  start again without a cursor";
    Problem::field("cursor", "not_a_cursor", detail)
}

//! API keys and API tokens: `rb_<id>_<secret>`, shown once. Which of the two it is, the stored credential says.

use super::secret::Secret;
use crate::error::Problem;
use rollbook_domain::kernel::id::{CredentialId, OrganizationId};

const PREFIX: &str = "rb_";

/// A new key: its text, shown once, and the hash to store.
///
/// # Errors
/// [`Problem`] without randomness.
pub fn new_key(organization: OrganizationId, credential: CredentialId) -> Result<(String, String), Problem> {
    Secret::draw(PREFIX, organization, credential)
}

/// Reads what looks like an API key.
#[must_use]
pub fn parse(text: &str) -> Option<Secret> {
    Secret::read(PREFIX, text)
}

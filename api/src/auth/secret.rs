//! What a caller presents as text that says by itself where it is to be looked up: a prefix, the ids of organization and
//! credential, and a secret of 32 random bytes, of which only the SHA-256 is stored.

use super::random;
use crate::error::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rollbook_domain::kernel::id::{CredentialId, OrganizationId};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// A secret as a caller presents it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The credential it is checked against.
    pub credential: CredentialId,
    secret: String,
}

impl Secret {
    /// A new one: its text, shown once, and the hash to store.
    ///
    /// # Errors
    /// [`Problem`] without randomness.
    pub fn draw(
        prefix: &str,
        organization: OrganizationId,
        credential: CredentialId,
    ) -> Result<(String, String), Problem> {
        let secret = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let (organization, id) = (organization.uuid().simple(), credential.0.simple());
        let text = format!("{prefix}{organization}{id}_{secret}");
        Ok((text, hash(&secret)))
    }

    /// Reads what looks like one.
    #[must_use]
    pub fn read(prefix: &str, text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(prefix)?.split_once('_')?;
        let organization = Uuid::parse_str(id.get(..32)?).ok()?;
        let credential = Uuid::parse_str(id.get(32..)?).ok()?;
        Some(Self {
            organization: OrganizationId(organization),
            credential: CredentialId(credential),
            secret: secret.to_owned(),
        })
    }

    /// Whether it is the one that was stored, in constant time.
    #[must_use]
    pub fn matches(&self, stored: &str) -> bool {
        hash(&self.secret).as_bytes().ct_eq(stored.as_bytes()).into()
    }
}

impl std::fmt::Debug for Secret {
    /// Leaves the secret out, so that no log has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("credential", &self.credential).finish_non_exhaustive()
    }
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_read_back_and_matches_only_its_own_hash() {
        let organization = OrganizationId(Uuid::from_u128(1));
        let credential = CredentialId(Uuid::from_u128(2));
        let (text, stored) = Secret::draw("rb_", organization, credential).unwrap();
        let key = Secret::read("rb_", &text).unwrap();
        assert_eq!((key.organization, key.credential), (organization, credential));
        assert!(key.matches(&stored));
        let (_, other) = Secret::draw("rb_", organization, credential).unwrap();
        assert!(!key.matches(&other));
        assert!(!format!("{key:?}").contains(text.rsplit('_').next().unwrap()));
    }

    #[test]
    fn what_is_not_one_is_not_read() {
        for text in ["", "rb_", "rb_1_2", "rbs_abc", "rb_é_x"] {
            assert_eq!(Secret::read("rb_", text), None, "{text}");
        }
    }
}

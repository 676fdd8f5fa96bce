//! Session tokens: `rbs_` and 43 characters; only their SHA-256 is stored.

use super::random;
use crate::error::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The cookie that holds a session token. Over TLS its name keeps a neighbouring host from setting one of its own, so
/// that nobody acts in a session that was put upon them (RFC 6265bis, section 4.1.3.2).
#[must_use]
pub fn cookie(secure: bool) -> &'static str {
    if secure { "__Host-rollbook_session" } else { "rollbook_session" }
}

const PREFIX: &str = "rbs_";

/// A new token and the hash to store.
///
/// # Errors
/// [`Problem`] without randomness.
pub fn new_token() -> Result<(String, [u8; 32]), Problem> {
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    let hash = hash(&token);
    Ok((token, hash))
}

/// The hash of what looks like a session token.
#[must_use]
pub fn hash_of(token: &str) -> Option<[u8; 32]> {
    token.starts_with(PREFIX).then(|| hash(token))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

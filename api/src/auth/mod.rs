//! How people and programs prove who they are: passwords, second factors, session tokens, API keys and
//! tokens.
//!
//! Tokens and keys are 32 random bytes, so a plain SHA-256 of them is enough to store; passwords are
//! hashed with Argon2id, off the async threads.

pub mod api_key;
pub(crate) mod forgotten;
pub(crate) mod guess;
pub(crate) mod kept;
pub(crate) mod link;
pub mod password;
pub(crate) mod second;
pub mod secret;
pub mod session;
pub mod sign_in;
pub(crate) mod totp;

/// `N` random bytes.
///
/// # Errors
/// [`Problem`](crate::error::Problem) if the operating system has no randomness to give.
pub fn random<const N: usize>() -> Result<[u8; N], crate::error::Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| crate::error::Problem::internal(&error))?;
    Ok(bytes)
}

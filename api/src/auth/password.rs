//! Password hashing: Argon2id (m = 19 MiB, t = 2, p = 1; OWASP's second choice), stored as a PHC string.
//!
//! Each hash takes 19 MiB, so a semaphore bounds how many run at once; the rest wait their turn. What a password must
//! be is said by the domain.

use super::random;
use crate::error::Problem;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rollbook_domain::kernel::id::{CredentialId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::user::password::is_strong;
use rollbook_ledger::store::{Credential, CredentialChange};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Draws for a password that the security suite would take; nearly one in two does.
const DRAWS_MAX: usize = 200;

/// Hashes and checks passwords. Clones share the bound.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Passwords {
    /// At most `at_once` hashes at a time, each of 19 MiB.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(at_once)) }
    }

    /// The PHC string of a password, with a salt of its own.
    ///
    /// # Errors
    /// [`Problem`] if hashing fails, which it does only without randomness or memory.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        let work = move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
        };
        self.turn().await?.run(work).await?.map_err(|error| Problem::internal(&error))
    }

    /// A digest of what holds a password, as slow to guess from as a password's hash. The same for the same `salt`.
    ///
    /// # Errors
    /// [`Problem`] if hashing fails, which it does only without memory.
    pub async fn digest(&self, bytes: Bytes, salt: [u8; 32]) -> Result<[u8; 32], Problem> {
        let work = move || {
            let mut digest = [0; 32];
            let done = Argon2::default().hash_password_into(&bytes, &salt, &mut digest);
            done.map(|()| digest).map_err(|error| error.to_string())
        };
        self.turn().await?.run(work).await?.map_err(|error| Problem::internal(&error))
    }

    /// Which of these hashes is the password's: the first one's place. All are checked, so that the time it takes tells
    /// nothing; each takes its turn like any other, so that nobody who signs in waits for all of them.
    ///
    /// # Errors
    /// [`Problem`] if a check cannot be run.
    pub async fn find(&self, password: &str, hashes: Vec<Option<String>>) -> Result<Option<usize>, Problem> {
        let mut found = None;
        for (place, hash) in hashes.into_iter().enumerate() {
            if self.turn().await?.verify(password.to_owned(), hash).await? {
                found = found.or(Some(place));
            }
        }
        Ok(found)
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Problem`] if there are none any more.
    pub async fn turn(&self) -> Result<Turn, Problem> {
        let permit = self.permits.clone().acquire_owned().await;
        permit.map(|permit| Turn(Arc::new(permit))).map_err(|error| Problem::internal(&error))
    }
}

/// One's turn to hash or check, for as long as it is held.
#[derive(Debug)]
pub struct Turn(Arc<OwnedSemaphorePermit>);

impl Turn {
    /// Whether `password` is the one that was hashed. Without a hash the same work is done and the answer is
    /// no, so that the time it takes tells nothing.
    ///
    /// # Errors
    /// [`Problem`] if the check cannot be run.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        self.run(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
            Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok() && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        // Whoever hangs up does not end the work, nor the turn before it.
        let turn = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.map_err(|error| Problem::internal(&error))
    }
}

/// A hash that no password is known for, of the same cost as every other.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$8OpHTJSe1QPS4wRSpkO3Oc2BTr1HoHLL1Lfqpxe3hCo";

/// What `meta` says of a password that somebody else set.
const BY_ANOTHER: &str = "{\"by_oneself\":false}";
const BY_ONESELF: &str = "{\"by_oneself\":true}";

/// The credential of a hashed password. A user who is only being added has no id yet: the event names the credential.
///
/// # Errors
/// [`Problem`] without randomness.
pub(crate) fn credential(
    owner: Option<UserId>,
    secret_hash: String,
    by_oneself: bool,
    at: Moment,
) -> Result<(CredentialId, CredentialChange), Problem> {
    let id = CredentialId(uuid::Builder::from_random_bytes(random()?).into_uuid());
    let credential = Credential {
        id: id.to_string(),
        user_id: owner.map(|owner| owner.to_string()).unwrap_or_default(),
        kind: "password".to_owned(),
        secret_hash,
        created_at_us: at.micros(),
        expires_at_us: None,
        meta: if by_oneself { BY_ONESELF } else { BY_ANOTHER }.to_owned(),
    };
    Ok((id, CredentialChange::Put(credential)))
}

/// Whether somebody else set this password, so that changing it is advised.
pub(crate) fn was_set_by_another(credential: &Credential) -> bool {
    credential.meta == BY_ANOTHER
}

/// A password of 20 characters drawn by chance, which every organization takes.
///
/// # Errors
/// [`Problem`] without randomness.
pub(crate) fn drawn() -> Result<String, Problem> {
    for _ in 0..DRAWS_MAX {
        let password = URL_SAFE_NO_PAD.encode(random::<15>()?);
        if is_strong(&password) {
            return Ok(password);
        }
    }
    Err(Problem::internal(&"no password with each kind of character could be drawn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_and_no_other() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let turn = passwords.turn().await.unwrap();
        assert!(turn.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!turn.verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!turn.verify("correct horse".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_first_hash_that_fits_is_found() {
        let passwords = Passwords::new(1);
        let mut hashes = vec![None];
        for password in ["first one", "second one", "second one"] {
            hashes.push(Some(passwords.hash(password.into()).await.unwrap()));
        }
        for (password, place) in [("first one", Some(1)), ("second one", Some(2)), ("third one", None)] {
            assert_eq!(passwords.find(password, hashes.clone()).await.unwrap(), place);
        }
    }

    #[tokio::test]
    async fn a_digest_is_the_same_again_and_another_for_another_salt_or_other_bytes() {
        let passwords = Passwords::new(1);
        let [one, again, salted, other] =
            [(b"one", [2; 32]), (b"one", [2; 32]), (b"one", [3; 32]), (b"two", [2; 32])]
                .map(|(bytes, salt)| passwords.digest(Bytes::from_static(bytes), salt));
        let one = one.await.unwrap();
        assert_eq!(one, again.await.unwrap());
        assert!(one != salted.await.unwrap() && one != other.await.unwrap());
    }

    #[test]
    fn a_drawn_password_is_long_strong_and_another_each_time() {
        let drawn: std::collections::BTreeSet<_> = (0..50).map(|_| drawn().unwrap()).collect();
        assert_eq!(drawn.len(), 50);
        assert!(drawn.iter().all(|password| is_strong(password) && password.len() == 20));
    }

    #[test]
    fn the_stand_in_hash_is_well_formed_so_that_checking_it_costs_the_same() {
        let parsed = argon2::password_hash::phc::PasswordHash::new(NOBODY);
        assert!(parsed.is_ok());
    }
}

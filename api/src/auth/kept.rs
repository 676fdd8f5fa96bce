//! A user's passwords as they are stored: the current one, and under the security suite those before it, so that they
//! do not come again. How many those are is said by the domain, and sees the writer to.

use rollbook_domain::kernel::id::{CredentialId, UserId};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::password::Compared;
use rollbook_ledger::store::{Credential, CredentialChange, OLD_PASSWORD, Store, StoreError};

use super::password::Passwords;
use crate::error::Problem;

/// The stored passwords of one user.
pub(crate) struct Kept {
    user: UserId,
    /// What the state names.
    current: Option<CredentialId>,
    /// Its row, if it is there.
    row: Option<Credential>,
    /// Newest first.
    old: Vec<Credential>,
}

impl Kept {
    /// Reads them.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub(crate) async fn of(
        store: &Store,
        organization: &Organization,
        user: UserId,
    ) -> Result<Self, StoreError> {
        let id = organization.id.to_string();
        let current = organization.user(user).and_then(|user| user.password);
        let current = current.map(|password| password.credential);
        let row = match current {
            Some(current) => store.credential(&id, &current.to_string()).await?,
            None => None,
        };
        let mut old = store.credentials_of(&id, &user.to_string()).await?;
        old.retain(|credential| credential.kind == OLD_PASSWORD);
        old.sort_by_key(|credential| std::cmp::Reverse(credential.created_at_us));
        Ok(Self { user, current, row, old })
    }

    /// What the state names.
    pub(crate) fn current(&self) -> Option<CredentialId> {
        self.current
    }

    /// Compares a new password with each of them.
    pub(crate) async fn compare(&self, passwords: &Passwords, new: &str) -> Result<Compared, Problem> {
        // A row that is gone keeps its place, and fits no password.
        let hash = |row: &Credential| row.secret_hash.clone();
        let hashes: Vec<_> = std::iter::once(self.row.as_ref().map(hash))
            .chain(self.old.iter().map(|row| Some(hash(row))))
            .collect();
        Ok(Compared { current: self.current, same_as: passwords.find(new, hashes).await? })
    }

    /// What a password drawn by chance is compared with: it is none of them.
    pub(crate) fn unlike(&self) -> Compared {
        Compared { current: self.current, same_as: None }
    }

    /// All of them as passwords that were, newest first, to be kept when another is set. The writer leaves as many as the
    /// settings say by then.
    pub(crate) fn replaced(self) -> Vec<CredentialChange> {
        let Self { user, row, old, .. } = self;
        let rows = row.into_iter().chain(old);
        // A first password was stored before its user had an id.
        let was = |row| Credential { user_id: user.to_string(), kind: OLD_PASSWORD.to_owned(), ..row };
        rows.map(|row| CredentialChange::Put(was(row))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn row(id: u128) -> Credential {
        Credential {
            id: CredentialId(Uuid::from_u128(id)).to_string(),
            user_id: String::new(),
            kind: "password".to_owned(),
            secret_hash: format!("hash {id}"),
            created_at_us: i64::try_from(id).unwrap(),
            expires_at_us: None,
            meta: "{}".to_owned(),
        }
    }

    #[test]
    fn a_password_that_was_is_its_owners_and_nobody_signs_in_by_it() {
        let user = UserId(Uuid::from_u128(1));
        let current = Some(CredentialId(Uuid::from_u128(9)));
        let kept = Kept { user, current, row: Some(row(9)), old: vec![row(8), row(7)] };
        let was = |n| Credential { user_id: user.to_string(), kind: OLD_PASSWORD.to_owned(), ..row(n) };
        assert_eq!(kept.replaced(), [9, 8, 7].map(|n| CredentialChange::Put(was(n))));
    }
}

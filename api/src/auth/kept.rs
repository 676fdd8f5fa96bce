//! A user's passwords as they are stored: the current one, and under the security suite those before it, so that they
//! do not come again. How many those are is said by the domain.

use rollbook_domain::kernel::id::{CredentialId, UserId};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::settings::state::Settings;
use rollbook_domain::user::password::{self, Compared};
use rollbook_ledger::store::{Credential, CredentialChange, Store, StoreError};

use super::password::Passwords;
use crate::error::Problem;

/// The kind of a credential that was a password: nobody signs in by it.
const OLD: &str = "old_password";

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
        old.retain(|credential| credential.kind == OLD);
        old.sort_by_key(|credential| std::cmp::Reverse(credential.created_at_us));
        Ok(Self { user, current, row, old })
    }

    /// Whether `password` is the current one.
    pub(crate) async fn is_current(&self, passwords: &Passwords, password: String) -> Result<bool, Problem> {
        let hash = self.row.as_ref().map(|row| row.secret_hash.clone());
        passwords.verify(password, hash).await
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

    /// What becomes of them when another password is set: as many as the settings say are kept, the others go.
    pub(crate) fn replaced(self, settings: &Settings) -> Vec<CredentialChange> {
        let kept = password::kept(settings);
        let Self { user, current, row, old } = self;
        let row = row.filter(|_| kept > 0).map(|row| {
            // A first password was stored before its user had an id.
            CredentialChange::Put(Credential { user_id: user.to_string(), kind: OLD.to_owned(), ..row })
        });
        let current = row.or_else(|| current.map(|id| CredentialChange::Delete(id.to_string())));
        let surplus = old.into_iter().skip(kept.saturating_sub(1));
        current.into_iter().chain(surplus.map(|row| CredentialChange::Delete(row.id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollbook_domain::settings::state::{Setting, SettingValue};
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

    /// Password 9, and 8 and 7 before it; what is put and what is deleted when another is set, by number.
    fn replaced(settings: &[(Setting, SettingValue)]) -> (Vec<(i64, String)>, Vec<String>) {
        let settings = Settings { set: settings.iter().cloned().collect(), ..Settings::default() };
        let current = Some(CredentialId(Uuid::from_u128(9)));
        let user = UserId(Uuid::from_u128(1));
        let kept = Kept { user, current, row: Some(row(9)), old: vec![row(8), row(7)] };
        let (mut put, mut deleted) = (Vec::new(), Vec::new());
        for change in kept.replaced(&settings) {
            match change {
                CredentialChange::Put(row) => {
                    assert_eq!((row.kind.as_str(), row.user_id), (OLD, user.to_string()));
                    put.push((row.created_at_us, row.secret_hash));
                }
                CredentialChange::Delete(id) => deleted.push(id),
            }
        }
        (put, deleted)
    }

    #[test]
    fn as_many_old_passwords_stay_as_the_settings_say() {
        let suite = (Setting::SecuritySuite, SettingValue::Flag(true));
        let with = |n| replaced(&[suite.clone(), (Setting::PasswordHistory, SettingValue::Number(n))]);
        let nine = || vec![(9, "hash 9".to_owned())];
        assert_eq!(replaced(std::slice::from_ref(&suite)), (nine(), vec![]));
        assert_eq!(with(3), (nine(), vec![]));
        assert_eq!(with(2), (nine(), vec![row(7).id]));
        assert_eq!(with(1), (nine(), vec![row(8).id, row(7).id]));
        assert_eq!(with(0), (vec![], vec![row(9).id, row(8).id, row(7).id]));
    }

    #[test]
    fn without_the_suite_no_old_password_stays() {
        assert_eq!(replaced(&[]), (vec![], vec![row(9).id, row(8).id, row(7).id]));
    }
}

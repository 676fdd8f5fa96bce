//! Finding users by what they are called: login, e-mail address, extension.

use super::state::Organization;
use crate::kernel::text::folded;
use crate::user::state::User;

impl Organization {
    /// Finds the user by it from now on.
    pub(super) fn index_user(&mut self, user: &User) {
        if let Some(login) = user.login.clear() {
            self.logins.insert(folded(login).into(), user.id);
        }
        if let Some(email) = user.email.as_ref().and_then(|email| email.clear()) {
            self.emails.insert(folded(email).into(), user.id);
        }
        if let Some(extension) = user.extension() {
            self.extensions.take(extension, user.id);
        }
    }

    /// Finds the user by it no more.
    pub(super) fn unindex_user(&mut self, user: &User) {
        if let Some(login) = user.login.clear() {
            self.logins.remove(folded(login).as_str());
        }
        if let Some(email) = user.email.as_ref().and_then(|email| email.clear()) {
            self.emails.remove(folded(email).as_str());
        }
        if let Some(extension) = user.extension() {
            self.extensions.free(extension);
        }
    }
}

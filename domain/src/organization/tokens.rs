//! The named API tokens of all users by name, those that let in: no two have the same.

use super::state::Organization;
use crate::kernel::id::{CredentialId, UserId};
use crate::kernel::text::folded;
use crate::user::state::User;
use crate::user::token::Token;
use std::ops::Bound;
use std::sync::Arc;
use uuid::Uuid;

/// A token and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct OwnedToken<'a> {
    /// On whose rights it acts.
    pub user: &'a User,
    /// Its id.
    pub id: CredentialId,
    /// The token.
    pub token: &'a Token,
}

impl Organization {
    /// The token that lets in and has this id or name, whatever its case.
    #[must_use]
    pub fn token(&self, reference: &str) -> Option<OwnedToken<'_>> {
        let by_id = |id: Uuid| self.tokens.values().find(|(_, token)| token.0 == id);
        let found = Uuid::parse_str(reference).ok().and_then(by_id);
        let found = found.or_else(|| self.tokens.get(folded(reference).as_str()));
        found.and_then(|(user, id)| self.token_of(*user, *id))
    }

    /// The token of a user with this id, also when it is revoked.
    #[must_use]
    pub fn token_of(&self, user: UserId, id: CredentialId) -> Option<OwnedToken<'_>> {
        let user = self.user(user)?;
        user.tokens.get(&id).map(|token| OwnedToken { user, id, token })
    }

    /// The tokens that let in, by name, from the one after this name on.
    pub fn tokens_after<'a>(&'a self, after: Option<&str>) -> impl Iterator<Item = OwnedToken<'a>> {
        let start = after.map_or(Bound::Unbounded, |name| Bound::Excluded(Arc::<str>::from(name)));
        self.tokens.range((start, Bound::Unbounded)).filter_map(|(_, (user, id))| self.token_of(*user, *id))
    }

    /// Follows what became of a user's tokens.
    pub(super) fn follow_tokens(&mut self, before: &User, after: &User) {
        if before.tokens == after.tokens {
            return;
        }
        for (_, token) in before.live_tokens() {
            self.tokens.remove(folded(&token.name).as_str());
        }
        self.index_tokens(after);
    }

    pub(super) fn index_tokens(&mut self, user: &User) {
        for (id, token) in user.live_tokens() {
            self.tokens.insert(folded(&token.name).into(), (user.id, id));
        }
    }
}

//! Who is let in and yet barred: by the address they come from, or because their password has expired.
//!
//! No state of the session: it is judged anew at each request, so a change of settings or password holds at once.

use super::{Caller, Id};
use crate::error::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rollbook_domain::kernel::id::Kind;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::password::Life;

/// All that may be asked in a session while one's password has expired; the last one for oneself alone.
pub(crate) const OPEN_TO_EXPIRED: [&str; 3] =
    ["GET /api/v1/me", "DELETE /api/v1/sessions/current", OWN_PASSWORD];
const OWN_PASSWORD: &str = "PUT /api/v1/users/{id}/password";

impl Caller {
    /// Why this request is refused, whatever it asks for, if it is.
    pub async fn barred(&self, parts: &mut Parts) -> Option<Problem> {
        let organization = self.organization();
        if self.is_outside(&organization) {
            metrics::counter!("rollbook_addresses_refused_total").increment(1);
            return Some(Problem::address_not_allowed());
        }
        if self.has_expired(&organization) && !self.is_open(parts, &organization).await {
            metrics::counter!("rollbook_password_expired_total").increment(1);
            return Some(Problem::password_expired());
        }
        None
    }

    /// Whether nothing more is shown to whoever is let in already.
    #[must_use]
    pub fn is_barred_from_streams(&self, organization: &Organization) -> bool {
        self.is_outside(organization) || self.has_expired(organization)
    }

    /// Whether they come from an address that the organization does not allow, by session, API key or token alike.
    fn is_outside(&self, organization: &Organization) -> bool {
        !organization.settings.lets_in(self.client.address())
    }

    /// Whether this is a session of somebody whose password has expired in `organization`. It lets in to change it, and
    /// to nothing else, until it is changed or the settings say otherwise. An API key or token does not come of a password.
    fn has_expired(&self, organization: &Organization) -> bool {
        let life = |user| Life::of(&organization.settings, user, self.at(organization));
        self.session.is_some() && organization.user(self.user).map(life).is_some_and(|life| life.is_over)
    }

    async fn is_open(&self, parts: &mut Parts, organization: &Organization) -> bool {
        if !OPEN_TO_EXPIRED.contains(&self.client.route.as_str()) {
            return false;
        }
        if self.client.route != OWN_PASSWORD {
            return true;
        }
        let id = Id::from_request_parts(parts, &()).await;
        let whose = id.and_then(|id| id.find(organization, Kind::User));
        whose.is_ok_and(|whose| whose == self.user.subject())
    }
}

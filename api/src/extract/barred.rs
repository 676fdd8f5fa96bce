//! Who is let in and yet barred: by the address they come from, because their password has expired, or because a second
//! factor is demanded of them that they have not set up.
//!
//! No state of the session: it is judged anew at each request, so a change of settings or password holds at once.

use super::{Caller, Id};
use crate::error::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rollbook_domain::kernel::id::Kind;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::password::Life;
use rollbook_domain::user::state::User;

/// All that may be asked in a session while one's password has expired; the last one for oneself alone.
pub(crate) const OPEN_TO_EXPIRED: [&str; 3] =
    ["GET /api/v1/me", "DELETE /api/v1/sessions/current", OWN_PASSWORD];
const OWN_PASSWORD: &str = "PUT /api/v1/users/{id}/password";
/// All that may be asked in a session while one has no second factor and must; the last two for oneself alone.
pub(crate) const OPEN_WITHOUT_FACTOR: [&str; 4] =
    ["GET /api/v1/me", "DELETE /api/v1/sessions/current", OWN_FACTOR, CONFIRM_FACTOR];
const OWN_FACTOR: &str = "POST /api/v1/users/{id}/two-factor";
const CONFIRM_FACTOR: &str = "POST /api/v1/users/{id}/two-factor/confirm";

impl Caller {
    /// Why this request is refused, whatever it asks for, if it is.
    pub async fn barred(&self, parts: &mut Parts) -> Option<Problem> {
        let organization = self.organization();
        if self.is_outside(&organization) {
            metrics::counter!("rollbook_addresses_refused_total").increment(1);
            return Some(Problem::address_not_allowed());
        }
        // Whose password has expired sets a new one first, and a second factor then.
        if self.has_expired(&organization) {
            let is_open = self.is_open(&OPEN_TO_EXPIRED, parts, &organization).await;
            return (!is_open).then(|| {
                metrics::counter!("rollbook_password_expired_total").increment(1);
                Problem::password_expired()
            });
        }
        if self.lacks_factor(&organization) && !self.is_open(&OPEN_WITHOUT_FACTOR, parts, &organization).await
        {
            metrics::counter!("rollbook_two_factor_required_total").increment(1);
            return Some(Problem::two_factor_required());
        }
        None
    }

    /// Whether nothing more is shown to whoever is let in already.
    #[must_use]
    pub fn is_barred_from_streams(&self, organization: &Organization) -> bool {
        self.is_outside(organization) || self.has_expired(organization) || self.lacks_factor(organization)
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

    /// Whether this is a session that began, since it is demanded, of somebody who has no second factor. Those who were
    /// in before stay in, and API keys and tokens are asked for none.
    fn lacks_factor(&self, organization: &Organization) -> bool {
        let is_newer = self.began.is_some_and(|began| began >= organization.settings.two_factor_since);
        let lacks = |user: &User| user.two_factor.is_none() && organization.demands_two_factor(user);
        is_newer && organization.user(self.user).is_some_and(lacks)
    }

    async fn is_open(&self, open: &[&str], parts: &mut Parts, organization: &Organization) -> bool {
        let route = self.client.route.as_str();
        if !open.contains(&route) {
            return false;
        }
        if ![OWN_PASSWORD, OWN_FACTOR, CONFIRM_FACTOR].contains(&route) {
            return true;
        }
        let id = Id::from_request_parts(parts, &()).await;
        let whose = id.and_then(|id| id.find(organization, Kind::User));
        whose.is_ok_and(|whose| whose == self.user.subject())
    }
}

//! What a user may see: what they may not is answered as if it were not there.

use super::rejection::Rejection;
use super::state::Organization;
use crate::kernel::id::{Kind, Subject};
use crate::kernel::moment::Moment;
use crate::permission::facts::{Facts, Target, Targets};
use crate::permission::resolve::{self, Question};
use crate::user::state::User;

/// The permission to see a thing of this kind; none where everybody signed in may.
#[must_use]
pub fn view_permission(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::User => Some("users.view"),
        Kind::Role => Some("roles.view"),
        Kind::Profile => Some("profiles.view"),
        Kind::Key => Some("keys.view"),
        Kind::Queue => Some("queues.view"),
        Kind::Group => Some("groups.view"),
        Kind::Agent => Some("agents.view"),
        Kind::Object => Some("objects.view"),
        Kind::Settings => Some("settings.view"),
        Kind::Organization | Kind::Conversation | Kind::Setting | Kind::Element => None,
    }
}

/// Whether `asker` may see `subject`; everybody may see themselves.
#[must_use]
pub fn sees(organization: &Organization, asker: &User, subject: Subject, at: Moment) -> bool {
    if !organization.exists(subject) {
        return false;
    }
    if subject == asker.id.subject() {
        return true;
    }
    let targets = Targets { subject: Some(Target::Entity(subject)), ..Targets::default() };
    let facts = Facts::default();
    view_permission(subject.kind).is_none_or(|permission| {
        let question =
            Question { who: asker, permission, targets: &targets, facts: &facts, at, as_if_active: false };
        resolve::allowed(organization, &question)
    })
}

/// Refuses what is not there, or not to be known.
///
/// # Errors
/// [`Rejection::Missing`], the same for both.
pub fn visible(
    organization: &Organization,
    asker: &User,
    subject: Subject,
    at: Moment,
) -> Result<(), Rejection> {
    if sees(organization, asker, subject, at) { Ok(()) } else { Err(Rejection::Missing(subject.kind)) }
}

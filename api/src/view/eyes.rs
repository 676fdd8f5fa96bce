//! Whose eyes an entity is shown to: what it is linked with is told only to those who may see that too.

use rollbook_domain::kernel::id::{Subject, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible;

/// Who looks, and as of when it is judged what they may see.
#[derive(Clone, Copy, Debug)]
pub struct Eyes<'a> {
    now: &'a Organization,
    /// Nobody: the operator at the command line, who sees everything.
    who: Option<(UserId, Moment)>,
}

impl<'a> Eyes<'a> {
    /// A user's, judged at a moment: login windows open and shut without an event.
    #[must_use]
    pub fn of(now: &'a Organization, who: UserId, at: Moment) -> Self {
        Self { now, who: Some((who, at)) }
    }

    /// The operator's.
    #[must_use]
    pub fn operator(now: &'a Organization) -> Self {
        Self { now, who: None }
    }

    /// Whether they may see `subject`.
    #[must_use]
    pub fn see(&self, subject: Subject) -> bool {
        let Some((who, at)) = self.who else { return true };
        self.now.user(who).is_some_and(|who| visible::sees(self.now, who, subject, at))
    }
}

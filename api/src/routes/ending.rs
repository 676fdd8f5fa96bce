//! Which sessions end with a change: those of whoever lost their access or second factor, and the others
//! of whoever has a new password.
//!
//! And that what must follow a change does, also where whoever asked for it is gone by then.

use crate::app::App;
use crate::error::Problem;
use crate::extract::Caller;
use rollbook_domain::event::Event;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::user::event::UserEvent;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::CLOCK_SKEW_MAX;
use uuid::Uuid;

/// Carries on to the end, even if the connection breaks or the answer takes too long meanwhile.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work).await.map_err(|error| Problem::internal(&error))?
}

/// Ends the sessions of everybody whose access these events took away. Also where they gave it back: had the process
/// died in between, a session from before would live again.
pub(super) async fn sessions(app: &App, caller: &Caller, events: &[Event]) -> Result<(), Problem> {
    Sessions::beside(app, caller).end_by(events).await
}

/// The sessions of an organization, and the one in which it is asked, if it is one.
pub(crate) struct Sessions<'a> {
    /// Where they lie.
    pub(crate) store: &'a Store,
    /// Whose they are.
    pub(crate) organization: String,
    /// The one that stays.
    pub(crate) this: Option<Uuid>,
}

impl<'a> Sessions<'a> {
    fn beside(app: &'a App, caller: &Caller) -> Self {
        let organization = caller.open.writer.id().to_string();
        Self { store: app.deployment().store(), organization, this: caller.session }
    }

    /// Ends the sessions of everybody whose access these events took away.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub(crate) async fn end_by(&self, events: &[Event]) -> Result<(), Problem> {
        for event in events {
            match event {
                Event::User(
                    UserEvent::Blocked { user, .. }
                    | UserEvent::Unblocked { user, .. }
                    | UserEvent::Archived { user, .. }
                    | UserEvent::Restored { user, .. }
                    | UserEvent::PasswordLinkMade { user, .. },
                ) => {
                    self.store.delete_sessions_of(&self.organization, &user.to_string()).await?;
                }
                Event::User(
                    UserEvent::PasswordSet { user, .. } | UserEvent::TwoFactorRemoved { user, .. },
                ) => {
                    self.others(*user, Moment(i64::MAX)).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends a user's sessions that began until then, but for the one in which it is asked.
    async fn others(&self, user: UserId, until: Moment) -> Result<(), Problem> {
        let (user, this) = (user.to_string(), self.this.map(|session| session.to_string()));
        let sessions = self.store.sessions_of(&self.organization, &user).await?;
        let began = sessions.into_iter().filter(|session| session.created_at_us <= until.micros());
        for session in began.filter(|session| Some(&session.id) != this.as_ref()) {
            self.store.delete_session(&self.organization, &user, &session.id).await?;
        }
        Ok(())
    }
}

/// Ends the sessions that a change of password at that moment left, should the process have died before it ended
/// them. Those that began since stay.
pub(super) async fn sessions_before(
    app: &App,
    caller: &Caller,
    user: UserId,
    changed: Moment,
) -> Result<(), Problem> {
    // Another process, whose clock may be that much ahead, may have begun them.
    let skew = i64::try_from(CLOCK_SKEW_MAX.as_micros()).unwrap_or(i64::MAX);
    Sessions::beside(app, caller).others(user, changed.plus_micros(skew)).await
}

//! Which stored secrets a command leaves to nobody, and whose a new one is: said by its events, in whose transaction they
//! change.

use crate::store::{Credential, CredentialChange, Mail, OLD_PASSWORD};
use rollbook_domain::event::Event;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::decide::Accepted;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::event::UserEvent;
use rollbook_domain::user::password::kept;

/// The stored secrets that a command leaves to nobody. Whoever asks cannot name them: others may have set another
/// meanwhile. Of the old passwords that are `asked` to be kept, newest first, as many are as the settings say by now.
pub(super) fn replaced(
    before: &Organization,
    accepted: &Accepted,
    asked: &[CredentialChange],
) -> Vec<CredentialChange> {
    let old = asked.iter().filter_map(|change| match change {
        CredentialChange::Put(put) if put.kind == OLD_PASSWORD => Some(put.id.clone()),
        CredentialChange::Put(_) | CredentialChange::Delete(_) | CredentialChange::Mail(_) => None,
    });
    let mut kept_old: Vec<_> = old.collect();
    let mut gone = kept_old.split_off(kept_old.len().min(kept(&before.settings)));
    gone.extend(accepted.events.iter().filter_map(ends_links_of).map(asked_link));
    for event in &accepted.events {
        let Event::User(
            UserEvent::PasswordSet { user, .. }
            | UserEvent::PasswordLinkMade { user, .. }
            | UserEvent::EmailChanged { user, .. }
            | UserEvent::Blocked { user, .. }
            | UserEvent::Archived { user, .. }
            | UserEvent::ApiKeyCreated { user, .. }
            | UserEvent::ApiKeyRevoked { user, .. }
            | UserEvent::TwoFactorRemoved { user, .. }
            | UserEvent::RecoveryCodeUsed { user, .. }
            | UserEvent::TokenRevoked { user, .. },
        ) = event
        else {
            continue;
        };
        let (Some(old), Some(new)) = (before.user(*user), accepted.after.user(*user)) else { continue };
        let stays: Vec<_> = new.credentials().collect();
        let lost = old.credentials().filter(|id| !stays.contains(id)).map(|id| id.to_string());
        gone.extend(lost.filter(|id| !kept_old.contains(id)));
    }
    gone.into_iter().map(CredentialChange::Delete).collect()
}

/// Under which id the link lies that a user asked for: there is one at most, and a newer one takes its place.
#[must_use]
pub fn asked_link(user: UserId) -> String {
    user.to_string()
}

/// Whose links an event ends, those that they asked for among them.
fn ends_links_of(event: &Event) -> Option<UserId> {
    let Event::User(
        UserEvent::PasswordSet { user, .. }
        | UserEvent::PasswordLinkMade { user, .. }
        | UserEvent::EmailChanged { user, .. }
        | UserEvent::Blocked { user, .. }
        | UserEvent::Archived { user, .. }
        | UserEvent::ErasureRequested { user, .. },
    ) = event
    else {
        return None;
    };
    Some(*user)
}

/// A link, and the mail that says it, as whose they are: of a new user that is known only now.
pub(super) fn owned(change: CredentialChange, events: &[Event]) -> CredentialChange {
    let owner = |id: &str| {
        events.iter().find_map(|event| match event {
            Event::User(UserEvent::PasswordLinkMade { user, credential, .. }) => {
                (credential.to_string() == id).then(|| user.to_string())
            }
            _ => None,
        })
    };
    match change {
        CredentialChange::Put(put) => {
            let user_id = owner(&put.id).unwrap_or(put.user_id);
            CredentialChange::Put(Credential { user_id, ..put })
        }
        CredentialChange::Mail(mail) => {
            let user_id = owner(&mail.id).unwrap_or(mail.user_id);
            CredentialChange::Mail(Mail { user_id, ..mail })
        }
        CredentialChange::Delete(id) => CredentialChange::Delete(id),
    }
}

//! Stored passwords, second factors, API keys, API tokens and links against the events that made them: one that no event
//! names was put there by hand.

use super::finding::{Findings, Kind};
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{PASSWORD_LINK, Store, StoreError};
use rollbook_ledger::writer::asked_link;

/// The kinds of credential that events tell of; of a link that its user asked for none does.
const TOLD: [&str; 6] = ["password", "totp", "recovery_code", "api_key", "api_token", PASSWORD_LINK];

pub(super) async fn check(
    store: &Store,
    ledger: &LedgerId,
    organization: &Organization,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for user in organization.users.values() {
        let named: Vec<_> = user.credentials().collect();
        for credential in store.credentials_of(&ledger.id, &user.id.to_string()).await? {
            let is_named = named.iter().any(|id| id.to_string() == credential.id);
            let is_asked = credential.kind == PASSWORD_LINK && credential.id == asked_link(user.id);
            if TOLD.contains(&credential.kind.as_str()) && !is_named && !is_asked {
                let what = format!(
                    "the stored {} {} of user {} was made by no event",
                    credential.kind, credential.id, user.id
                );
                findings.add(ledger, None, Kind::Credential, what);
            }
        }
    }
    Ok(())
}

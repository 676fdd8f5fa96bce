//! Stored passwords, second factors, API keys and API tokens against the events that made them: one that no event names was put there by hand.

use super::finding::{Findings, Kind};
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{Store, StoreError};

/// The kinds of credential that events tell of.
const TOLD: [&str; 5] = ["password", "totp", "recovery_code", "api_key", "api_token"];

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
            if TOLD.contains(&credential.kind.as_str()) && !is_named {
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

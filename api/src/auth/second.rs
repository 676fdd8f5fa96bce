//! The second factor: whether a code is right, and that none is taken twice, on whichever process.
//!
//! Passwords are tried in `guess`; a wrong code counts there like a wrong password.

use super::{random, totp};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Client, now_context};
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{CredentialId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::two_factor::{RECOVERY_CODES, TwoFactor};
use rollbook_ledger::deployment::Open;
use rollbook_ledger::store::{Credential, CredentialChange};
use rollbook_ledger::writer::{Answer, Submission};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a stored seed is called; a begun one lets nobody in yet.
pub(crate) const SEED: &str = "totp";
/// A seed that its person has not confirmed by a code.
pub(crate) const BEGUN: &str = "totp_begun";
/// What a stored recovery code is called.
const RECOVERY: &str = "recovery_code";
/// How long one has to confirm, in microseconds (15 minutes).
const CONFIRM_WITHIN_US: i64 = 15 * 60 * 1_000_000;
/// How often a step is taken anew because another was taken at the same moment.
const TAKEN_TRIES: usize = 5;
/// What recovery codes are written with: no letter that is mistaken for a digit.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It is right, and from now on used.
    Right(Factor),
    /// It is of no step that is near, and no recovery code.
    Wrong,
    /// It was right, and was used before.
    Used,
}

/// What somebody proved themselves with beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Factor {
    /// A code of the moment.
    Code,
    /// A recovery code.
    Recovery,
}

impl Factor {
    /// The word in the activity log.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Recovery => "recovery code",
        }
    }
}

/// What is kept beside a seed.
#[derive(Serialize, Deserialize)]
struct Meta {
    /// The last step whose code was taken.
    step: u64,
}

fn meta(step: u64) -> Result<String, Problem> {
    serde_json::to_string(&Meta { step }).map_err(|error| Problem::internal(&error))
}

/// Checks a code of the moment or a recovery code, and uses it up.
///
/// # Errors
/// [`Problem`] if the database does not answer.
pub(crate) async fn check(
    app: &App,
    client: &Client,
    open: &Open,
    (user, two_factor): (UserId, &TwoFactor),
    code: &str,
) -> Result<Checked, Problem> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return of_the_moment(app, open, two_factor.seed, &code).await;
    }
    let (organization, hash) = (open.writer.id().to_string(), hash(&code));
    let rows = app.deployment().store().credentials_of(&organization, &user.to_string()).await?;
    let is_it = |row: &Credential| {
        row.kind == RECOVERY && bool::from(row.secret_hash.as_bytes().ct_eq(hash.as_bytes()))
    };
    let mut found = two_factor.recovery_codes.iter();
    let found = found.find(|id| rows.iter().any(|row| row.id == id.to_string() && is_it(row)));
    match found {
        Some(id) if use_up(app, client, open, user, *id).await? => Ok(Checked::Right(Factor::Recovery)),
        Some(_) => Ok(Checked::Used),
        None => Ok(Checked::Wrong),
    }
}

/// The step is taken by whoever replaces what was stored of it, so that of two at once, on whichever process, one is in.
async fn of_the_moment(app: &App, open: &Open, seed: CredentialId, code: &str) -> Result<Checked, Problem> {
    let (organization, id) = (open.writer.id().to_string(), seed.to_string());
    let (store, now) = (app.deployment().store(), app.deployment().clock().now());
    for _ in 0..TAKEN_TRIES {
        let found = store.credential(&organization, &id).await?.filter(|found| found.kind == SEED);
        let Some(stored) = found else { return Ok(Checked::Wrong) };
        let Some(step) = totp::step(&stored.secret_hash, code, now)? else { return Ok(Checked::Wrong) };
        let last: Meta = serde_json::from_str(&stored.meta).map_err(|error| Problem::internal(&error))?;
        if step <= last.step {
            return Ok(Checked::Used);
        }
        if store.replace_credential_meta(&organization, &id, &stored.meta, &meta(step)?).await? {
            return Ok(Checked::Right(Factor::Code));
        }
    }
    Ok(Checked::Used)
}

/// Says durably that a recovery code is used. Whether this did: of several at once one does.
async fn use_up(
    app: &App,
    client: &Client,
    open: &Open,
    user: UserId,
    code: CredentialId,
) -> Result<bool, Problem> {
    let context = Context {
        channel: Channel::System,
        cause: Some("sign_in".to_owned()),
        // The sign-in that the activity ledger has under this request names them.
        ip: None,
        agent: None,
        ..now_context(app, Actor::System, client)?
    };
    let command = Command::User(UserCommand::UseRecoveryCode(user, code));
    let (idempotency, credentials, only_at) = (None, Vec::new(), None);
    let submission = Submission { context, command, idempotency, credentials, only_at };
    match open.writer.submit(submission).await? {
        Answer::Written(written) => Ok(!written.events.is_empty()),
        Answer::Replayed(_) => Ok(false),
    }
}

/// A seed that somebody begins with, to be stored until they confirm it.
///
/// # Errors
/// [`Problem`] without randomness.
pub(crate) fn begun(user: UserId, at: Moment) -> Result<Credential, Problem> {
    Ok(Credential {
        id: fresh_id()?.to_string(),
        user_id: user.to_string(),
        kind: BEGUN.to_owned(),
        secret_hash: totp::new_seed()?,
        created_at_us: at.micros(),
        expires_at_us: Some(at.plus_micros(CONFIRM_WITHIN_US).micros()),
        meta: "{}".to_owned(),
    })
}

/// What a confirmed seed leaves: what is stored with the change, what the change names, and the codes, shown once.
pub(crate) struct SetUp {
    pub(crate) seed: CredentialId,
    pub(crate) recovery_codes: Vec<CredentialId>,
    pub(crate) stored: Vec<CredentialChange>,
    pub(crate) shown: Vec<String>,
}

/// Confirms a begun seed by a code of `step`, and draws its recovery codes.
///
/// # Errors
/// [`Problem`] without randomness.
pub(crate) fn confirmed(begun: Credential, step: u64, at: Moment) -> Result<SetUp, Problem> {
    let seed = CredentialId(begun.id.parse().map_err(|error: uuid::Error| Problem::internal(&error))?);
    let user_id = begun.user_id.clone();
    let seed_row = Credential { kind: SEED.to_owned(), expires_at_us: None, meta: meta(step)?, ..begun };
    let mut set_up = SetUp {
        seed,
        recovery_codes: Vec::new(),
        stored: vec![CredentialChange::Put(seed_row)],
        shown: Vec::new(),
    };
    for _ in 0..RECOVERY_CODES {
        let (id, code) = (fresh_id()?, recovery_code()?);
        set_up.stored.push(CredentialChange::Put(Credential {
            id: id.to_string(),
            user_id: user_id.clone(),
            kind: RECOVERY.to_owned(),
            secret_hash: hash(&code.replace('-', "")),
            created_at_us: at.micros(),
            expires_at_us: None,
            meta: "{}".to_owned(),
        }));
        set_up.recovery_codes.push(id);
        set_up.shown.push(code);
    }
    Ok(set_up)
}

fn fresh_id() -> Result<CredentialId, Problem> {
    Ok(CredentialId(uuid::Builder::from_random_bytes(random()?).into_uuid()))
}

/// 80 random bits, so that a plain hash of them is enough to store: `ABCD-EFGH-JKLM-NPQR`.
fn recovery_code() -> Result<String, Problem> {
    let drawn = random::<16>()?;
    let letters =
        drawn.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32)).copied().map(char::from));
    let letters: Vec<char> = letters.collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

fn hash(code: &str) -> String {
    hex::encode(Sha256::digest(code.to_ascii_uppercase().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    #[test]
    fn ten_recovery_codes_are_drawn_each_another_and_only_their_hashes_stored() {
        let user = UserId(Uuid::from_u128(1));
        let set_up = confirmed(begun(user, Moment(0)).unwrap(), 7, Moment(5)).unwrap();
        let codes: BTreeSet<_> = set_up.shown.iter().collect();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let rows: Vec<_> = set_up
            .stored
            .iter()
            .map(|change| match change {
                CredentialChange::Put(row) => row,
                CredentialChange::Delete(_) | CredentialChange::Mail(_) => panic!("only rows are put"),
            })
            .collect();
        assert_eq!((rows[0].kind.as_str(), rows[0].meta.as_str()), (SEED, r#"{"step":7}"#));
        assert_eq!(rows[0].id, set_up.seed.to_string());
        for (row, code) in rows[1..].iter().zip(&set_up.shown) {
            assert_eq!(code.len(), 19);
            assert_eq!(row.secret_hash, hash(&code.to_lowercase().replace('-', "")));
            assert!(row.user_id == user.to_string() && !row.secret_hash.contains(code.as_str()));
        }
    }
}

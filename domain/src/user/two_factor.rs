//! Two-factor sign-in: beside the password a code of the moment, made from a seed that the person's app has, or one of
//! ten recovery codes. Who must have it, the setting `two_factor` says.
//!
//! Not here: seeds and codes, which are stored secrets, and whether one is right.

use super::decide::{editable, existing};
use super::event::UserEvent;
use super::rejection::UserRejection;
use super::state::User;
use crate::kernel::context::Actor;
use crate::kernel::id::{CredentialId, UserId};
use crate::organization::decide::Deciding;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::state::Organization;
use crate::settings::state::{Setting, SettingValue};
use serde::{Deserialize, Serialize};

/// How many recovery codes one is given.
pub const RECOVERY_CODES: usize = 10;

/// The stored secrets of somebody who signs in with two factors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoFactor {
    /// What codes are made from.
    pub seed: CredentialId,
    /// The recovery codes that were not used yet.
    pub recovery_codes: Vec<CredentialId>,
}

impl Organization {
    /// Whether the settings demand two factors of a user, who may not have them yet.
    #[must_use]
    pub fn demands_two_factor(&self, user: &User) -> bool {
        let SettingValue::Word(word) = self.settings.get(Setting::TwoFactor) else { return false };
        match word.as_str() {
            "required" => true,
            "required_of_agents" => self.agent_of(user).is_some(),
            "required_of_users" => self.agent_of(user).is_none(),
            _ => false,
        }
    }
}

/// Nobody does it for another: the seed is theirs alone.
pub(super) fn set(
    deciding: &mut Deciding<'_>,
    id: UserId,
    seed: CredentialId,
    recovery_codes: &[CredentialId],
) -> Result<(), Rejection> {
    if deciding.context.actor != Actor::User(id) {
        return Err(Forbidden::Permission { permission: "users.password" }.into());
    }
    if editable(deciding, id)?.two_factor.is_some() {
        return Err(UserRejection::TwoFactorSet.into());
    }
    deciding.emit(UserEvent::TwoFactorSet { user: id, seed, recovery_codes: recovery_codes.to_vec() })
}

/// Oneself, unless it is demanded; others whenever they may, for whoever lost their app.
pub(super) fn remove(deciding: &mut Deciding<'_>, id: UserId) -> Result<(), Rejection> {
    let user = existing(deciding, id)?;
    let Some(two_factor) = &user.two_factor else { return Err(UserRejection::NoTwoFactor.into()) };
    if deciding.context.actor.user() == Some(id) && deciding.now.demands_two_factor(&user) {
        return Err(UserRejection::TwoFactorDemanded.into());
    }
    deciding.emit(UserEvent::TwoFactorRemoved { user: id, seed: two_factor.seed })
}

/// Once, however many use it at once. Rollbook itself says so: who signs in is not in yet.
pub(super) fn use_recovery_code(
    deciding: &mut Deciding<'_>,
    id: UserId,
    credential: CredentialId,
) -> Result<(), Rejection> {
    if deciding.context.actor != Actor::System {
        return Err(Forbidden::Permission { permission: "organization.edit" }.into());
    }
    let user = existing(deciding, id)?;
    let left = user.two_factor.map(|two_factor| two_factor.recovery_codes).unwrap_or_default();
    if !left.contains(&credential) {
        return Ok(());
    }
    deciding.emit(UserEvent::RecoveryCodeUsed { user: id, credential })
}

//! What the answer to a change shows: kept with an idempotency key, so that a retry can be shown the same.
//!
//! It names things by id and says nothing of what they are: that is read from the state that the change left.

use crate::error::Problem;
use crate::extract::Caller;
use crate::routes::{settings, tokens};
use crate::view;
use axum::http::StatusCode;
use rollbook_domain::kernel::id::{CredentialId, Kind, Subject, UserId};
use rollbook_domain::organization::state::Organization;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Under which name it is kept beside the headers of an answer. It is never sent.
const KEPT_AS: &str = "rollbook-shown";

/// What an answer shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shown {
    /// The entity that the first event made.
    Created,
    /// An entity that was there.
    Entity(Subject),
    /// A user with a new API key, whose text is shown once.
    ApiKey(Subject),
    /// A user with a new link to set a password by, which is shown once.
    Link(Subject),
    /// A user with a second factor, whose recovery codes are shown once.
    TwoFactor(Subject),
    /// A new API token of a user, whose text is shown once.
    Token(UserId, CredentialId),
    /// An API token of a user that is revoked.
    RevokedToken(UserId, CredentialId),
    /// A user with a new password, whose other sessions ended.
    Password(Subject),
    /// A user or agent whose personal data is erased, as of its confirmation.
    Erasure(Subject),
    /// Several users that were changed together.
    Users(Vec<UserId>),
    /// A rollback.
    Rollback(Uuid),
    /// Reports of statuses, in the activity ledger.
    Reports(usize),
}

/// What the first event of a change says.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    /// What it is about.
    pub(super) subject: Subject,
    /// Its batch.
    pub(super) batch: Uuid,
}

impl Shown {
    /// The status of an answer that shows this, if there was `nothing` to change or else.
    pub(super) fn status(&self, nothing: bool) -> StatusCode {
        match self {
            Self::Rollback(_) if nothing => StatusCode::OK,
            Self::Created
            | Self::ApiKey(_)
            | Self::Link(_)
            | Self::TwoFactor(_)
            | Self::Token(..)
            | Self::Rollback(_)
            | Self::Reports(_) => StatusCode::CREATED,
            Self::RevokedToken(..)
            | Self::Entity(_)
            | Self::Password(_)
            | Self::Erasure(_)
            | Self::Users(_) => StatusCode::OK,
        }
    }

    /// In the form in which it is kept.
    pub(super) fn remembered(&self) -> BTreeMap<String, String> {
        // Words and ids always serialize; nothing at all would be refused when recalled.
        let text = serde_json::to_string(self).unwrap_or_default();
        BTreeMap::from([(KEPT_AS.to_owned(), text)])
    }

    /// What [`remembered`](Self::remembered) kept.
    pub(super) fn recalled(headers: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let kept = headers.get(KEPT_AS).and_then(|text| serde_json::from_str(text).ok());
        kept.ok_or_else(|| Problem::internal(&"what an idempotency key's answer showed cannot be read"))
    }

    /// The entity whose `ETag` the answer carries.
    pub(super) fn tagged(&self, organization: &Organization, first: Option<First>) -> Option<Subject> {
        match self {
            Self::Entity(subject)
            | Self::ApiKey(subject)
            | Self::Link(subject)
            | Self::TwoFactor(subject)
            | Self::Password(subject)
            | Self::Erasure(subject) => Some(*subject),
            Self::Token(user, _) | Self::RevokedToken(user, _) => Some(user.subject()),
            Self::Created | Self::Users(_) => {
                Some(first.map_or(organization.id.subject(), |first| first.subject))
            }
            Self::Rollback(_) | Self::Reports(_) => None,
        }
    }

    /// The body of the answer. `secret` is what is shown once.
    pub(super) fn body(
        &self,
        caller: &Caller,
        organization: &Organization,
        (position, first): (u64, Option<First>),
        secret: Option<&str>,
    ) -> Result<Value, Problem> {
        let of = |subject| entity(caller, organization, subject);
        match self {
            Self::Created => of(first.map_or(organization.id.subject(), |first| first.subject)),
            Self::Entity(subject) | Self::Password(subject) | Self::Erasure(subject) => of(*subject),
            Self::ApiKey(subject) => Ok(json!({ "api_key": secret, "user": of(*subject)? })),
            Self::Link(subject) => {
                let link = organization.user(UserId(subject.id)).and_then(|user| user.link.as_ref());
                let expires_at = link.map(|link| link.until.to_string());
                Ok(json!({ "link": secret, "expires_at": expires_at, "user": of(*subject)? }))
            }
            Self::TwoFactor(subject) => {
                let codes = secret.map(|codes| codes.split(' ').collect::<Vec<_>>());
                Ok(json!({ "recovery_codes": codes, "user": of(*subject)? }))
            }
            Self::Token(user, id) => tokens::shown(organization, *user, *id, Some(secret)),
            Self::RevokedToken(user, id) => tokens::shown(organization, *user, *id, None),
            Self::Users(ids) => {
                let users = ids.iter().filter_map(|id| organization.user(*id));
                let items: Vec<_> =
                    users.map(|user| view::user(organization, user, caller.eyes(organization))).collect();
                Ok(json!({ "batch": first.map(|first| first.batch), "items": items }))
            }
            Self::Rollback(id) => Ok(json!({ "id": id, "position": position })),
            Self::Reports(count) => Ok(json!({ "recorded": count })),
        }
    }
}

fn entity(caller: &Caller, organization: &Organization, subject: Subject) -> Result<Value, Problem> {
    if subject.kind == Kind::Settings {
        return settings::seen(organization, caller.me(organization)?, caller.at(organization));
    }
    view::entity(organization, subject, caller.eyes(organization))
        .ok_or_else(|| Problem::not_found(subject.kind.word()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_is_recalled() {
        let subject = Subject { kind: Kind::User, id: Uuid::from_u128(1) };
        let all = [
            Shown::Created,
            Shown::Entity(subject),
            Shown::ApiKey(subject),
            Shown::Link(subject),
            Shown::TwoFactor(subject),
            Shown::Token(UserId(subject.id), CredentialId(Uuid::from_u128(4))),
            Shown::RevokedToken(UserId(subject.id), CredentialId(Uuid::from_u128(4))),
            Shown::Password(subject),
            Shown::Erasure(subject),
            Shown::Users(vec![UserId(Uuid::from_u128(2)), UserId(Uuid::from_u128(1))]),
            Shown::Rollback(Uuid::from_u128(3)),
            Shown::Reports(2),
        ];
        for shown in all {
            assert_eq!(Shown::recalled(&shown.remembered()).unwrap(), shown);
        }
        assert_eq!(Shown::recalled(&BTreeMap::new()).expect_err("nothing was kept").code, "internal");
    }

    #[test]
    fn a_rollback_of_nothing_creates_nothing() {
        let rollback = Shown::Rollback(Uuid::nil());
        assert_eq!([true, false].map(|nothing| rollback.status(nothing).as_u16()), [200, 201]);
    }
}

//! Given / when / then, for the rules' own tests.
//!
//! `given(&world).as_user("mona").when(command).then(&["user.renamed anna: name Anna -> Ann"])`: each word gives
//! a type that knows only the next, so a test in the wrong order does not compile. Whatever is accepted is
//! checked for what must hold of every change: see `proof`.

mod proof;
mod world;

pub(crate) use proof::{indexes, prove};
pub(crate) use world::{World, context, new_token, new_user, second_factor, world};

use super::context::{Actor, Context};
use super::id::{CredentialId, Subject, UserId};
use crate::event::Event;
use crate::organization::command::Command;
use crate::organization::decide::{Accepted, decide};
use crate::organization::rejection::Rejection;
use crate::organization::state::Organization;
use uuid::Uuid;

/// Starts from a state.
pub(crate) fn given(organization: &Organization) -> Given {
    Given { organization: organization.clone() }
}

/// A state, before it is said who asks.
pub(crate) struct Given {
    organization: Organization,
}

#[expect(
    clippy::wrong_self_convention,
    reason = "the words of given / when / then, each consuming the one before"
)]
impl Given {
    pub(crate) fn as_user(self, login: &str) -> Asker {
        let user = self.id(login);
        self.by(Actor::User(user))
    }

    pub(crate) fn as_api_key_of(self, login: &str) -> Asker {
        let user = self.id(login);
        self.by(Actor::ApiKey { user, key: CredentialId(Uuid::from_u128(7)) })
    }

    pub(crate) fn as_operator(self) -> Asker {
        self.by(Actor::Operator)
    }

    pub(crate) fn as_system(self) -> Asker {
        self.by(Actor::System)
    }

    fn id(&self, login: &str) -> UserId {
        self.organization.user_by_login(login).unwrap_or_else(|| panic!("no user {login}")).id
    }

    fn by(self, actor: Actor) -> Asker {
        let context = context(actor, self.organization.position);
        Asker { organization: self.organization, context }
    }
}

/// A state and who asks, before it is said for what.
pub(crate) struct Asker {
    organization: Organization,
    context: Context,
}

impl Asker {
    pub(crate) fn because(mut self, reason: &str) -> Self {
        self.context.reason = Some(reason.to_owned());
        self
    }

    /// From this address.
    pub(crate) fn from(mut self, ip: &str) -> Self {
        self.context.ip = Some(ip.to_owned());
        self
    }

    /// With `If-Match`.
    pub(crate) fn expecting(mut self, subject: Subject, position: u64) -> Self {
        self.context.expects = Some((subject, position));
        self
    }

    pub(crate) fn when(self, command: impl Into<Command>) -> Outcome {
        let result = decide(&self.organization, &self.context, &command.into());
        if let Ok(accepted) = &result {
            prove(&self.organization, &self.context, accepted);
        }
        Outcome { before: self.organization, result }
    }
}

/// What came of it.
pub(crate) struct Outcome {
    before: Organization,
    result: Result<Accepted, Rejection>,
}

impl Outcome {
    /// Exactly these events happened, each told as `told` tells it; the state after them.
    #[track_caller]
    pub(crate) fn then(self, events: &[&str]) -> Organization {
        let accepted = self.accepted();
        let told: Vec<_> = accepted.events.iter().map(|event| told(&accepted.after, event)).collect();
        assert_eq!(told, events);
        accepted.after
    }

    /// Events of exactly these stored names happened.
    #[track_caller]
    pub(crate) fn then_names(self, names: &[&str]) -> Organization {
        let accepted = self.accepted();
        assert_eq!(accepted.events.iter().map(Event::name).collect::<Vec<_>>(), names);
        accepted.after
    }

    #[track_caller]
    pub(crate) fn then_refused(self, rejection: impl Into<Rejection>) {
        match self.result {
            Err(refused) => assert_eq!(refused, rejection.into()),
            Ok(accepted) => {
                let names: Vec<_> = accepted.events.iter().map(Event::name).collect();
                panic!("accepted: {names:?}, expected {:?}", rejection.into());
            }
        }
    }

    /// Refused for one field, by its pointer and code.
    #[track_caller]
    pub(crate) fn then_invalid(self, pointer: &str, code: &str) {
        match self.result {
            Err(Rejection::Invalid(errors)) => {
                let found: Vec<_> = errors.iter().map(|e| (e.pointer.as_str(), e.code.as_str())).collect();
                assert_eq!(found, [(pointer, code)]);
            }
            other => panic!("{pointer} {code} expected: {:?}", other.map(|accepted| accepted.events)),
        }
    }

    /// Accepted, with nothing to change.
    #[track_caller]
    pub(crate) fn then_nothing(self) {
        let before = self.before.to_snapshot();
        let accepted = self.accepted();
        assert_eq!(accepted.events, Vec::new());
        assert_eq!(accepted.after.to_snapshot(), before);
    }

    #[track_caller]
    pub(crate) fn accepted(self) -> Accepted {
        self.result.unwrap_or_else(|rejection| panic!("refused: {rejection:?}"))
    }
}

/// `user.renamed anna: name Anna -> Ann`; ids are told by login or name, nothing by `-`.
pub(crate) fn told(after: &Organization, event: &Event) -> String {
    let changes: Vec<_> = event
        .changes()
        .into_iter()
        .map(|change| {
            let change = change.plain();
            let element = change.element.map(|e| format!("[{}]", labelled(after, &e))).unwrap_or_default();
            let side = |value: &serde_json::Value| match value.as_str() {
                Some(text) => labelled(after, text),
                None if value.is_null() => "-".to_owned(),
                None => value.to_string(),
            };
            format!("{}{element} {} -> {}", change.field, side(&change.from), side(&change.to))
        })
        .collect();
    let subject = after.label(event.subject()).unwrap_or_default();
    let colon = if changes.is_empty() { "" } else { ": " };
    format!("{} {subject}{colon}{}", event.name(), changes.join(", "))
}

fn labelled(organization: &Organization, text: &str) -> String {
    let (sign, bare) = text.strip_prefix('-').map_or(("", text), |bare| ("-", bare));
    let Ok(id) = Uuid::parse_str(bare) else { return text.to_owned() };
    let label = super::id::Kind::ALL.into_iter().find_map(|kind| organization.label(Subject { kind, id }));
    format!("{sign}{}", label.unwrap_or_else(|| bare.to_owned()))
}

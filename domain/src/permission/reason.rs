//! Why something is allowed or not: each reason names its source and the ledger position that made it so.

use serde::Serialize;

/// Which way a reason speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// For.
    Allow,
    /// Against.
    Deny,
}

/// What a reason comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A grant of the user's role.
    Role,
    /// A grant of the user's profile.
    Profile,
    /// A grant on the user alone.
    CustomProfile,
    /// Single elements of the user's own.
    Elements,
    /// A grant that the catalog gives to everybody.
    Everyone,
    /// A key held, missing or taken away.
    Key,
    /// The user's masterkey.
    Masterkey,
    /// The user's superuser mark.
    Superuser,
    /// A restricting key that is held.
    Restriction,
    /// The visibility key of a queue.
    Lock,
    /// The user's status.
    Status,
    /// When the user may sign in.
    LoginWindow,
    /// A grant that does not reach the target.
    Scope,
    /// A limit of a grant that is not met.
    Limit,
    /// A target that cannot be what the question is about.
    Target,
    /// The organization's catalog.
    Catalog,
}

impl Source {
    /// The word in an entry's metadata, as in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Profile => "profile",
            Self::CustomProfile => "custom_profile",
            Self::Elements => "elements",
            Self::Everyone => "everyone",
            Self::Key => "key",
            Self::Masterkey => "masterkey",
            Self::Superuser => "superuser",
            Self::Restriction => "restriction",
            Self::Lock => "lock",
            Self::Status => "status",
            Self::LoginWindow => "login_window",
            Self::Scope => "scope",
            Self::Limit => "limit",
            Self::Target => "target",
            Self::Catalog => "catalog",
        }
    }
}

/// What a reason says; stable, tabled in `docs/API.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A grant matches.
    Granted,
    /// The user is a superuser.
    Superuser,
    /// The key asked for is held.
    KeyHeld,
    /// The masterkey opens what a key guards.
    Masterkey,
    /// The user's status is not `active`; the name says which.
    NotActive,
    /// The user may act at other times only; the name says `not_yet`, `expired` or `outside_hours`.
    NotNow,
    /// A restricting key is held.
    Restricted,
    /// The catalog does not know the permission.
    UnknownPermission,
    /// The organization has no such target.
    TargetUnknown,
    /// The permission is not about targets of this kind.
    TargetKind,
    /// The permission needs a target of this kind too.
    TargetMissing,
    /// Nothing grants the permission.
    NotGranted,
    /// A grant does not reach the target.
    OutOfScope,
    /// A limit of a grant is not met.
    Limited,
    /// A limit of a grant asks for a fact that was not supplied.
    FactMissing,
    /// A limit of a grant is not known.
    UnknownLimit,
    /// The key is not held.
    KeyMissing,
    /// A minus entry takes the key away.
    KeyTakenAway,
}

/// One reason. Names are those of roles, profiles, keys and words of this model, never of people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// For or against.
    pub effect: Effect,
    /// What it comes from.
    pub source: Source,
    /// Which one.
    pub name: String,
    /// The ledger position that made it so; 0 where no event did.
    pub position: u64,
    /// What it says.
    pub code: Code,
}

/// A reason before it is known whether anybody wants to read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    pub(crate) effect: Effect,
    pub(crate) source: Source,
    pub(crate) name: &'a str,
    pub(crate) position: u64,
    pub(crate) code: Code,
}

impl<'a> Note<'a> {
    pub(crate) fn allow(source: Source, name: &'a str, position: u64, code: Code) -> Self {
        Self { effect: Effect::Allow, source, name, position, code }
    }

    pub(crate) fn deny(source: Source, name: &'a str, position: u64, code: Code) -> Self {
        Self { effect: Effect::Deny, source, name, position, code }
    }
}

impl From<Note<'_>> for Reason {
    fn from(note: Note<'_>) -> Self {
        let Note { effect, source, name, position, code } = note;
        Self { effect, source, name: name.to_owned(), position, code }
    }
}

/// Who listens to the walk of a question.
pub(crate) trait Sink {
    /// Whether every reason is wanted; else the walk ends at the first that settles the answer.
    const ALL: bool;

    fn note(&mut self, note: Note<'_>);
}

/// Wants the answer alone.
pub(crate) struct Quiet;

impl Sink for Quiet {
    const ALL: bool = false;

    fn note(&mut self, _: Note<'_>) {}
}

impl Sink for Vec<Reason> {
    const ALL: bool = true;

    fn note(&mut self, note: Note<'_>) {
        let reason = Reason::from(note);
        // Two grants of one role at different scopes say the same.
        if !self.contains(&reason) {
            self.push(reason);
        }
    }
}

//! All that a rule may know of the world: who asks, when, why, and fresh randomness.
//!
//! Filled at the edge; `domain` itself has no clock and no randomness.

use super::id::{CredentialId, Subject, UserId};
use super::moment::Moment;
use super::personal::{Personal, Salt};
use super::product::Product;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Who asks for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in user.
    User(UserId),
    /// A user's API key: at most what the user may.
    ApiKey {
        /// Whose key it is.
        user: UserId,
        /// Which key.
        key: CredentialId,
    },
    /// A user's named API token: at most what the user may.
    Token {
        /// Whose token it is.
        user: UserId,
        /// Which token.
        token: CredentialId,
    },
    /// Somebody at the server's command line.
    Operator,
    /// Rollbook itself (lock-outs, demo data).
    System,
}

impl Actor {
    /// The user on whose rights this actor acts; none for the operator and the system, who act above them.
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) | Self::ApiKey { user, .. } | Self::Token { user, .. } => Some(user),
            Self::Operator | Self::System => None,
        }
    }

    /// The actor whom an entry names so, acting on the rights of `user`; none if it names nobody.
    #[must_use]
    pub fn read(text: &str, user: Option<UserId>) -> Option<Self> {
        match (text.split_once(':'), text) {
            (Some(("user", id)), _) => id.parse().ok().filter(|id| Some(*id) == user).map(Self::User),
            (Some(("api_key", id)), _) => {
                Some(Self::ApiKey { user: user?, key: CredentialId(id.parse().ok()?) })
            }
            (Some(("token", id)), _) => {
                Some(Self::Token { user: user?, token: CredentialId(id.parse().ok()?) })
            }
            (None, "operator") => Some(Self::Operator),
            (None, "system") => Some(Self::System),
            _ => None,
        }
    }
}

impl std::fmt::Display for Actor {
    /// As in an entry's metadata: `user:<id>`, `api_key:<id>`, `token:<id>`, `operator`, `system`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
            Self::ApiKey { key, .. } => write!(f, "api_key:{key}"),
            Self::Token { token, .. } => write!(f, "token:{token}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

/// The way a change came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The console's pages.
    Console,
    /// REST.
    Api,
    /// The command line.
    Cli,
    /// An import: what was found in a file of this product, and not decided here.
    Import(Product),
    /// A rollback being applied.
    Rollback,
    /// Rollbook itself.
    System,
}

impl Channel {
    /// The word in metadata and in the activity log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Import(_) => "import",
            Self::Rollback => "rollback",
            Self::System => "system",
        }
    }

    /// In whose file it was found, if it was.
    #[must_use]
    pub fn found_in(self) -> Option<Product> {
        match self {
            Self::Import(product) => Some(product),
            Self::Console | Self::Api | Self::Cli | Self::Rollback | Self::System => None,
        }
    }
}

/// The world at the moment of one command.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who asks.
    pub actor: Actor,
    /// When it is decided; the ledger stamps its entries with this.
    pub at: Moment,
    /// 32 random bytes from which ids and salts are drawn.
    pub seed: [u8; 32],
    /// Why, in the asker's words (personal free text, at most 2,000 characters).
    pub reason: Option<String>,
    /// The ticket it belongs to (at most 200 characters).
    pub ticket: Option<String>,
    /// How it came in.
    pub channel: Channel,
    /// The asker's network address.
    pub ip: Option<String>,
    /// The asker's user agent.
    pub agent: Option<String>,
    /// The session it was asked in.
    pub session: Option<Uuid>,
    /// The request it was asked by.
    pub request: Option<Uuid>,
    /// This command.
    pub command: Uuid,
    /// What caused it (a rollback's plan, an import), if not the asker directly.
    pub cause: Option<String>,
    /// The entity as the asker last saw it: its last event's position must still be this (`If-Match`).
    pub expects: Option<(Subject, u64)>,
}

/// Draws ids and salts from a context's seed, the same ones for the same seed in the same order.
#[derive(Clone, Debug)]
pub struct Fresh {
    seed: [u8; 32],
    millis: u64,
    drawn: u64,
}

impl Fresh {
    /// Starts drawing for `context`.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        let millis = u64::try_from(context.at.micros() / 1_000).unwrap_or_default();
        Self { seed: context.seed, millis, drawn: 0 }
    }

    /// Starts drawing salts for the metadata of the `nth` event of `context`'s command; they are none of those
    /// that [`new`](Self::new) draws.
    #[must_use]
    pub fn for_metadata(context: &Context, nth: u64) -> Self {
        let seed = Sha256::new()
            .chain_update(b"metadata")
            .chain_update(context.seed)
            .chain_update(nth.to_be_bytes());
        Self { seed: seed.finalize().into(), ..Self::new(context) }
    }

    /// A UUID version 7 (RFC 9562 §5.7): time first, so that rows of one time lie together.
    pub fn uuid(&mut self) -> Uuid {
        let random = self.bytes::<10>();
        uuid::Builder::from_unix_timestamp_millis(self.millis, &random).into_uuid()
    }

    /// A salt for one personal value.
    pub fn salt(&mut self) -> Salt {
        self.bytes::<16>()
    }

    /// A personal value with a salt of its own.
    pub fn personal(&mut self, value: &str) -> Personal {
        Personal::new(value, self.salt())
    }

    /// The first `N` (at most 32) bytes of `SHA-256(seed ‖ counter)`.
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        self.drawn += 1;
        let digest = Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_be_bytes()).finalize();
        let mut bytes = [0; N];
        bytes.iter_mut().zip(digest).for_each(|(byte, drawn)| *byte = drawn);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::spec;

    #[test]
    fn an_actor_is_read_as_an_entry_names_it_and_nobody_else_is() {
        let (user, key) = (UserId(Uuid::from_u128(1)), CredentialId(Uuid::from_u128(2)));
        let token = Actor::Token { user, token: key };
        let known = [Actor::User(user), Actor::ApiKey { user, key }, token, Actor::Operator, Actor::System];
        for actor in known {
            assert_eq!(Actor::read(&actor.to_string(), actor.user()), Some(actor));
        }
        let (user, other) = (Actor::User(user).to_string(), Some(UserId(Uuid::from_u128(3))));
        assert_eq!([Actor::read(&user, other), Actor::read(&user, None)], [None, None]);
        for bad in ["", "scim:1", "user:x", "system:1", "operators"] {
            assert_eq!(Actor::read(bad, other), None, "{bad}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_ids_and_no_id_twice() {
        let context = spec::context(Actor::System, 0);
        let (mut a, mut b) = (Fresh::new(&context), Fresh::new(&context));
        let first = a.uuid();
        assert_eq!(first, b.uuid());
        assert_ne!(first, a.uuid());
        assert_eq!(first.get_version_num(), 7);
    }
}

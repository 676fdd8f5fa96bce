//! What shall be undone, as callers write it. References may be names.

use crate::error::Problem;
use crate::extract::Caller;
use crate::routes::refer::Names;
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::NamedTarget;
use rollbook_replay::as_of::At;
use rollbook_replay::rollback::{Selection, To};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One of: `subject` and `to`; `events`; `actor`, `from` and `until`; `batch`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SelectBody {
    /// `{"kind","id"}`: everything that happened to it after `to`.
    #[schema(value_type = Option<Object>)]
    subject: Option<NamedTarget>,
    /// `{"position"}`, `{"at"}` or `{"version"}`.
    to: Option<ToBody>,
    /// Positions of events.
    events: Option<Vec<u64>>,
    /// `user:<id>`, `api_key:<id>`, `token:<id>`, `operator` or `system`; also a user's id or login.
    actor: Option<String>,
    /// From this time.
    #[schema(value_type = Option<String>)]
    from: Option<Moment>,
    /// To this time; both count.
    #[schema(value_type = Option<String>)]
    until: Option<Moment>,
    /// The id of a command or a rollback.
    batch: Option<Uuid>,
}

/// A point in an entity's past.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToBody {
    /// A position of the ledger.
    position: Option<u64>,
    /// A position, or an RFC 3339 time.
    #[schema(value_type = Option<Value>)]
    at: Option<At>,
    /// The state after its n-th event.
    version: Option<u64>,
}

impl SelectBody {
    /// The selection by ids.
    ///
    /// # Errors
    /// 422 by pointer; 404 for a subject that is not there or not to be known.
    pub(super) fn resolve(self, caller: &Caller, now: &Organization) -> Result<Selection, Problem> {
        let Self { subject, to, events, actor, from, until, batch } = self;
        match (subject, to, events, (actor, from, until), batch) {
            (Some(subject), Some(to), None, (None, None, None), None) => {
                Ok(Selection::Entity { subject: seen(caller, now, subject)?, to: to.point()? })
            }
            (None, None, Some(events), (None, None, None), None) => Ok(Selection::Events { events }),
            (None, None, None, (Some(actor), Some(from), Some(until)), None) => {
                let actor = doer(&Names::of(caller, now)?, &actor)?;
                Ok(Selection::Actor { actor, from, until })
            }
            (None, None, None, (None, None, None), Some(batch)) => Ok(Selection::Batch { batch }),
            _ => {
                let detail = "is one of: subject and to; events; actor, from and until; batch";
                Err(Problem::field("/select", "one_of", detail))
            }
        }
    }
}

impl ToBody {
    fn point(self) -> Result<To, Problem> {
        match (self.position, self.at, self.version) {
            (Some(position), None, None) | (None, Some(At::Position(position)), None) => {
                Ok(To::Position(position))
            }
            (None, Some(At::Moment(moment)), None) => Ok(To::Moment(moment)),
            (None, None, Some(version)) => Ok(To::Version(version)),
            _ => Err(Problem::field("/select/to", "one_of", "is one of: position, at, version")),
        }
    }
}

fn seen(caller: &Caller, now: &Organization, named: NamedTarget) -> Result<Subject, Problem> {
    let NamedTarget { kind, id } = named;
    let id = match (kind, id) {
        (Kind::Conversation | Kind::Setting | Kind::Element, _) => {
            let detail = "of this kind nothing is kept that could be undone";
            return Err(Problem::field("/select/subject/kind", "unknown_word", detail));
        }
        (Kind::Organization | Kind::Settings, None) => Some(now.id.uuid()),
        (_, None) => {
            return Err(Problem::field("/select/subject/id", "required", "say which one by its id or name"));
        }
        (kind, Some(id)) => now.find(kind, &id),
    };
    let subject = id.map(|id| Subject { kind, id }).ok_or_else(|| Problem::not_found(kind.word()))?;
    caller.sees(now, subject)?;
    Ok(subject)
}

/// To whoever may not see a user it is as if nobody were called so.
fn doer(names: &Names<'_>, actor: &str) -> Result<String, Problem> {
    let bad = || {
        let detail =
            "is `user:`, `api_key:` or `token:` and an id, `operator`, `system`, or a user's id or login";
        Problem::field("/select/actor", "not_an_actor", detail)
    };
    match actor.split_once(':') {
        Some(("user", user)) => names.find(Kind::User, user).map(|id| format!("user:{id}")).ok_or_else(bad),
        Some(("api_key", key)) => Uuid::parse_str(key).map(|id| format!("api_key:{id}")).map_err(|_| bad()),
        Some(("token", token)) => Uuid::parse_str(token).map(|id| format!("token:{id}")).map_err(|_| bad()),
        None if matches!(actor, "operator" | "system") => Ok(actor.to_owned()),
        None => names.find(Kind::User, actor).map(|id| format!("user:{id}")).ok_or_else(bad),
        Some(_) => Err(bad()),
    }
}

//! What the handlers of every entity do.

use super::{Entity, Resolve};
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::list::Page;
use crate::routes::mutation::Mutation;
use crate::routes::refer::Names;
use crate::routes::sort::{Cell, Placed, Sort};
use axum::Json;
use axum::response::Response;
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::kernel::shared::Standing;
use rollbook_domain::kernel::text::folded;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::visible;
use rollbook_domain::permission::facts::Targets;
use uuid::Uuid;

/// A page of those the caller may see, by name or code.
pub(super) async fn list<E: Entity>(
    caller: &Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Json<Page<E::View>>, Problem> {
    let organization = app::at_least(&caller.open, min.0).await?;
    let me = caller.me(&organization)?;
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let known: Vec<_> = SORTED_BY.iter().chain(E::COUNTS).copied().collect();
    let sort = Sort::take(&mut params, &known)?;
    let kind = if E::HAS_KINDS { params.take("kind") } else { None };
    let filter = Filter { q: params.take("q").map(|q| folded(&q)), status: standing(&mut params)?, kind };
    params.done()?;
    let (at, eyes) = (caller.at(&organization), caller.eyes(&organization));
    let sees = |it: &E| visible::sees(&organization, me, Subject { kind: E::KIND, id: it.id() }, at);
    let page = sort.unwrap_or_else(|| Sort::by(CALLED)).page(
        E::all(&organization).filter(|it| filter.matches(*it)),
        |id| E::all(&organization).find(|it| it.id() == id),
        |it, field| cell(*it, field),
        (limit, cursor),
        |it| sees(it),
        |it| it.view(&organization, eyes),
    );
    page.map(Json)
}

/// What every kind of thing is sorted by.
const SORTED_BY: [&str; 5] = ["name", "description", "status", "created", "changed"];

/// What it is listed by where nothing else is asked for.
const CALLED: &str = "called";

impl<E: Entity> Placed for &E {
    const PERSONAL: &'static [&'static str] = E::PERSONAL;

    fn id(&self) -> Uuid {
        E::id(self)
    }

    fn personal(&self, field: &str) -> Option<&Personal> {
        E::personal(self, field)
    }
}

fn cell<E: Entity>(it: &E, field: &str) -> Cell {
    Cell::Text(match field {
        CALLED => it.called(),
        "name" => folded(it.name()),
        "description" => folded(it.description()),
        "status" => it.status().word().to_owned(),
        _ => return Cell::Number(it.count(field)),
    })
}

struct Filter {
    q: Option<String>,
    status: Option<Standing>,
    kind: Option<String>,
}

impl Filter {
    fn matches<E: Entity>(&self, it: &E) -> bool {
        let has = |text: &str, q: &String| folded(text).contains(q.as_str());
        self.q.as_ref().is_none_or(|q| has(it.name(), q) || has(it.description(), q))
            && self.status.is_none_or(|status| it.status() == status)
            && self.kind.as_ref().is_none_or(|kind| it.kind() == Some(kind))
    }
}

fn standing(params: &mut Params) -> Result<Option<Standing>, Problem> {
    let Some(word) = params.take("status") else { return Ok(None) };
    let known = [Standing::Active, Standing::Archived].into_iter().find(|one| one.word() == word);
    known.map(Some).ok_or_else(|| Problem::field("status", "unknown_word", "is `active` or `archived`"))
}

/// Adds one. Whoever may add none learns nothing of what its references mean.
pub(super) async fn create<E: Entity, B: Resolve<E::Edit>>(
    app: &App,
    caller: &Caller,
    meta: &Meta,
    permission: &'static str,
    body: Body<B>,
) -> Result<Response, Problem> {
    let organization = caller.organization();
    let permission = body.value.takes(&organization, None).unwrap_or(permission);
    caller.need(app, &organization, permission, &Targets::default())?;
    let command = E::create(body.value.resolve(&Names::of(caller, &organization)?)?);
    Mutation::new(app, caller, meta).run(command).await?.respond(caller)
}

/// Replaces the members that the body names.
pub(super) async fn edit<E: Entity, B: Resolve<E::Edit>>(
    app: &App,
    caller: &Caller,
    meta: &Meta,
    permission: &'static str,
    id: &Id,
    body: Body<B>,
) -> Result<Response, Problem> {
    let organization = caller.organization();
    let subject = id.find(&organization, E::KIND)?;
    caller.sees(&organization, subject)?;
    let permission = body.value.takes(&organization, Some(subject.id)).unwrap_or(permission);
    caller.need(app, &organization, permission, &Targets::default())?;
    let names = Names::beside(caller, &organization, subject)?;
    let command = E::edit(subject.id, body.value.resolve(&names)?);
    Mutation::new(app, caller, meta).about(subject).run(command).await?.respond(caller)
}

/// Archives or restores one.
pub(super) async fn life<E: Entity>(
    app: &App,
    caller: &Caller,
    meta: &Meta,
    id: &Id,
    command: fn(Uuid) -> Command,
) -> Result<Response, Problem> {
    let organization = caller.organization();
    let subject = id.find(&organization, E::KIND)?;
    caller.sees(&organization, subject)?;
    Mutation::new(app, caller, meta).about(subject).run(command(subject.id)).await?.respond(caller)
}

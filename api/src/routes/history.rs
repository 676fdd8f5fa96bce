//! What happened to one entity, newest first, each event with what it made of which.
//!
//! Sentences are said with the names that things have now; the activity log says them with those of then.

use super::list;
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, Id, MinPosition, Params};
use axum::Json;
use axum::extract::State;
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_projections::activity_log::fold::{Labels, fold};
use rollbook_replay::diff::change_json;
use rollbook_replay::history::{self, Cursor, Item};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// A page of a history.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryPage {
    /// Newest first: `{"position","version","at","actor","action","sentence","outcome","changes","reason",
    /// "ticket","channel","authority","batch"}`. Version n is the state after the entity's n-th event.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Value>,
    /// The cursor of the next page; null if there is none.
    next: Option<String>,
}

macro_rules! histories {
    ($($name:ident $path:tt $tag:tt $permission:tt $kind:ident;)*) => {
        pub(super) fn router() -> OpenApiRouter<App> {
            OpenApiRouter::new().routes(routes!(settings_history))$(.routes(routes!($name)))*
        }

        $(
            /// What happened to it, newest first: who, when, why, on whose authority, from what to what. An
            /// audited read.
            #[utoipa::path(
                get, path = $path, tag = $tag,
                params(
                    ("id" = String, Path, description = "Id, login or name"),
                    ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
                    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
                ),
                responses(
                    (status = 200, description = "A page of its history", body = HistoryPage),
                    (status = 401, description = "`unauthenticated`", body = Problem),
                    (status = 404, description = "`not_found`", body = Problem),
                    (status = 422, description = "`invalid`", body = Problem),
                ),
                extensions(("x-permission" = json!($permission))),
            )]
            async fn $name(
                State(app): State<App>,
                caller: Caller,
                min: MinPosition,
                id: Id,
                params: Params,
            ) -> Result<Json<HistoryPage>, Problem> {
                let now = app::at_least(&caller.open, min.0).await?;
                let subject = id.find(&now, Kind::$kind)?;
                of(&app, &caller, &now, subject, params).await
            }
        )*
    };
}

histories! {
    user_history "/users/{id}/history" "users" "users.view" User;
    role_history "/roles/{id}/history" "roles" "roles.view" Role;
    profile_history "/profiles/{id}/history" "profiles" "profiles.view" Profile;
    key_history "/keys/{id}/history" "keys" "keys.view" Key;
    queue_history "/queues/{id}/history" "queues" "queues.view" Queue;
    group_history "/groups/{id}/history" "groups" "groups.view" Group;
    agent_history "/agents/{id}/history" "agents" "agents.view" Agent;
    object_history "/objects/{id}/history" "objects" "objects.view" Object;
}

/// What happened to the settings, newest first. An audited read.
#[utoipa::path(
    get, path = "/settings/history", tag = "settings",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of their history", body = HistoryPage),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
    ),
    extensions(("x-permission" = json!("settings.view"))),
)]
async fn settings_history(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    params: Params,
) -> Result<Json<HistoryPage>, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    caller.need(&app, &now, "settings.view", &Targets::default())?;
    let subject = Subject { kind: Kind::Settings, id: now.id.uuid() };
    of(&app, &caller, &now, subject, params).await
}

async fn of(
    app: &App,
    caller: &Caller,
    now: &Organization,
    subject: Subject,
    mut params: Params,
) -> Result<Json<HistoryPage>, Problem> {
    caller.sees(now, subject)?;
    let limit = params.limit()?;
    let after = list::after(params.take("cursor"))?;
    params.done()?;
    let cursor = after.map(|text| text.parse::<Cursor>()).transpose();
    let cursor = cursor.map_err(|error| Problem::field("cursor", "not_a_cursor", &error.to_string()))?;
    let page = history::page(app.deployment().store(), now, subject, cursor, limit).await?;
    caller.reads(app, now, "history", Some(subject));
    let items = page.items.into_iter().map(|item| view(now, item)).collect::<Result<_, _>>()?;
    let next = page.next.map(|next| list::cursor(&next.to_string()));
    Ok(Json(HistoryPage { items, next }))
}

fn view(now: &Organization, item: Item) -> Result<Value, Problem> {
    let Item { entry, version, changes } = item;
    // Names are those of now: the state of then would have to be folded from the ledger's beginning.
    let mut before = now.clone();
    before.position = entry.position.saturating_sub(1);
    let row = fold(&mut Labels::starting(before), entry)?;
    let changes: Vec<_> = changes.iter().map(change_json).collect();
    Ok(json!({
        "position": row.position,
        "version": version,
        "at": row.at,
        "actor": {
            "kind": row.actor.kind, "id": row.actor.id, "label": row.actor.label, "role": row.actor.role,
            "token": row.actor.token,
        },
        "action": row.action,
        "sentence": row.sentence,
        "outcome": row.outcome,
        "subject": row.subject,
        "changes": changes,
        "reason": row.reason,
        "ticket": row.ticket,
        "channel": row.channel,
        "authority": row.authority,
        "batch": row.batch,
    }))
}

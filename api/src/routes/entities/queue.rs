//! Queues and campaigns: who serves and who supervises them, and the key that locks them.

use super::bodies;
use super::{Entity, Resolve, entity_routes, serve};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::list::Page;
use crate::routes::refer::{self, Names};
use crate::view::QueueView;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::kernel::id::{KeyId, Kind, QueueId, UserId};
use rollbook_domain::queue::command::QueueEdit;
use rollbook_domain::queue::state::Queue;
use rollbook_domain::queue::state::{QueueKind, Supervision};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Somebody who supervises a queue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SupervisorBody {
    /// User id or login.
    user: String,
    /// Whether they may move agents; not unless said.
    #[serde(default)]
    editor: bool,
}

bodies::bodies! {
    "A queue or campaign to be added." NewQueue, "Members of a queue or campaign to replace; lists are replaced whole." EditQueue as QueueEdit {
        /// For people; at most 2,000 characters.
        #[schema(nullable = false)]
        description: String,
        /// `queue` (if not said) or `campaign`; it is fixed once the queue is there.
        #[schema(value_type = Option<String>, nullable = false)]
        kind: QueueKind,
        /// The key, by name or id, whose holders alone see it; null opens it to all who hold the permission.
        #[schema(value_type = Option<String>)]
        visibility_key: Option<String>,
        /// What an aggregate queue is composed of, by id or name.
        #[schema(nullable = false)]
        parts: Vec<String>,
        /// Who serves it, by id or login.
        #[schema(nullable = false)]
        agents: Vec<String>,
        /// Who supervises it.
        #[schema(nullable = false)]
        supervisors: Vec<SupervisorBody>,
        /// Whether what it is (name, description, key, parts) may not be changed, archiving included.
        #[schema(nullable = false)]
        update_protected: bool,
        /// Whether it may not be archived.
        #[schema(nullable = false)]
        delete_protected: bool,
    }
}

impl Resolve<QueueEdit> for EditQueue {
    fn resolve(self, names: &Names<'_>) -> Result<QueueEdit, Problem> {
        let key =
            |text: Option<String>| refer::find_maybe(names, Kind::Key, "/visibility_key", text.as_deref());
        let visibility_key = self.visibility_key.map(key).transpose()?;
        Ok(QueueEdit {
            name: self.name,
            description: self.description,
            kind: self.kind,
            visibility_key: visibility_key.map(|key| key.map(KeyId)),
            parts: bodies::all(names, Kind::Queue, "/parts", self.parts, QueueId)?,
            agents: bodies::users(names, "/agents", self.agents)?,
            supervisors: self.supervisors.map(|all| supervisors(names, all)).transpose()?,
            update_protected: self.update_protected,
            delete_protected: self.delete_protected,
        })
    }
}

fn supervisors(
    names: &Names<'_>,
    all: Vec<SupervisorBody>,
) -> Result<BTreeMap<UserId, Supervision>, Problem> {
    let mut supervisors = BTreeMap::new();
    for (place, one) in all.into_iter().enumerate() {
        let pointer = format!("/supervisors/{place}/user");
        let user = UserId(refer::find(names, Kind::User, &pointer, &one.user)?);
        let supervision = if one.editor { Supervision::Editor } else { Supervision::Viewer };
        if supervisors.insert(user, supervision).is_some() {
            return Err(Problem::field(&pointer, "twice", "is named twice"));
        }
    }
    Ok(supervisors)
}

entity_routes! {
    Queue, QueueView, NewQueue, EditQueue, "queues", "/queues", "/queues/{id}", "/queues/{id}/archive", "/queues/{id}/restore",
    { view: "queues.view", create: "queues.create", edit: "queues.edit", archive: "queues.archive" },
    "`name_taken`",
    "`name_taken`, `archived`, `update_protected`, `delete_protected`, `kind_is_fixed`, `part_of_itself`"
}

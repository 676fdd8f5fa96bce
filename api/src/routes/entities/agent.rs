//! Agents: seats at the telephone system, apart from the users who sit there.

use super::{Entity, Resolve, entity_routes, serve};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::list::Page;
use crate::routes::mutation::{Done, Mutation};
use crate::routes::refer::{self, Names};
use crate::routes::shown::Shown;
use crate::routes::{ending, retry, users};
use crate::view::{self, AgentView, Eyes};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::agent::state::{Agent, Level};
use rollbook_domain::kernel::id::{AgentId, GroupId, KeyId, Kind, QueueId, UserId};
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::kernel::shared::Standing;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

macro_rules! agent_bodies {
    ($($(#[$meta:meta])* $field:ident: $type:ty,)*) => {
        /// An agent to be added.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct NewAgent {
            /// 1 to 128 characters without white space; names this agent alone, whatever its case.
            code: String,
            $(
                $(#[$meta])*
                #[serde(default, deserialize_with = "super::bodies::given")]
                $field: Option<$type>,
            )*
        }

        /// Members of an agent to replace; lists and maps are replaced whole.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct EditAgent {
            /// 1 to 128 characters without white space; names this agent alone, whatever its case.
            #[serde(default, deserialize_with = "super::bodies::given")]
            #[schema(nullable = false)]
            code: Option<String>,
            $(
                $(#[$meta])*
                #[serde(default, deserialize_with = "super::bodies::given")]
                $field: Option<$type>,
            )*
        }

        impl Resolve<AgentEdit> for NewAgent {
            fn resolve(self, names: &Names<'_>) -> Result<AgentEdit, Problem> {
                let Self { code, $($field),* } = self;
                EditAgent { code: Some(code), $($field),* }.resolve(names)
            }
        }
    };
}

agent_bodies! {
    /// For people, most often the name of whoever sits there; at most 2,000 characters.
    #[schema(nullable = false)]
    description: String,
    /// Other names in the telephone system, at most 20, each naming this agent alone and without `|`.
    #[schema(nullable = false)]
    aliases: Vec<String>,
    /// Where it is; null: nowhere in particular.
    #[schema(value_type = Option<String>)]
    location: Option<String>,
    /// Its code in the payroll; null takes it away.
    #[schema(value_type = Option<String>)]
    payroll_code: Option<String>,
    /// The extension it is reached at, without white space; null takes it away.
    #[schema(value_type = Option<String>)]
    extension: Option<String>,
    /// The key, by name or id, whose holders alone see it; null opens it to all who hold the permission.
    #[schema(value_type = Option<String>)]
    visibility_key: Option<String>,
    /// The group it belongs to, by id or name; null: to none.
    #[schema(value_type = Option<String>)]
    group: Option<String>,
    /// The user who supervises it, by id or login; null: nobody. A note for people: it lets nobody see or do anything.
    #[schema(value_type = Option<String>)]
    supervisor: Option<String>,
    /// The queues it serves, by id or name, each with its level: `main`, `wrap` or `spill`.
    #[schema(value_type = BTreeMap<String, String>, nullable = false)]
    queues: BTreeMap<String, Level>,
    /// Whether nothing else of it may be changed, archiving included.
    #[schema(nullable = false)]
    update_protected: bool,
    /// Whether it may not be archived.
    #[schema(nullable = false)]
    delete_protected: bool,
}

impl Resolve<AgentEdit> for EditAgent {
    fn resolve(self, names: &Names<'_>) -> Result<AgentEdit, Problem> {
        let find = |kind: Kind, pointer: &str, given: Option<Option<String>>| {
            let found = |text: Option<String>| refer::find_maybe(names, kind, pointer, text.as_deref());
            given.map(found).transpose()
        };
        let visibility_key = find(Kind::Key, "/visibility_key", self.visibility_key)?;
        let group = find(Kind::Group, "/group", self.group)?;
        let supervisor = find(Kind::User, "/supervisor", self.supervisor)?;
        Ok(AgentEdit {
            code: self.code,
            description: self.description,
            aliases: self.aliases,
            location: self.location,
            payroll_code: self.payroll_code,
            extension: self.extension,
            visibility_key: visibility_key.map(|key| key.map(KeyId)),
            group: group.map(|group| group.map(GroupId)),
            supervisor: supervisor.map(|user| user.map(UserId)),
            queues: self.queues.map(|queues| levels(names, queues)).transpose()?,
            update_protected: self.update_protected,
            delete_protected: self.delete_protected,
        })
    }
}

fn levels(names: &Names<'_>, given: BTreeMap<String, Level>) -> Result<BTreeMap<QueueId, Level>, Problem> {
    let mut levels = BTreeMap::new();
    for (name, level) in given {
        // RFC 6901: a name may have the characters that divide a pointer.
        let pointer = format!("/queues/{}", name.replace('~', "~0").replace('/', "~1"));
        let queue = QueueId(refer::find(names, Kind::Queue, &pointer, &name)?);
        if levels.insert(queue, level).is_some() {
            return Err(Problem::field(&pointer, "twice", "is named twice"));
        }
    }
    Ok(levels)
}

impl Entity for Agent {
    const KIND: Kind = Kind::Agent;
    type Edit = AgentEdit;
    type View = AgentView;

    /// The erased have no code to be listed by.
    fn all(organization: &Organization) -> impl Iterator<Item = &Self> {
        organization.agents.values().map(AsRef::as_ref).filter(|agent: &&Self| !agent.is_erased())
    }

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn name(&self) -> &str {
        self.code.text()
    }

    const PERSONAL: &'static [&'static str] = &["called", "name", "description"];

    fn personal(&self, field: &str) -> Option<&Personal> {
        match field {
            "called" | "name" => Some(&self.code),
            "description" => Some(&self.description),
            _ => None,
        }
    }

    fn description(&self) -> &str {
        self.description.text()
    }

    fn status(&self) -> Standing {
        self.status
    }

    fn count(&self, field: &str) -> u64 {
        if field == "created" { self.record.created.position } else { self.record.updated.position }
    }

    fn view(&self, organization: &Organization, eyes: Eyes<'_>) -> AgentView {
        view::agent(organization, self, eyes)
    }

    fn create(new: AgentEdit) -> Command {
        Command::Agent(AgentCommand::Create(new))
    }

    fn edit(id: Uuid, edit: AgentEdit) -> Command {
        Command::Agent(AgentCommand::Edit(AgentId(id), edit))
    }

    fn archive(id: Uuid) -> Command {
        Command::Agent(AgentCommand::Archive(AgentId(id)))
    }

    fn restore(id: Uuid) -> Command {
        Command::Agent(AgentCommand::Restore(AgentId(id)))
    }
}

entity_routes! {
    Agent, AgentView, NewAgent, EditAgent, "agents", "/agents", "/agents/{id}", "/agents/{id}/archive", "/agents/{id}/restore",
    { view: "agents.view", create: "agents.create", edit: "agents.edit", archive: "agents.archive" },
    "`code_taken`, `alias_taken`",
    "`code_taken`, `alias_taken`, `archived`, `update_protected`, `delete_protected`, `erased`"
}

/// The route that no other entity here has.
pub(super) fn erase_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(erase))
}

/// Erase an archived agent's personal data for good: code, description, aliases, payroll code and extension. A retry
/// finishes what was cut off.
///
/// The reason given with it is kept as that agent's and goes with the rest; a ticket stays. Erasing a user erases the
/// agent whose code is their login, too.
#[utoipa::path(
    post, path = "/agents/{id}/erase", tag = "agents",
    params(("id" = String, Path, description = "Id or code; after erasing only the id")),
    responses(
        (status = 200, description = "The agent, whose personal values read `[erased]`", body = AgentView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`not_archived`", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "`reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("agents.erase"))),
)]
async fn erase(State(app): State<App>, caller: Caller, meta: Meta, id: Id) -> Result<Response, Problem> {
    let organization = caller.organization();
    let subject = id.find(&organization, Kind::Agent)?;
    caller.sees(&organization, subject)?;
    // What the ledger says is gone must go, whoever waits for it.
    ending::to_the_end(async move {
        let command = Command::Agent(AgentCommand::RequestErasure(AgentId(subject.id)));
        let mutation = Mutation::new(&app, &caller, &meta).about(subject).shows(Shown::Erasure(subject));
        let mut changed = match mutation.run(command).await? {
            Done::Changed(changed) => changed,
            other => return other.respond(&caller),
        };
        changed.position = users::erased_at(&app, &caller, subject, changed.position).await?;
        changed.organization = retry::at(&app, &caller, changed.position).await?;
        changed.respond(&caller)
    })
    .await
}

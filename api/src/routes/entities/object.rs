//! Objects: skills, tags, reports and the other small things of which the catalog has kinds; and what uses them.

use super::{Entity, Resolve, entity_routes, serve};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::list::Page;
use crate::routes::mutation::Mutation;
use crate::routes::refer::{self, Names};
use crate::view::{self, Eyes, ObjectView};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::kernel::id::{KeyId, Kind, ObjectId, QueueId, UserId};
use rollbook_domain::kernel::shared::Standing;
use rollbook_domain::kernel::text::folded;
use rollbook_domain::object::command::{ObjectCommand, ObjectEdit, Use};
use rollbook_domain::object::state::Object;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// Most things that one request may put an object with or take from it.
const USES_MAX: usize = 1_000;

macro_rules! object_bodies {
    ($($(#[$meta:meta])* $field:ident: $type:ty,)*) => {
        /// An object to be added.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct NewObject {
            /// One of the catalog's kinds, for life.
            kind: String,
            /// 1 to 200 characters; unique among objects of the kind, whatever its case.
            name: String,
            $(
                $(#[$meta])*
                #[serde(default, deserialize_with = "super::bodies::given")]
                $field: Option<$type>,
            )*
        }

        /// Members of an object to replace; a list is replaced whole.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct EditObject {
            /// As it is: an object stays of its kind.
            #[serde(default, deserialize_with = "super::bodies::given")]
            #[schema(nullable = false)]
            kind: Option<String>,
            /// 1 to 200 characters; unique among objects of the kind, whatever its case.
            #[serde(default, deserialize_with = "super::bodies::given")]
            #[schema(nullable = false)]
            name: Option<String>,
            $(
                $(#[$meta])*
                #[serde(default, deserialize_with = "super::bodies::given")]
                $field: Option<$type>,
            )*
        }

        impl Resolve<ObjectEdit> for NewObject {
            fn resolve(self, names: &Names<'_>) -> Result<ObjectEdit, Problem> {
                let Self { kind, name, $($field),* } = self;
                EditObject { kind: Some(kind), name: Some(name), $($field),* }.resolve(names)
            }

            fn takes(&self, organization: &Organization, _: Option<Uuid>) -> Option<&'static str> {
                organization.catalog.object(&self.kind).map(|kind| kind.may_create())
            }
        }
    };
}

object_bodies! {
    /// For people; at most 2,000 characters.
    #[schema(nullable = false)]
    description: String,
    /// The key, by name or id, whose holders alone see it; null opens it to all who hold the permission.
    #[schema(value_type = Option<String>)]
    visibility_key: Option<String>,
    /// The key, by name or id, whose holders alone see what reports say of it; null opens that.
    #[schema(value_type = Option<String>)]
    reports_key: Option<String>,
    /// What is in it (topics, of a topic set), in order and none twice; at most 200 names.
    #[schema(nullable = false)]
    contents: Vec<String>,
}

impl Resolve<ObjectEdit> for EditObject {
    fn resolve(self, names: &Names<'_>) -> Result<ObjectEdit, Problem> {
        let key = |pointer: &str, given: Option<Option<String>>| {
            let found = |text: Option<String>| refer::find_maybe(names, Kind::Key, pointer, text.as_deref());
            let found = given.map(found).transpose()?;
            Ok::<_, Problem>(found.map(|key| key.map(KeyId)))
        };
        Ok(ObjectEdit {
            kind: self.kind,
            name: self.name,
            description: self.description,
            visibility_key: key("/visibility_key", self.visibility_key)?,
            reports_key: key("/reports_key", self.reports_key)?,
            contents: self.contents,
        })
    }

    fn takes(&self, organization: &Organization, subject: Option<Uuid>) -> Option<&'static str> {
        let kind = organization.object_kind(ObjectId(subject?))?;
        let is_more = self.name.is_some()
            || self.description.is_some()
            || self.visibility_key.is_some()
            || self.reports_key.is_some();
        let contents_alone = self.contents.is_some() && !is_more;
        Some(if contents_alone { kind.may_change_contents() } else { kind.may_edit() })
    }
}

impl Entity for Object {
    const KIND: Kind = Kind::Object;
    const HAS_KINDS: bool = true;
    type Edit = ObjectEdit;
    type View = ObjectView;

    fn all(organization: &Organization) -> impl Iterator<Item = &Self> {
        organization.objects.values().map(AsRef::as_ref)
    }

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// One name may be that of a skill and of a tag.
    fn called(&self) -> String {
        folded(&Object::called(self))
    }

    fn kind(&self) -> Option<&str> {
        Some(&self.kind)
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn status(&self) -> Standing {
        self.status
    }

    fn count(&self, field: &str) -> u64 {
        if field == "created" { self.record.created.position } else { self.record.updated.position }
    }

    fn view(&self, organization: &Organization, eyes: Eyes<'_>) -> ObjectView {
        view::listed_object(organization, self, eyes)
    }

    fn create(new: ObjectEdit) -> Command {
        Command::Object(ObjectCommand::Create(new))
    }

    fn edit(id: Uuid, edit: ObjectEdit) -> Command {
        Command::Object(ObjectCommand::Edit(ObjectId(id), edit))
    }

    fn archive(id: Uuid) -> Command {
        Command::Object(ObjectCommand::Archive(ObjectId(id)))
    }

    fn restore(id: Uuid) -> Command {
        Command::Object(ObjectCommand::Restore(ObjectId(id)))
    }
}

entity_routes! {
    Object, ObjectView, NewObject, EditObject, "objects", "/objects", "/objects/{id}", "/objects/{id}/archive", "/objects/{id}/restore",
    { view: "objects.view", create: "objects.create", edit: "objects.edit", archive: "objects.archive" },
    "`name_taken`",
    "`name_taken`, `archived`, `kind_is_fixed`, `in_use`",
    list: (("kind" = Option<String>, Query, description = "One of the catalog's kinds"),)
}

/// The route that no other entity here has.
pub(super) fn used_by_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(used_by))
}

/// What gets an object, and what loses it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UsedByBody {
    /// What has or uses it from now on; with `remove` at most 1,000.
    #[serde(default)]
    add: Vec<UserOfIt>,
    /// What has or uses it no longer.
    #[serde(default)]
    remove: Vec<UserOfIt>,
}

/// A user, queue, campaign or other object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserOfIt {
    /// `user`, `queue` (campaigns too) or `object`.
    #[schema(value_type = String)]
    kind: Kind,
    /// Id, login, unique name, or `kind:name` of an object.
    id: String,
}

/// Say what has an object or uses it: give a skill to users, or a topic set to queues. All or nothing.
///
/// Each takes the right to change that one: a user's account details, a queue, or the other object.
#[utoipa::path(
    patch, path = "/objects/{id}/used-by", tag = "objects", request_body = UsedByBody,
    params(("id" = String, Path, description = "Id, or `kind:name`")),
    responses(
        (status = 200, description = "As it is now", body = ObjectView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`archived`", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "`invalid`, `too_large`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("objects.view"))),
)]
async fn used_by(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<UsedByBody>,
) -> Result<Response, Problem> {
    let organization = caller.organization();
    let subject = id.find(&organization, Kind::Object)?;
    caller.sees(&organization, subject)?;
    let UsedByBody { add, remove } = body.value;
    if add.len() + remove.len() > USES_MAX {
        return Err(Problem::field(
            "/add",
            "out_of_range",
            "names at most 1,000 things, those to remove included",
        ));
    }
    let names = Names::of(&caller, &organization)?;
    let object = ObjectId(subject.id);
    let mut commands = Vec::new();
    for (pointer, all, used) in [("/remove", remove, false), ("/add", add, true)] {
        for (place, one) in all.into_iter().enumerate() {
            let by = resolve(&names, &format!("{pointer}/{place}"), &one)?;
            commands.push(Command::Object(ObjectCommand::SetUse(object, by, used)));
        }
    }
    let mutation = Mutation::new(&app, &caller, &meta).about(subject);
    mutation.run(Command::Many(commands)).await?.respond(&caller)
}

fn resolve(names: &Names<'_>, pointer: &str, one: &UserOfIt) -> Result<Use, Problem> {
    let find = |kind| refer::find(names, kind, &format!("{pointer}/id"), &one.id);
    match one.kind {
        Kind::User => Ok(Use::User(UserId(find(Kind::User)?))),
        Kind::Queue => Ok(Use::Queue(QueueId(find(Kind::Queue)?))),
        Kind::Object => Ok(Use::Object(ObjectId(find(Kind::Object)?))),
        Kind::Organization
        | Kind::Role
        | Kind::Profile
        | Kind::Key
        | Kind::Group
        | Kind::Agent
        | Kind::Settings
        | Kind::Conversation
        | Kind::Setting
        | Kind::Element => {
            Err(Problem::field(&format!("{pointer}/kind"), "cannot_use", "is `user`, `queue` or `object`"))
        }
    }
}

//! Bodies of requests about users, and how names in them become ids.

use crate::app::App;
use crate::auth::password;
use crate::error::Problem;
use crate::routes::entities::given;
use crate::routes::refer::{self, Names};
use rollbook_domain::kernel::id::{Kind, ProfileId, RoleId, UserId};
use rollbook_domain::user::command::{NewUser as Command, UserEdit};
use rollbook_domain::user::password::{self as rules, NewPassword};
use rollbook_domain::user::state::Status;
use rollbook_ledger::store::CredentialChange;
use serde::{Deserialize, Deserializer};

/// Declares a body with a member for each detail, and how they are taken out of it.
///
/// Members are named one by one, since a flattened part would let unknown ones pass.
macro_rules! with_details {
    ($(#[$meta:meta])* $visible:vis struct $name:ident { $($fields:tt)* }) => {
        with_details! { @members [$(#[$meta])* $visible struct $name { $($fields)* }] $name
            /// Free text.
            comment as Comment: String,
            /// A telephone number.
            phone as Phone: String,
            /// The internal number, in digits; unique.
            extension as Extension: String,
            /// A language tag, for example `es`.
            language as Language: String,
            /// A time zone of the IANA database, for example `Europe/Madrid`.
            time_zone as TimeZone: String,
            /// One of the catalog's words.
            transport as Transport: String,
            /// One of the catalog's words.
            nat as Nat: String,
            /// Some of the catalog's words, the preferred first.
            codecs as Codecs: Vec<String>,
            /// The dial plan's context.
            context as Context: String,
            /// Groups that calls are placed in.
            call_groups as CallGroups: Vec<String>,
            /// Groups whose calls may be picked up.
            pickup_groups as PickupGroups: Vec<String>,
            /// 0 to 100 conversations at the same time.
            max_chats as MaxChats: u32,
            /// Whether the user is notified of conversations.
            notify as Notify: bool,
        }
    };
    (@members [$(#[$meta:meta])* $visible:vis struct $name:ident { $($fields:tt)* }] $same:ident
        $($(#[$doc:meta])* $member:ident as $detail:ident: $type:ty,)*) => {
        $(#[$meta])*
        #[derive(serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        $visible struct $name {
            $($fields)*
            $(
                $(#[$doc])*
                #[serde(default, deserialize_with = "crate::routes::users::bodies::present")]
                #[schema(value_type = Option<$type>)]
                $member: Option<Option<rollbook_domain::user::detail::Plain>>,
            )*
        }

        impl $name {
            /// The details that it names; null takes one away.
            fn details(&self) -> rollbook_domain::user::detail::Details {
                use rollbook_domain::user::detail::Detail;
                let all = [$((Detail::$detail, &self.$member)),*];
                all.into_iter().filter_map(|(detail, to)| Some((detail, to.clone()?))).collect()
            }
        }
    };
}
pub(super) use with_details;

with_details! {
/// A user to be added. Details are those of the catalog; an extension that it finds by itself is left out for that.
pub(crate) struct NewUser {
    /// 1 to 128 characters without white space; unique.
    pub(super) login: String,
    /// The person's name.
    pub(super) name: String,
    /// Unique where there is one.
    pub(super) email: Option<String>,
    /// Role id or name.
    pub(super) role: String,
    /// A first password, 8 to 128 characters; under the security suite as it wants them.
    pub(super) password: Option<String>,
    /// Profile id or name.
    pub(super) profile: Option<String>,
    /// `active` (default) or `invited`.
    #[schema(value_type = Option<String>)]
    pub(super) status: Option<Status>,
}
}

with_details! {
/// Fields of a user to replace. Null takes the address or a detail away.
pub(crate) struct EditUser {
    /// 1 to 128 characters without white space; unique.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(super) login: Option<String>,
    /// The person's name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(super) name: Option<String>,
    /// Unique where there is one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) email: Option<Option<String>>,
}
}

/// Tells a member that is null from one that is absent.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<EditUser> for UserEdit {
    fn from(body: EditUser) -> Self {
        let details = body.details();
        Self { login: body.login, name: body.name, email: body.email, details }
    }
}

impl NewUser {
    /// The command, and the password to store with it.
    pub(super) async fn resolve(
        self,
        app: &App,
        names: &Names<'_>,
        dry_run: bool,
    ) -> Result<(Command, Vec<CredentialChange>), Problem> {
        let role = RoleId(refer::find(names, Kind::Role, "/role", &self.role)?);
        let profile = refer::find_maybe(names, Kind::Profile, "/profile", self.profile.as_deref())?;
        let details = self.details();
        let (password, credentials) = match self.password {
            Some(password) => {
                let (new, change) = new_password(app, "/password", password, None, false, dry_run).await?;
                (Some(new), vec![change])
            }
            None => (None, Vec::new()),
        };
        let (login, name, email) = (self.login, self.name, self.email);
        let status = self.status.unwrap_or(Status::Active);
        let profile = profile.map(ProfileId);
        Ok((Command { login, name, email, role, profile, status, password, details }, credentials))
    }
}

/// A password's credential, and what is known of it. The owner's id is not known yet for a new user: the event names
/// the credential, so the credential need not name the user.
pub(crate) async fn new_password(
    app: &App,
    pointer: &str,
    password: String,
    owner: Option<UserId>,
    by_oneself: bool,
    dry_run: bool,
) -> Result<(NewPassword, CredentialChange), Problem> {
    rules::acceptable(pointer, &password).map_err(|error| Problem::invalid(vec![error]))?;
    let is_strong = rules::is_strong(&password);
    let secret_hash = if dry_run { String::new() } else { app.passwords().hash(password).await? };
    let now = app.deployment().clock().now();
    let (credential, put) = password::credential(owner, secret_hash, by_oneself, now)?;
    Ok((NewPassword { is_strong, ..NewPassword::unknown(credential) }, put))
}

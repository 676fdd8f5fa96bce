//! The catalogue's row for one kind of event, and the macro by which an entity declares its events.
//!
//! A stored name is a constant chosen once; it is never derived from a Rust name.

/// How an event's payload changes its subject, so that every event can be read without knowing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Every member but the subject's id is a field that did not exist before.
    Created,
    /// Members `from` and `to` of the named field.
    Field(&'static str),
    /// Members `added` and `removed` of the named set.
    Elements(&'static str),
    /// Members `from` and `to` of one element of the named map; the second word is the member naming it.
    Element(&'static str, &'static str),
    /// Members `from` and `to` of the named field, which passes by itself and is never undone (a lock-out).
    Passing(&'static str),
    /// Something happened that is not a field (a password was set).
    Fact,
}

impl Shape {
    /// Whether what such an event did is left as it is when it is selected for an undo.
    #[must_use]
    pub fn is_kept(self) -> bool {
        match self {
            Self::Fact | Self::Passing(_) => true,
            Self::Created | Self::Field(_) | Self::Elements(_) | Self::Element(..) => false,
        }
    }
}

/// OCSF classes of the IAM category (schema.ocsf.io), for export to a SIEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ocsf {
    /// 3001: a user account was created, changed, disabled.
    AccountChange,
    /// 3004: an entity (role, queue, setting …) was managed.
    EntityManagement,
    /// 3005: a user gained or lost access.
    UserAccess,
    /// 3006: a group's members changed.
    GroupManagement,
}

impl Ocsf {
    /// The class number.
    #[must_use]
    pub fn class_uid(self) -> u32 {
        match self {
            Self::AccountChange => 3001,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
            Self::GroupManagement => 3006,
        }
    }
}

/// One kind of event, as listed in the catalogue of events (`docs/EVENTS.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    /// The stored name, `entity.what_happened`.
    pub name: &'static str,
    /// The version written now; older ones are read through upcasters.
    pub version: &'static str,
    /// How the payload reads.
    pub shape: Shape,
    /// Its OCSF class.
    pub class: Ocsf,
    /// One line for people; `{subject}`, `{from}`, `{to}`, `{added}`, `{removed}`, `{element}`, `{name}` are filled in.
    pub sentence: &'static str,
}

/// Declares an entity's events: the closed enum, and one catalogue row per variant.
///
/// The payload is the variant's fields with the subject's id first; the stored name is not part of it.
macro_rules! events {
    (
        $(#[$doc:meta])*
        $name:ident about $subject:ident: $id:ty;
        $( $variant:ident = $stored:literal v $version:literal, $shape:expr, $class:ident, $sentence:literal
            { $( $field:ident : $ty:ty ),* $(,)? } )*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub enum $name {
            $(
                #[doc = $sentence]
                #[serde(rename = $stored)]
                $variant {
                    /// What the event is about.
                    $subject: $id,
                    $(
                        #[doc = concat!("`", stringify!($field), "` of the payload.")]
                        $field: $ty,
                    )*
                },
            )*
        }

        impl $name {
            /// One row per kind of event, in the order of declaration.
            pub const CATALOGUE: &'static [$crate::kernel::event_type::EventType] = &[ $(
                $crate::kernel::event_type::EventType {
                    name: $stored,
                    version: $version,
                    shape: { use $crate::kernel::event_type::Shape::*; $shape },
                    class: $crate::kernel::event_type::Ocsf::$class,
                    sentence: $sentence,
                },
            )* ];

            /// The stored name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Self::$variant { .. } => $stored, )* }
            }

            /// What the event is about.
            #[must_use]
            pub fn subject(&self) -> $crate::kernel::id::Subject {
                match self { $( Self::$variant { $subject, .. } => $subject.subject(), )* }
            }
        }
    };
}
pub(crate) use events;

//! Why a command about an object was refused.

use crate::kernel::id::Subject;
use crate::kernel::rejection::{Class, Refusal};

/// Most things that a refusal names.
pub(crate) const NAMED_MAX: usize = 10;

/// Why a command about an object was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectRejection {
    /// Another object of the kind has the name.
    #[error("another object of this kind has this name")]
    NameTaken,
    /// It is put away.
    #[error("this object is archived; restore it first")]
    Archived,
    /// An object's kind is for life.
    #[error("an object stays of its kind; add another one instead")]
    KindIsFixed,
    /// Somebody or something has it, and the asker may put it away only while nothing does.
    #[error("this object is in use{}; take it from them first", named(.by))]
    InUse {
        /// What uses it, as far as the asker may see that; at most ten.
        by: Vec<Subject>,
    },
}

fn named(by: &[Subject]) -> String {
    if by.is_empty() {
        return String::new();
    }
    let all: Vec<_> = by.iter().map(ToString::to_string).collect();
    format!(", by {} among others", all.join(", "))
}

impl Refusal for ObjectRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NameTaken => "name_taken",
            Self::Archived => "archived",
            Self::KindIsFixed => "kind_is_fixed",
            Self::InUse { .. } => "in_use",
        }
    }
}

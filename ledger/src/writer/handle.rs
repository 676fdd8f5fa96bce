//! Which handles to a writer keep its organization in memory, and which are handles to one writer.

use super::Writer;
use crate::uses::InUse;

impl Writer {
    /// A handle that keeps the organization in memory.
    pub(crate) fn in_use(&self, in_use: InUse) -> Self {
        Self { _in_use: Some(in_use), ..self.clone() }
    }

    /// A handle for what works beside the writer and ends with it: it keeps no idle organization in memory.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self { _in_use: None, ..self.clone() }
    }

    /// Whether both are handles to one writer, and not to one and its successor.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.jobs.same_channel(&other.jobs)
    }
}

//! What can be asked.

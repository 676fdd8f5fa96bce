//! How history is kept.

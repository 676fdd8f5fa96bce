//! What every refusal has: a class, a stable code, a sentence for a person.
//!
//! Which refusals exist is said by each entity in its own `rejection.rs`.

use serde::Serialize;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// RFC 6901 JSON pointer into the request body, or the name of a header or parameter.
    pub pointer: String,
    /// Stable code, snake case.
    pub code: String,
    /// For a person; never repeats the value.
    pub detail: String,
}

impl FieldError {
    /// An error at `pointer`.
    #[must_use]
    pub fn new(pointer: &str, code: &str, detail: &str) -> Self {
        Self { pointer: pointer.to_owned(), code: code.to_owned(), detail: detail.to_owned() }
    }
}

/// How a refusal is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The request itself is wrong (422).
    Invalid,
    /// Not there, or not to be known (404).
    Missing,
    /// Known but not allowed (403).
    Forbidden,
    /// In the way of what is there now (409).
    Conflict,
    /// The entity has changed since it was read (412).
    Precondition,
}

/// Implemented by every rejection.
pub trait Refusal: std::fmt::Display {
    /// Decides the HTTP status and the exit code.
    fn class(&self) -> Class;
    /// Stable code, tabled in `docs/API.md`.
    fn code(&self) -> &'static str;
}

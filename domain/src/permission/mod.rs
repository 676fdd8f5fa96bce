//! Who may do what, and why: catalog, grants, and the resolver that answers both.
//!
//! Permissions are data: which exist, and what the built-in roles hold, is said by the catalogs in
//! `domain/catalogs/`, never by code. In reading order: a `catalog` says which permissions there are; a `grant`
//! gives one at a scope; `given` are those in force; `scope` and `limits` say what a grant reaches; `resolve` answers a question by walking
//! status, restrictions, targets, grants, keys and locks; `effective` turns the question round; `cover` compares
//! grants, for the rules about giving.

pub mod catalog;
pub mod cover;
pub mod effective;
pub mod facts;
pub(crate) mod found;
pub mod given;
pub mod grant;
pub mod keyring;
pub mod limits;
pub mod masked;
pub mod reason;
pub mod resolve;
pub mod scope;
pub mod source;

#[cfg(test)]
mod tests;

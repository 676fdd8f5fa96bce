//! Who may do what, and why: catalog, grants, and the resolver that answers both.
//!
//! Permissions are data: which exist, and what the built-in roles hold, is said by the catalogs in
//! `domain/catalogs/`, never by code.

pub mod catalog;
pub mod cover;
pub mod facts;
pub mod grant;
pub mod reason;
pub mod resolve;
pub mod scope;

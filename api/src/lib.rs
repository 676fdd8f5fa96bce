//! How the world talks to Rollbook: REST, sessions, and what the `rollbook` binary is made of.
//!
//! Handlers read top to bottom: authenticate, look, authorize, act. No rule lives here: what is allowed and
//! what a change means is decided by the crates below.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
mod demo;
pub mod error;
pub mod extract;
mod imports;
pub mod mail;
mod routes;
pub mod server;
pub mod view;

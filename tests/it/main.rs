//! The one integration test binary.
// All of it is test code, helper functions too: clippy then allows panics as .clippy.toml says.
#![cfg(test)]

mod api_audit;
mod api_denial;
mod api_description;
mod api_examples;
mod tidy;

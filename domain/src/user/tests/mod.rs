//! The rules of a user told as given / when / then.

mod access;
mod account;
mod detail;
mod erasure;
mod life;
mod link;
mod password;
mod tokens;
mod two_factor;
mod window;

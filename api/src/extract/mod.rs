//! What comes in with a request, checked: bodies, parameters, headers, and who asks.
//!
//! axum's own rejections are plain text; every extractor here answers a [`Problem`](crate::error::Problem).

mod barred;
mod body;
mod caller;
mod meta;
mod params;
mod picture;

pub(crate) use barred::{OPEN_TO_EXPIRED, OPEN_WITHOUT_FACTOR};
pub(crate) use body::whole;
pub use body::{BODY_BYTES_MAX, Body};
pub use caller::{Caller, Client, now_context};
pub use meta::{Keyed, Meta, MinPosition};
pub use params::{Id, Params};
pub(crate) use picture::sized;
pub use picture::{Picture, Sent};

//! What an authenticator app shows.

use rollbook_domain::kernel::moment::Moment;
use totp_rs::{Builder, Secret};

/// The code that an app with this seed shows at that time.
///
/// # Panics
/// If the seed is none.
#[must_use]
pub fn code(secret: &str, at: Moment) -> String {
    let secret = Secret::try_from_base32(secret).expect("a seed in base 32");
    let totp = Builder::new().with_secret(secret).build().expect("what every app understands");
    let seconds = u64::try_from(at.micros() / 1_000_000).expect("a time after 1970");
    totp.generate(seconds).to_string()
}

//! Codes of the moment (RFC 6238): seeds, the address by which an app takes one up, and which step a code is of.
//!
//! Not here: that a code is taken once, which is up to whoever stores the last step.

use super::random;
use crate::error::Problem;
use rollbook_domain::kernel::moment::Moment;
use totp_rs::{Builder, Secret, Totp};

/// A seed, in base 32 as apps take it and as it is stored.
///
/// # Errors
/// [`Problem`] without randomness.
pub(crate) fn new_seed() -> Result<String, Problem> {
    Ok(Secret::from(random::<20>()?).to_base32())
}

/// The `otpauth` address of a seed. Neither name may hold a colon there.
///
/// # Errors
/// [`Problem`] if the seed is none.
pub(crate) fn url(seed: &str, organization: &str, login: &str) -> Result<String, Problem> {
    let [issuer, account] = [organization, login].map(|name| name.replace(':', "."));
    let builder = builder(seed)?.with_issuer(Some(issuer)).with_account_name(account);
    let totp = builder.build().map_err(|error| Problem::internal(&error))?;
    totp.to_url().map_err(|error| Problem::internal(&error))
}

/// The step of a code that is right at that time: of its 30 seconds, or of those before or after.
///
/// # Errors
/// [`Problem`] if the seed is none.
pub(crate) fn step(seed: &str, code: &str, at: Moment) -> Result<Option<u64>, Problem> {
    let totp: Totp = builder(seed)?.build().map_err(|error| Problem::internal(&error))?;
    let seconds = u64::try_from(at.micros() / 1_000_000).unwrap_or_default();
    Ok(totp.check(code, seconds))
}

/// Six digits by SHA-1 every 30 seconds: what every app understands.
fn builder(seed: &str) -> Result<Builder, Problem> {
    let secret = Secret::try_from_base32(seed);
    let secret =
        secret.map_err(|_| Problem::internal(&"the stored seed of a second factor cannot be read"))?;
    Ok(Builder::new().with_secret(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 6238, appendix B.
    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> Moment {
        Moment(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_standard_and_right_a_step_before_and_after() {
        for (seconds, code) in
            [(1_111_111_109, "081804"), (1_111_111_111, "050471"), (2_000_000_000, "279037")]
        {
            let own = u64::try_from(seconds / 30).unwrap();
            for (late, found) in [(-60, None), (-30, Some(own)), (0, Some(own)), (30, Some(own)), (60, None)]
            {
                assert_eq!(step(SEED, code, at(seconds + late)).unwrap(), found, "{code} {late}");
            }
        }
        for wrong in ["", "28708", "2870822", "28708x", "000000"] {
            assert_eq!(step(SEED, wrong, at(59)).unwrap(), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_seed_is_another_each_time_and_its_address_names_whose_it_is() {
        let (one, other) = (new_seed().unwrap(), new_seed().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 32);
        let url = url(SEED, "north: east", "zoe@x.example").unwrap();
        assert_eq!(
            url,
            format!("otpauth://totp/north.%20east:zoe%40x.example?secret={SEED}&issuer=north.%20east")
        );
    }

    #[test]
    fn a_seed_that_cannot_be_read_is_an_error_of_ours() {
        assert_eq!(step("not base 32", "287082", at(59)).expect_err("refused").code, "internal");
    }
}

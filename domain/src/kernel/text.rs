//! Text from outside: normalised, bounded, free of what the ledger refuses.
//!
//! These checks run at the edge and again in `decide`; the ledger checks the entry once more.

use super::personal::COMMIT_PREFIX;
use super::rejection::FieldError;
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

/// Longest login, in characters after normalisation.
pub const LOGIN_CHARS_MAX: usize = 128;
/// Longest name of a person or thing, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest description, reason or other free text, in characters.
pub const FREE_CHARS_MAX: usize = 2_000;
/// Longest e-mail address, in characters (RFC 5321 §4.5.3.1.3, less the brackets).
pub const EMAIL_CHARS_MAX: usize = 254;

/// A login: 1 to 128 characters without white space, not a UUID (so that a path may name either).
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn login(pointer: &str, input: &str) -> Result<String, FieldError> {
    not_a_uuid(pointer, unspaced(pointer, input, "a login has no white space")?)
}

/// An agent's code: formed as a login, since it may be one.
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn code(pointer: &str, input: &str) -> Result<String, FieldError> {
    not_a_uuid(pointer, unspaced(pointer, input, "an agent's code has no white space")?)
}

/// An agent's alias: a name without `|`, by which the telephone system separates several.
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn alias(pointer: &str, input: &str) -> Result<String, FieldError> {
    let text = name(pointer, input)?;
    if text.contains('|') {
        return Err(FieldError::new(pointer, "has_bars", "an alias has no `|`, which separates aliases"));
    }
    Ok(text)
}

/// A telephone extension: 1 to 128 characters without white space.
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn extension(pointer: &str, input: &str) -> Result<String, FieldError> {
    unspaced(pointer, input, "an extension has no white space")
}

/// A name of a person or thing: 1 to 200 characters on one line, not a UUID.
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn name(pointer: &str, input: &str) -> Result<String, FieldError> {
    not_a_uuid(pointer, line(pointer, input, NAME_CHARS_MAX)?)
}

/// A word inside a larger thing (a listed element, a limit): 1 to 200 characters on one line.
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn word(pointer: &str, input: &str) -> Result<String, FieldError> {
    line(pointer, input, NAME_CHARS_MAX)
}

/// An e-mail address: something before and after one `@`, no white space. Whether it receives mail only mail can tell.
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn email(pointer: &str, input: &str) -> Result<String, FieldError> {
    let text = line(pointer, input, EMAIL_CHARS_MAX)?;
    let well_formed = text
        .split_once('@')
        .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    if !well_formed || text.chars().any(char::is_whitespace) {
        return Err(FieldError::new(pointer, "not_an_email", "an e-mail address is written name@host"));
    }
    Ok(text)
}

/// Free text: 0 to 2,000 characters; line breaks and tabs are kept, other control characters are refused.
///
/// # Errors
/// What is wrong, at `pointer`.
pub fn free(pointer: &str, input: &str) -> Result<String, FieldError> {
    let text = normal(input);
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(control(pointer));
    }
    bounded(pointer, text, 0, FREE_CHARS_MAX)
}

/// The form under which logins, e-mails and names are compared: lower case of the normalised text.
#[must_use]
pub fn folded(text: &str) -> String {
    // ASCII is normal as it is.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().flat_map(char::to_lowercase).collect()
}

fn unspaced(pointer: &str, input: &str, spaced: &str) -> Result<String, FieldError> {
    let text = line(pointer, input, LOGIN_CHARS_MAX)?;
    if text.chars().any(char::is_whitespace) {
        return Err(FieldError::new(pointer, "has_spaces", spaced));
    }
    Ok(text)
}

fn line(pointer: &str, input: &str, chars_max: usize) -> Result<String, FieldError> {
    let text = normal(input);
    if text.chars().any(char::is_control) {
        return Err(control(pointer));
    }
    bounded(pointer, text, 1, chars_max)
}

fn normal(input: &str) -> String {
    input.trim().nfc().collect()
}

fn control(pointer: &str) -> FieldError {
    FieldError::new(pointer, "control_character", "control characters are not allowed here")
}

fn bounded(pointer: &str, text: String, min: usize, max: usize) -> Result<String, FieldError> {
    let count = text.chars().count();
    if count < min {
        return Err(FieldError::new(pointer, "empty", "must not be empty"));
    }
    if count > max {
        let detail = format!("has {count} characters; at most {max} are allowed");
        return Err(FieldError::new(pointer, "too_long", &detail));
    }
    if text.starts_with(COMMIT_PREFIX) {
        let detail = format!("must not begin with `{COMMIT_PREFIX}`, which the ledger reserves");
        return Err(FieldError::new(pointer, "reserved", &detail));
    }
    Ok(text)
}

fn not_a_uuid(pointer: &str, text: String) -> Result<String, FieldError> {
    if Uuid::parse_str(&text).is_ok() {
        return Err(FieldError::new(
            pointer,
            "is_an_id",
            "must not be a UUID, since ids and names share paths",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<String, FieldError>) -> String {
        result.expect_err("refused").code
    }

    #[test]
    fn text_is_trimmed_and_normalised() {
        assert_eq!(name("/name", " e\u{301}ric ").unwrap(), "éric");
    }

    #[test]
    fn what_the_ledger_refuses_is_refused_at_the_edge() {
        assert_eq!(code(name("/name", "")), "empty");
        assert_eq!(code(name("/name", "a\0b")), "control_character");
        assert_eq!(code(name("/name", "commit:abc")), "reserved");
        assert_eq!(code(name("/name", &"x".repeat(201))), "too_long");
        assert_eq!(code(name("/name", "0190aaaa-0000-7000-8000-000000000000")), "is_an_id");
        assert_eq!(code(login("/login", "a b")), "has_spaces");
        assert_eq!(code(super::code("/code", "Agent 101")), "has_spaces");
        assert_eq!(code(extension("/extension", "10 1")), "has_spaces");
        assert_eq!(code(alias("/aliases/0", "a|b")), "has_bars");
        assert_eq!(code(free("/reason", "a\u{1b}[31m")), "control_character");
    }

    #[test]
    fn an_email_needs_two_sides() {
        assert_eq!(email("/email", "zoe@north.example").unwrap(), "zoe@north.example");
        assert_eq!(code(email("/email", "zoe@")), "not_an_email");
        assert_eq!(code(email("/email", "a@b@c")), "not_an_email");
    }

    #[test]
    fn folding_ignores_case_and_composition() {
        assert_eq!(folded("É"), folded("e\u{301}"));
    }
}

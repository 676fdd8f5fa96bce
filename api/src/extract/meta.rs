//! The headers of a mutation: idempotency key, `If-Match`, reason, ticket, dry run; and of a read: the
//! position it must have seen.

use crate::error::Problem;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use rollbook_domain::kernel::text;

/// Longest idempotency key, in characters.
const KEY_CHARS_MAX: usize = 200;

/// What the headers of a mutation say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The key with what it stands for; none where nothing is to be remembered.
    pub keyed: Option<Keyed>,
    /// `If-Match`: the position of the entity's last event as the caller saw it.
    pub if_match: Option<u64>,
    /// `Rollbook-Reason`, decoded.
    pub reason: Option<String>,
    /// `Rollbook-Ticket`, decoded.
    pub ticket: Option<String>,
    /// `Rollbook-Dry-Run: true`.
    pub dry_run: bool,
}

/// An idempotency key and the request that it stands for. Put beside a request by `routes::retry`, which reads it
/// whole before any handler does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The key that the caller chose.
    pub key: String,
    /// SHA-256 of what a retry must repeat.
    pub digest: [u8; 32],
}

impl<S: Send + Sync> FromRequestParts<S> for Meta {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let headers = &parts.headers;
        Ok(Self {
            idempotency_key: key(headers)?,
            keyed: parts.extensions.get::<Keyed>().cloned(),
            if_match: if_match(headers)?,
            reason: words(headers, "Rollbook-Reason", text::FREE_CHARS_MAX)?,
            ticket: words(headers, "Rollbook-Ticket", text::NAME_CHARS_MAX)?,
            dry_run: dry_run(headers)?,
        })
    }
}

impl Meta {
    /// Refuses `If-Match` where there is nothing to hold it against: whoever sends it counts on it.
    ///
    /// # Errors
    /// 422 naming the header.
    pub fn matches_nothing(&self) -> Result<(), Problem> {
        match self.if_match {
            None => Ok(()),
            Some(_) => {
                let detail = "this request is not about one entity that is there; send it without";
                Err(Problem::field("If-Match", "not_here", detail))
            }
        }
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::field(name, "twice", "is given twice"));
    }
    let text = value.to_str().map_err(|_| Problem::field(name, "not_ascii", "percent-encode it as UTF-8"))?;
    Ok(Some(text.trim()))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = one(headers, "Idempotency-Key")? else { return Ok(None) };
    if key.is_empty() || key.chars().count() > KEY_CHARS_MAX {
        return Err(Problem::field("Idempotency-Key", "out_of_range", "has 1 to 200 characters"));
    }
    Ok(Some(key.to_owned()))
}

/// Strong tags only, as they are given out: `"17"`.
fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(tag) = one(headers, "If-Match")? else { return Ok(None) };
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let position = inner.and_then(|inner| inner.parse().ok());
    let detail = "is the ETag of the entity as you read it, for example \"17\" with its quotes";
    position.map(Some).ok_or_else(|| Problem::field("If-Match", "not_an_etag", detail))
}

fn words(headers: &HeaderMap, name: &str, chars_max: usize) -> Result<Option<String>, Problem> {
    let Some(encoded) = one(headers, name)? else { return Ok(None) };
    let decoded = percent_decode_str(encoded).decode_utf8();
    let decoded = decoded.map_err(|_| Problem::field(name, "not_utf8", "is not percent-encoded UTF-8"))?;
    let text = text::free(name, &decoded).map_err(|error| Problem::invalid(vec![error]))?;
    if text.chars().count() > chars_max {
        return Err(Problem::field(name, "too_long", &format!("has at most {chars_max} characters")));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn dry_run(headers: &HeaderMap) -> Result<bool, Problem> {
    match one(headers, "Rollbook-Dry-Run")? {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::field("Rollbook-Dry-Run", "unknown_word", "is `true` or `false`")),
    }
}

/// `Rollbook-Min-Position`: the change position that an answer must have seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinPosition(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for MinPosition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let name = "Rollbook-Min-Position";
        let Some(text) = one(&parts.headers, name)? else { return Ok(Self(None)) };
        let position = text.parse().map_err(|_| Problem::field(name, "not_a_position", "is a number"))?;
        Ok(Self(Some(position)))
    }
}

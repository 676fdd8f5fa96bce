//! Path and query parameters. A path names a thing by id or by its unique login or name, percent-encoded.

use crate::error::Problem;
use axum::extract::{FromRequestParts, Path, RawQuery};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::kernel::rejection::FieldError;
use rollbook_domain::organization::state::Organization;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Longest `limit` of a list.
pub(super) const LIMIT_MAX: u32 = 200;
const LIMIT_DEFAULT: u32 = 50;

/// The `{id}` of a path: an id, a login or a name.
#[derive(Clone, Debug)]
pub struct Id(pub String);

impl Id {
    /// What of `kind` it means.
    ///
    /// # Errors
    /// 404.
    pub fn find(&self, organization: &Organization, kind: Kind) -> Result<Subject, Problem> {
        let found = organization.find(kind, &self.0).map(|id| Subject { kind, id });
        found.ok_or_else(|| Problem::not_found(kind.word()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        let Ok(Path(members)) = path else {
            return Err(Problem::field("id", "not_utf8", "is not percent-encoded UTF-8"));
        };
        members.get("id").cloned().map(Self).ok_or_else(|| Problem::not_found("path"))
    }
}

/// The query string, each name at most once. Names that nobody asked for are refused by [`Params::done`].
#[derive(Clone, Debug, Default)]
pub struct Params(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await.unwrap_or(RawQuery(None));
        let mut members = BTreeMap::new();
        for pair in query.as_deref().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name, "query")?, decoded(value, name)?);
            if members.insert(name.clone(), value).is_some() {
                return Err(Problem::field(&name, "twice", "is given twice"));
            }
        }
        Ok(Self(members))
    }
}

fn decoded(text: &str, pointer: &str) -> Result<String, Problem> {
    let plain = text.replace('+', " ");
    let decoded = percent_decode_str(&plain).decode_utf8();
    let decoded = decoded.map_err(|_| Problem::field(pointer, "not_utf8", "is not percent-encoded UTF-8"))?;
    if decoded.contains('\0') {
        return Err(Problem::field(pointer, "control_character", "holds the character U+0000"));
    }
    Ok(decoded.into_owned())
}

impl Params {
    /// Takes a parameter out; an empty one counts as absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// Takes a parameter out and reads it.
    ///
    /// # Errors
    /// 422 naming the parameter, with the type's own words.
    pub fn take_as<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let read = self.take(name).map(|text| text.parse::<T>());
        read.transpose().map_err(|error| Problem::field(name, "not_acceptable", &error.to_string()))
    }

    /// Takes `limit`: 1 to 200, 50 if absent.
    ///
    /// # Errors
    /// 422 naming `limit`.
    pub fn limit(&mut self) -> Result<u32, Problem> {
        match self.take("limit").map(|text| text.parse::<u32>()) {
            None => Ok(LIMIT_DEFAULT),
            Some(Ok(limit)) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::field("limit", "out_of_range", "is a number from 1 to 200")),
        }
    }

    /// Refuses what is left.
    ///
    /// # Errors
    /// 422 naming each parameter that this route does not have.
    pub fn done(self) -> Result<(), Problem> {
        let unknown =
            |name: &String| FieldError::new(name, "unknown_parameter", "this route has no such parameter");
        let errors: Vec<_> = self.0.keys().map(unknown).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }
}

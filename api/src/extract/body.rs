//! JSON bodies, read strictly: what two readers could understand differently is refused.
//!
//! UTF-8 only, no duplicate members, no unknown members, no number beyond 2^53, no U+0000, nothing nested
//! deeper than 32. Errors name the field by JSON pointer and never repeat its value.

use crate::error::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use rollbook_domain::kernel::rejection::FieldError;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Longest body, in bytes (`limits` of design §1.2: a command comes from at most 1 MB).
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Numbers lie strictly between minus this and this.
const NUMBER_LIMIT: i64 = 1 << 53;
const DEPTH_MAX: usize = 32;

/// A JSON body of shape `T`.
#[derive(Debug)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        json_type(&request)?;
        let value = parse(&whole(request, state).await?)?;
        if !value.is_object() {
            // serde would read a list as the members in their order.
            return Err(Problem::field("", "wrong_type", "the body is a JSON object"));
        }
        Ok(Self { value: read(value)? })
    }
}

/// The bytes of a body, to its end.
pub(crate) async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail =
                "a body has at most 1,048,576 bytes, a picture 8,388,608; larger work is done in parts";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
        }
        _ => {
            Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", "the body could not be read to its end")
        }
    })
}

fn json_type(request: &Request) -> Result<(), Problem> {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.and_then(|text| text.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let detail = "send the body as `Content-Type: application/json`";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail))
}

/// Reads text as JSON, strictly.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| malformed(&format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    value.map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        let what = if error.is_data() { own_words(&error) } else { "the body is not JSON".to_owned() };
        malformed(&format!("{what}, at {place}"))
    })
}

fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

/// The visitor below says only words of its own, so its message repeats no value.
fn own_words(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or(&message).to_owned()
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom("the body is nested deeper than 32 levels"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() >= NUMBER_LIMIT.unsigned_abs() {
            return Err(E::custom("a number lies beyond 2^53; write large numbers as text"));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::custom("a number lies beyond 2^53; write large numbers as text")),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).filter(|_| value.fract() == 0.0);
        let whole = number.filter(|_| value.abs() < NUMBER_LIMIT as f64);
        whole
            .map(|_| Value::from(value as i64))
            .ok_or_else(|| E::custom("a number is not whole or lies beyond 2^53"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        if text.contains('\0') {
            return Err(E::custom("a text holds the character U+0000"));
        }
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self { depth: self.depth + 1 })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name.contains('\0') {
                return Err(A::Error::custom("the name of a member holds the character U+0000"));
            }
            if object.contains_key(&name) {
                return Err(A::Error::custom("an object names a member twice"));
            }
            let value = members.next_value_seed(Self { depth: self.depth + 1 })?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// Reads JSON as `T`, naming the field that is wrong.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = pointer(error.path());
        Problem::invalid(vec![field_error(&path, &error.into_inner().to_string())])
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

/// serde's messages repeat values and Rust's words; only the names of members are taken from them.
fn field_error(path: &str, message: &str) -> FieldError {
    let named = message.split('`').nth(1).unwrap_or_default();
    if message.starts_with("missing field") {
        return FieldError::new(&format!("{path}/{named}"), "required", "this member is needed");
    }
    if message.starts_with("unknown field") {
        let at =
            if path.ends_with(&format!("/{named}")) { path.to_owned() } else { format!("{path}/{named}") };
        return FieldError::new(&at, "unknown_member", "there is no such member here");
    }
    if message.starts_with("unknown variant") {
        // The value stands before it, and may say anything.
        let expected = message.rsplit("`, expected ").next().unwrap_or_default();
        return FieldError::new(path, "unknown_word", &format!("must be {expected}"));
    }
    FieldError::new(path, "wrong_type", "is not of the kind that is wanted here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        #[expect(dead_code, reason = "only its absence and type are looked at")]
        name: String,
    }

    fn refused(json: &str) -> (String, String) {
        let problem = parse(json.as_bytes()).and_then(read::<Shape>).expect_err("refused");
        let pointer = problem.errors.first().map(|error| error.pointer.clone()).unwrap_or_default();
        (problem.errors.first().map_or(problem.code, |error| error.code.clone()), pointer)
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        assert_eq!(refused(r#"{"name":"a","name":"b"}"#).0, "malformed_json");
        assert_eq!(refused(r#"{"name":9007199254740993}"#).0, "malformed_json");
        assert_eq!(refused("{\"name\":\"a\\u0000\"}").0, "malformed_json");
        assert_eq!(refused(r#"{"name":"\ud800"}"#).0, "malformed_json");
        assert_eq!(refused(&"[".repeat(40)).0, "malformed_json");
        assert_eq!(parse(b"{\"name\":\"\xff\"}").expect_err("refused").code, "malformed_json");
    }

    #[test]
    fn an_error_names_the_member() {
        assert_eq!(refused("{}"), ("required".into(), "/name".into()));
        assert_eq!(refused(r#"{"name":"a","nom":"b"}"#), ("unknown_member".into(), "/nom".into()));
        assert_eq!(refused(r#"{"name":5}"#), ("wrong_type".into(), "/name".into()));
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Queue,
        Campaign,
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        let problem = read::<Shape>(parse(br#"{"name":["hunter2"]}"#).unwrap()).expect_err("refused");
        assert!(!format!("{problem:?}").contains("hunter2"));
        for text in ["hunter2", "x`, expected hunter2", "expected hunter2"] {
            let problem = read::<Word>(Value::from(text)).expect_err("refused");
            let error = problem.errors.first().map(|error| error.detail.clone()).unwrap_or_default();
            assert_eq!(error, "must be `queue` or `campaign`", "{text}");
        }
        assert!(matches!(read(Value::from("queue")), Ok(Word::Queue)));
        assert!(matches!(read(Value::from("campaign")), Ok(Word::Campaign)));
    }
}

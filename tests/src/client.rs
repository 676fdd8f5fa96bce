//! A client of one caller: requests go through the real router, in process, and answers are kept whole.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tower::ServiceExt as _;

/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 1 << 26;

/// One caller. Clones are cheap; [`with`](Self::with) and its like give a changed clone.
#[derive(Clone, Debug)]
pub struct Client {
    router: Router,
    headers: HeaderMap,
    peer: SocketAddr,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, for messages of failing tests.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// All bytes.
    pub body: Bytes,
}

impl Client {
    /// A caller without credentials, from 127.0.0.1.
    #[must_use]
    pub fn new(router: Router) -> Self {
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);
        Self { router, headers: HeaderMap::new(), peer }
    }

    /// With one more header on every request.
    ///
    /// # Panics
    /// If name or value cannot be a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).expect("a header's value"));
        self
    }

    /// With a session token or API key as `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.headers.remove("authorization");
        self.with("authorization", format!("Bearer {token}"))
    }

    /// From another network address.
    #[must_use]
    pub fn from(mut self, ip: IpAddr) -> Self {
        self.peer.set_ip(ip);
        self
    }

    /// Sends a request; `body` is sent as JSON.
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        match body {
            Some(body) => self.send_bytes(method, path, "application/json", body.to_string()).await,
            None => self.request(method, path, None, Body::empty()).await,
        }
    }

    /// Sends bytes of a content type.
    pub async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Answer {
        self.request(method, path, Some(content_type), Body::from(body.into())).await
    }

    async fn request(&self, method: &str, path: &str, content_type: Option<&str>, body: Body) -> Answer {
        let asked = format!("{method} {}", path.chars().take(200).collect::<String>());
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .unwrap_or_else(|error| panic!("{asked}: {error}"));
        request.headers_mut().extend(self.headers.clone());
        if let Some(kind) = content_type {
            request
                .headers_mut()
                .insert("content-type", HeaderValue::from_str(kind).expect("a content type"));
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        // A live stream has no end; that it began is the answer.
        let streams = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if streams { Body::empty() } else { body };
        let body = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await.expect("the answer can be read");
        Answer { asked, status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    /// POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.send("POST", path, None).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }
}

impl Answer {
    /// The body as text, bad bytes replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header as text, if it is there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `code` of a problem; empty where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.json().get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The pointers of a problem's field errors.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let body = self.json();
        let errors = body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error.get("pointer")?.as_str().map(str::to_owned)).collect()
    }

    /// Whether it is a 2xx.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Asserts the status, showing the answer where it is another.
    ///
    /// # Panics
    /// If the status is another.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.asked, self.status, self.text());
        self
    }

    /// Asserts that it is a problem of this status and code, as every refusal must be.
    ///
    /// # Panics
    /// If it is anything else.
    #[must_use]
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let this = self.expect(status);
        assert_eq!(this.code(), code, "{} answered {}", this.asked, this.text());
        assert_eq!(this.problem_fault(), None, "{} answered {}", this.asked, this.text());
        this
    }

    /// What keeps this answer from being RFC 9457 problem details as `docs/API.md` promises them.
    #[must_use]
    pub fn problem_fault(&self) -> Option<String> {
        let body = self.json();
        if self.header("content-type") != Some("application/problem+json") {
            return Some(format!("its content type is {:?}", self.header("content-type")));
        }
        let code = self.code();
        let snake = !code.is_empty()
            && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !snake {
            return Some(format!("its code is {code:?}"));
        }
        if body.get("status").and_then(Value::as_u64) != Some(u64::from(self.status)) {
            return Some("its status member is another".to_owned());
        }
        if body.get("type").and_then(Value::as_str) != Some(format!("urn:rollbook:problem:{code}").as_str()) {
            return Some("its type is not the code's URN".to_owned());
        }
        let worded = |name: &str| body.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if !worded("detail") || !worded("title") {
            return Some("it says nothing to a person".to_owned());
        }
        let fields_needed = code == "invalid";
        (fields_needed && self.pointers().is_empty()).then(|| "it names no field".to_owned())
    }
}

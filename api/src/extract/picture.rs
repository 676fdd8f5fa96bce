//! A picture as a body: PNG or JPEG by what its bytes are, whatever they are called.

use super::body::BODY_BYTES_MAX;
use crate::error::Problem;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use rollbook_domain::user::avatar::{Avatar, Media, PICTURE_BYTES_MAX};
use sha2::{Digest, Sha256};

/// A picture that was sent.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What events say of it.
    pub avatar: Avatar,
    /// The picture itself.
    pub bytes: Bytes,
}

/// A body that may be a picture: whether it is one is told after whether what it is for is there.
#[derive(Clone, Debug)]
pub struct Sent(Bytes);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        super::whole(request, state).await.map(Self)
    }
}

impl Sent {
    /// The picture that was sent.
    ///
    /// # Errors
    /// 415 `not_a_picture`.
    pub fn picture(self) -> Result<Picture, Problem> {
        let Self(bytes) = self;
        let Some(media) = Media::of(&bytes) else {
            let detail = "send a PNG or JPEG picture of at most 16,384 pixels a side as the body";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_a_picture", detail));
        };
        let avatar = Avatar { media, bytes: bytes.len(), sha256: Sha256::digest(&bytes).into() };
        Ok(Picture { avatar, bytes })
    }
}

/// Bounds a body by what the request is for, before anything reads it.
pub(crate) async fn sized(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_picture =
        request.method() == Method::PUT && path.starts_with("/api/v1/users/") && path.ends_with("/avatar");
    let most = if is_picture { PICTURE_BYTES_MAX } else { BODY_BYTES_MAX };
    DefaultBodyLimit::max(most).apply(&mut request);
    next.run(request).await
}

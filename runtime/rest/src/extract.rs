//! Parts of a request as handlers want them, refused in Connect's form.
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::errors::{Outcome, Refusal};
use crate::server::MAX_BODY_BYTES;

/// The parts of the path, percent-decoded: a name may hold any character, `/` included.
pub(crate) struct Segments<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        // A task that is not a number, or a name that is not UTF-8, names nothing.
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments)).map_err(|_| Refusal::plain(StatusCode::NOT_FOUND))
    }
}

/// The query, in order and with repetitions.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A flag as Java reads one: whatever is not "true" is false.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        self.all(name).next().map_or(default, |value| value.eq_ignore_ascii_case("true"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, state).await;
        query
            .map(|Query(pairs)| Self(pairs))
            .map_err(|error| Refusal::bad_request(format!("The query cannot be read: {error}.")))
    }
}

/// The whole body, up to [`MAX_BODY_BYTES`].
pub(crate) struct Payload(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Refusal> {
        let too_large = || {
            let limit = format!("The request body is larger than {MAX_BODY_BYTES} bytes; send a smaller one.");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, limit)
        };
        let body = request.into_body();
        if axum::body::HttpBody::size_hint(&body).lower() > MAX_BODY_BYTES as u64 {
            return Err(too_large());
        }
        axum::body::to_bytes(body, MAX_BODY_BYTES).await.map(Self).map_err(|error| {
            let text = error.to_string();
            if text.contains("length limit") {
                too_large()
            } else {
                Refusal::bad_request(format!("The request body could not be read: {text}."))
            }
        })
    }
}

/// Refuses bodies that are not JSON (415) and clients that do not take JSON (406), as JAX-RS does.
///
/// The first also keeps pages of other sites from sending commands: a browser asks before it sends
/// `application/json` across sites, and nobody here answers yes.
pub(crate) fn require_json(method: &Method, headers: &HeaderMap) -> Outcome<()> {
    let reads_body = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(sent) = headers.get(CONTENT_TYPE).filter(|_| reads_body) {
        let essence = sent.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.is_empty() && !essence.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
    }
    let mut wanted = headers.get_all(ACCEPT).iter().peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let takes_json = |range: &str| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/json", ""].iter().any(|json| essence.eq_ignore_ascii_case(json))
    };
    let any = wanted.any(|value| value.to_str().unwrap_or_default().split(',').any(takes_json));
    if any { Ok(()) } else { Err(Refusal::plain(StatusCode::NOT_ACCEPTABLE)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        require_json(method, &map).is_ok()
    }

    #[test]
    fn only_json_is_taken_and_only_json_is_offered() {
        let post = Method::POST;
        assert!(check(&post, &[]));
        assert!(check(&post, &[("content-type", "Application/JSON; charset=utf-8")]));
        assert!(!check(&post, &[("content-type", "application/x-www-form-urlencoded")]));
        assert!(!check(&post, &[("content-type", "text/plain")]));
        assert!(check(&Method::GET, &[("content-type", "text/plain")]));
        assert!(check(&post, &[("accept", "text/html,*/*;q=0.1")]));
        assert!(check(&post, &[("accept", "text/html"), ("accept", "application/json")]));
        assert!(!check(&post, &[("accept", "text/plain")]));
    }

    #[test]
    fn flags_are_read_as_java_reads_them() {
        let query =
            Parameters(vec![("a".into(), "TRUE".into()), ("b".into(), "yes".into()), ("b".into(), "true".into())]);
        assert!(query.flag("a", false) && !query.flag("b", true) && query.flag("c", true));
        assert_eq!(query.all("b").count(), 2);
    }
}

//! What each route does: one call to the herder.
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use longshore_core::herder::{Health, Herder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::errors::Refusal;

pub(crate) mod connectors;
pub(crate) mod lifecycle;
pub(crate) mod offsets;
pub(crate) mod plugins;
pub(crate) mod root;
pub(crate) mod tasks;
pub(crate) mod topics;

/// What is told while a worker does not know its connectors yet.
const STARTING: &str = "Worker is still starting up.";

/// What the routes share. The herder comes later than the first request may.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) herder: Arc<OnceLock<Herder>>,
    /// `host:port` under which the worker is known.
    pub(crate) advertised: Arc<str>,
}

/// The herder, for handlers that need it to know its connectors; requests before that are answered with 503.
pub(crate) struct Api {
    pub(crate) herder: Herder,
    pub(crate) advertised: Arc<str>,
}

impl FromRequestParts<Shared> for Api {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, shared: &Shared) -> Result<Self, Refusal> {
        match shared.herder.get() {
            Some(herder) if herder.health() != Health::Starting => {
                Ok(Self { herder: herder.clone(), advertised: Arc::clone(&shared.advertised) })
            }
            _ => Err(starting()),
        }
    }
}

fn starting() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, STARTING)
}

/// What a path segment may hold unencoded (RFC 3986, `pchar`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The address of a connector, as seen by the client that asked.
fn location(advertised: &str, headers: &HeaderMap, connector: &str) -> Option<HeaderValue> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or(advertised);
    let name = utf8_percent_encode(connector, SEGMENT);
    HeaderValue::try_from(format!("http://{host}/connectors/{name}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_connector_can_be_asked_for() {
        let mut headers = HeaderMap::new();
        let plain = location("worker:8083", &headers, "fs").unwrap();
        assert_eq!(plain, "http://worker:8083/connectors/fs");
        headers.insert(HOST, "localhost:9".parse().unwrap());
        let odd = location("worker:8083", &headers, "a b/c%é@1").unwrap();
        assert_eq!(odd, "http://localhost:9/connectors/a%20b%2Fc%25%C3%A9@1");
    }
}

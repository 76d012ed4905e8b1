//! Refusals, in Connect's one form: `{"error_code":404,"message":"…"}`.
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use longshore_core::herder::HerderError;
use serde::Serialize;

use crate::entities::Json;

/// A request that is answered with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

/// What a handler answers.
pub(crate) type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// What a JAX-RS server answers by itself: `HTTP 404 Not Found`.
    pub(crate) fn plain(status: StatusCode) -> Self {
        Self::new(status, format!("HTTP {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default()))
    }

    /// Connect's frame around what is wrong with a configuration.
    pub(crate) fn invalid_config(errors: &[&str]) -> Self {
        Self::bad_request(format!(
            "Connector configuration is invalid and contains the following {} error(s):\n{}\nYou can also find the \
             above list of errors at the endpoint `/connector-plugins/{{connectorType}}/config/validate`",
            errors.len(),
            errors.join("\n")
        ))
    }
}

#[derive(Serialize)]
struct ErrorMessage<'a> {
    error_code: u16,
    message: &'a str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = ErrorMessage { error_code: self.status.as_u16(), message: &self.message };
        (self.status, Json(body)).into_response()
    }
}

impl From<HerderError> for Refusal {
    fn from(error: HerderError) -> Self {
        let status = match &error {
            HerderError::NotFound(_) => StatusCode::NOT_FOUND,
            HerderError::BadRequest(_) => StatusCode::BAD_REQUEST,
            HerderError::Conflict(_) => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(refusal: Refusal) -> (u16, String) {
        let response = refusal.into_response();
        let status = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], "application/json");
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_refusal_of_the_herder_has_its_status_and_keeps_its_sentence() {
        let all = [
            (HerderError::NotFound("a".into()), 404),
            (HerderError::BadRequest("b".into()), 400),
            (HerderError::Conflict("c".into()), 409),
            (HerderError::Timeout("d".into()), 500),
            (HerderError::Failed("e".into()), 500),
        ];
        for (error, status) in all {
            let body = format!(r#"{{"error_code":{status},"message":"{error}"}}"#);
            assert_eq!(text(error.into()).await, (status, body));
        }
    }

    #[tokio::test]
    async fn sentences_of_the_server_itself() {
        let (_, body) = text(Refusal::plain(StatusCode::METHOD_NOT_ALLOWED)).await;
        assert_eq!(body, r#"{"error_code":405,"message":"HTTP 405 Method Not Allowed"}"#);
        let (_, body) = text(Refusal::invalid_config(&["One.", "Two."])).await;
        assert!(body.contains(r"the following 2 error(s):\nOne.\nTwo.\nYou can also"), "{body}");
    }
}

//! `/` and `/health`.
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use longshore_core::herder::Health;

use super::{STARTING, Shared, starting};
use crate::entities::{Json, ServerInfo, WorkerStatus};
use crate::errors::Outcome;

pub(crate) async fn info(State(shared): State<Shared>) -> Outcome<Json<ServerInfo>> {
    let herder = shared.herder.get().ok_or_else(starting)?;
    Ok(Json(herder.server_info().into()))
}

pub(crate) async fn health(State(shared): State<Shared>) -> Response {
    worker_status(shared.herder.get().map_or(Health::Starting, |herder| herder.health()))
}

/// The answer of KIP-1017.
fn worker_status(health: Health) -> Response {
    let (code, status, message) = match health {
        Health::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting", STARTING),
        Health::Healthy => (StatusCode::OK, "healthy", "Worker has completed startup and is ready to handle requests."),
        Health::Unhealthy => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "unhealthy",
            "Worker was unable to handle this request and may be unable to handle other requests.",
        ),
    };
    (code, Json(WorkerStatus { status, message })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn health_has_connects_statuses() {
        for (health, status) in [(Health::Starting, 503), (Health::Healthy, 200), (Health::Unhealthy, 500)] {
            assert_eq!(worker_status(health).status().as_u16(), status);
        }
        let body = axum::body::to_bytes(worker_status(Health::Starting).into_body(), 1000).await.unwrap();
        assert_eq!(body, r#"{"status":"starting","message":"Worker is still starting up."}"#);
    }
}

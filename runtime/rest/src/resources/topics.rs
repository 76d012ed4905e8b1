//! `/connectors/{connector}/topics` (KIP-558).
use axum::http::StatusCode;
use serde_json::Value;

use super::Api;
use crate::entities::{Json, active_topics};
use crate::errors::Outcome;
use crate::extract::Segments;

pub(crate) async fn list(api: Api, Segments(name): Segments<String>) -> Json<Value> {
    Json(active_topics(&name, api.herder.topics(&name)))
}

pub(crate) async fn reset(api: Api, Segments(name): Segments<String>) -> Outcome<StatusCode> {
    api.herder.reset_topics(&name).await?;
    Ok(StatusCode::ACCEPTED)
}

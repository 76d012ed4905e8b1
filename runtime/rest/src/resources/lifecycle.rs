//! `/connectors/{connector}/{status,restart,pause,resume,stop}`.
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use longshore_core::herder::TargetState;

use super::Api;
use crate::entities::{ConnectorState, Json};
use crate::errors::Outcome;
use crate::extract::{Parameters, Segments};

pub(crate) async fn status(api: Api, Segments(name): Segments<String>) -> Outcome<Json<ConnectorState>> {
    Ok(Json(api.herder.connector_status(&name)?.into()))
}

/// 204 for the connector alone, 202 and the plan when tasks may be restarted too (KIP-745).
pub(crate) async fn restart(api: Api, Segments(name): Segments<String>, query: Parameters) -> Outcome<Response> {
    let (include_tasks, only_failed) = (query.flag("includeTasks", false), query.flag("onlyFailed", false));
    let plan = api.herder.restart_connector(&name, include_tasks, only_failed).await?;
    if !include_tasks && !only_failed {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok((StatusCode::ACCEPTED, Json(ConnectorState::from(plan))).into_response())
}

pub(crate) async fn pause(api: Api, Segments(name): Segments<String>) -> Outcome<StatusCode> {
    api.herder.set_target_state(&name, TargetState::Paused).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(crate) async fn resume(api: Api, Segments(name): Segments<String>) -> Outcome<StatusCode> {
    api.herder.set_target_state(&name, TargetState::Started).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(crate) async fn stop(api: Api, Segments(name): Segments<String>) -> Outcome<StatusCode> {
    api.herder.set_target_state(&name, TargetState::Stopped).await?;
    Ok(StatusCode::NO_CONTENT)
}

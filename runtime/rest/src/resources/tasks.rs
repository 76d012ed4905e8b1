//! `/connectors/{connector}/tasks` and one task's status and restart.
use axum::http::StatusCode;
use longshore_core::herder::ConnectorTaskId;

use super::Api;
use crate::entities::{Json, TaskInfo, TaskState};
use crate::errors::Outcome;
use crate::extract::Segments;

pub(crate) async fn list(api: Api, Segments(name): Segments<String>) -> Outcome<Json<Vec<TaskInfo>>> {
    Ok(Json(api.herder.task_configs(&name)?.into_iter().map(Into::into).collect()))
}

pub(crate) async fn status(api: Api, Segments((name, task)): Segments<(String, usize)>) -> Outcome<Json<TaskState>> {
    let status = api.herder.task_status(&ConnectorTaskId::new(name, task))?;
    Ok(Json(TaskState::new(task, status)))
}

pub(crate) async fn restart(api: Api, Segments((name, task)): Segments<(String, usize)>) -> Outcome<StatusCode> {
    api.herder.restart_task(ConnectorTaskId::new(name, task)).await?;
    Ok(StatusCode::NO_CONTENT)
}

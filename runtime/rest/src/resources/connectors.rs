//! `/connectors`, `/connectors/{connector}` and `/connectors/{connector}/config`.
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use longshore_api::config::Props;
use longshore_core::herder::HerderError;

use super::{Api, location};
use crate::entities::{ConnectorInfo, Expanded, ExpandedConnectors, Json};
use crate::errors::{Outcome, Refusal};
use crate::extract::{Parameters, Payload, Segments};
use crate::json;

pub(crate) async fn list(api: Api, query: Parameters) -> Outcome<Response> {
    let names = api.herder.connectors();
    if query.all("expand").next().is_none() {
        return Ok(Json(names).into_response());
    }
    let wanted = |what| query.all("expand").any(|expansion| expansion == what);
    let (with_info, with_status) = (wanted("info"), wanted("status"));
    let mut all = ExpandedConnectors::new();
    for name in names {
        let expand = || -> Result<Expanded, HerderError> {
            let info = with_info.then(|| api.herder.connector_info(&name)).transpose()?;
            let status = with_status.then(|| api.herder.connector_status(&name)).transpose()?;
            Ok(Expanded { info: info.map(Into::into), status: status.map(Into::into) })
        };
        match expand() {
            Ok(expanded) => {
                all.insert(name, expanded);
            }
            // A connector that has just been created or deleted is left out, as Connect does.
            Err(HerderError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(all).into_response())
}

pub(crate) async fn create(api: Api, headers: HeaderMap, body: Payload) -> Outcome<Response> {
    let create = json::create_connector(&body.0)?;
    let (name, state) = (create.name, create.initial_state);
    let (_, info) = api.herder.put_connector(&name, create.config, state, false).await?;
    Ok(created(&api, &headers, &name, info.into()))
}

pub(crate) async fn get(api: Api, Segments(name): Segments<String>) -> Outcome<Json<ConnectorInfo>> {
    Ok(Json(api.herder.connector_info(&name)?.into()))
}

pub(crate) async fn delete(api: Api, Segments(name): Segments<String>) -> Outcome<StatusCode> {
    api.herder.delete_connector(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn get_config(api: Api, Segments(name): Segments<String>) -> Outcome<Json<Props>> {
    Ok(Json(api.herder.connector_info(&name)?.config))
}

pub(crate) async fn put_config(
    api: Api,
    Segments(name): Segments<String>,
    headers: HeaderMap,
    body: Payload,
) -> Outcome<Response> {
    let config = json::connector_config(&name, &body.0)?;
    let (is_new, info) = api.herder.put_connector(&name, config, None, true).await?;
    let info: ConnectorInfo = info.into();
    Ok(if is_new { created(&api, &headers, &name, info) } else { Json(info).into_response() })
}

pub(crate) async fn patch_config(
    api: Api,
    Segments(name): Segments<String>,
    body: Payload,
) -> Outcome<Json<ConnectorInfo>> {
    let patch = json::config_patch(&body.0)?;
    json::require_name(&name, patch.get("name").and_then(Option::as_deref))?;
    Ok(Json(api.herder.patch_connector(&name, patch).await.map_err(Refusal::from)?.into()))
}

fn created(api: &Api, headers: &HeaderMap, name: &str, info: ConnectorInfo) -> Response {
    let mut response = (StatusCode::CREATED, Json(info)).into_response();
    if let Some(location) = location(&api.advertised, headers, name) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

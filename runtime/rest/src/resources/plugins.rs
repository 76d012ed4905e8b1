//! `/connector-plugins`.

use super::Api;
use crate::entities::{ConfigInfos, Json, KeyInfo, PluginInfo};
use crate::errors::Outcome;
use crate::extract::{Parameters, Payload, Segments};
use crate::json;

pub(crate) async fn list(api: Api, query: Parameters) -> Json<Vec<PluginInfo>> {
    let plugins = api.herder.plugins(query.flag("connectorsOnly", true));
    Json(plugins.into_iter().map(Into::into).collect())
}

pub(crate) async fn config(api: Api, Segments(plugin): Segments<String>) -> Outcome<Json<Vec<KeyInfo>>> {
    Ok(Json(api.herder.plugin_config(&plugin)?.into_iter().map(Into::into).collect()))
}

pub(crate) async fn validate(
    api: Api,
    Segments(plugin): Segments<String>,
    body: Payload,
) -> Outcome<Json<ConfigInfos>> {
    let config = json::config(&body.0)?;
    Ok(Json(api.herder.validate(&plugin, config).await?.into()))
}

//! `/connectors/{connector}/offsets` (KIP-875).

use super::Api;
use crate::entities::{Json, Message, Offsets};
use crate::errors::Outcome;
use crate::extract::{Payload, Segments};
use crate::json;

pub(crate) async fn get(api: Api, Segments(name): Segments<String>) -> Outcome<Json<Offsets>> {
    Ok(Json(api.herder.offsets(&name).await?.into()))
}

pub(crate) async fn patch(api: Api, Segments(name): Segments<String>, body: Payload) -> Outcome<Json<Message>> {
    let changes = json::offset_changes(&body.0)?;
    Ok(Json(Message { message: api.herder.alter_offsets(&name, changes).await? }))
}

pub(crate) async fn delete(api: Api, Segments(name): Segments<String>) -> Outcome<Json<Message>> {
    Ok(Json(Message { message: api.herder.reset_offsets(&name).await? }))
}

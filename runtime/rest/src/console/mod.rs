//! The console: one page for people, at `/ui`.
//!
//! Its files are inside the binary and need nothing from elsewhere. The page takes what it shows from the public REST
//! API and from `GET /ui/activity`, which tells what the tasks *of this worker* are moving. It runs under a content
//! security policy that allows nothing but this server, and never writes text as HTML.
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use longshore_core::activity::Preview;
use serde::Serialize;

use crate::entities::Json;
use crate::errors::Refusal;
use crate::resources::{Api, Shared};

/// How many records are sent in one answer, shared among the tasks.
const RECORDS: usize = 120;

const FILES: &[(&str, &str, &str)] = &[
    ("", "text/html; charset=utf-8", include_str!("index.html")),
    ("style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("app.js", JAVASCRIPT, include_str!("app.js")),
    ("board.js", JAVASCRIPT, include_str!("board.js")),
    ("form.js", JAVASCRIPT, include_str!("form.js")),
    ("page.js", JAVASCRIPT, include_str!("page.js")),
    ("rates.js", JAVASCRIPT, include_str!("rates.js")),
    ("records.js", JAVASCRIPT, include_str!("records.js")),
];
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const HEADERS: &[(&str, &str)] = &[
    ("cache-control", "no-cache"),
    ("content-security-policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

pub(crate) fn router() -> Router<Shared> {
    // A relative redirect, so that the page also works behind a proxy that adds a prefix.
    let to_the_page = async || (StatusCode::PERMANENT_REDIRECT, [(LOCATION, HeaderValue::from_static("ui/"))]);
    Router::new()
        .route("/ui", get(to_the_page))
        .route("/ui/", get(async || file("")))
        .route("/ui/activity", get(activity))
        .route("/ui/{file}", get(async |Path(name): Path<String>| file(&name)))
        .route_layer(map_response(with_headers))
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response
}

fn file(name: &str) -> Response {
    match FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, ty, text)) => ([(CONTENT_TYPE, HeaderValue::from_static(ty))], *text).into_response(),
        None => Refusal::plain(StatusCode::NOT_FOUND).into_response(),
    }
}

#[derive(Serialize)]
struct ActivityView {
    /// Milliseconds since 1970-01-01T00:00:00Z, for rates.
    time_ms: u64,
    worker: WorkerView,
    tasks: Vec<TaskView>,
}

#[derive(Serialize)]
struct WorkerView {
    id: String,
    version: &'static str,
}

#[derive(Serialize)]
struct TaskView {
    connector: String,
    task: usize,
    records: u64,
    bytes: u64,
    failed: u64,
    /// Oldest first.
    recent: Vec<RecordView>,
}

#[derive(Debug, Serialize)]
struct RecordView {
    topic: String,
    partition: Option<i32>,
    offset: Option<i64>,
    timestamp: Option<i64>,
    key: Option<String>,
    value: Option<String>,
}

async fn activity(api: Api) -> Json<ActivityView> {
    let all = api.herder.activity().all();
    let each = (RECORDS / all.len().max(1)).max(1);
    let tasks = all.into_iter().map(|(id, task)| {
        let (records, bytes, failed) = task.totals();
        let mut recent = task.recent();
        let recent = recent.split_off(recent.len().saturating_sub(each)).into_iter().map(Into::into).collect();
        TaskView { connector: id.connector.to_string(), task: id.task, records, bytes, failed, recent }
    });
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Json(ActivityView {
        time_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        worker: WorkerView { id: api.advertised.to_string(), version: env!("CARGO_PKG_VERSION") },
        tasks: tasks.collect(),
    })
}

impl From<Preview> for RecordView {
    fn from(preview: Preview) -> Self {
        let text =
            |bytes: Option<_>| bytes.map(|bytes: axum::body::Bytes| String::from_utf8_lossy(&bytes).into_owned());
        Self {
            topic: preview.topic.to_string(),
            partition: preview.partition,
            offset: preview.offset,
            timestamp: preview.timestamp,
            key: text(preview.key),
            value: text(preview.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_for_nothing_that_is_not_here() {
        for (name, _, text) in FILES {
            // Addresses are examples of commands and the names of XML vocabularies, never something to load.
            for part in [
                "src=\"http",
                "href=\"http",
                "@import",
                ": url(",
                "innerHTML",
                "insertAdjacent",
                " style=\"",
                "onclick=",
            ] {
                assert!(!text.contains(part), "{name} holds {part}");
            }
            for reference in text.split("from \"./").skip(1).chain(text.split("src=\"").skip(1)) {
                let file = reference.split('"').next().unwrap();
                assert!(FILES.iter().any(|(known, ..)| *known == file), "{name} asks for {file}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_all_the_same() {
        let preview = Preview {
            topic: "t".into(),
            partition: Some(1),
            offset: None,
            timestamp: Some(5),
            key: None,
            value: Some(vec![b'a', 0xff, b'<'].into()),
        };
        let view = RecordView::from(preview);
        assert_eq!(
            serde_json::to_string(&view).unwrap(),
            "{\"topic\":\"t\",\"partition\":1,\"offset\":null,\"timestamp\":5,\"key\":null,\"value\":\"a\u{fffd}<\"}"
        );
    }
}

//! From a request to its handler, and what a JAX-RS server does by itself: 404, 405, 406, 415, `OPTIONS`, `HEAD`,
//! trailing slashes.
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, patch, post, put};
use futures::FutureExt;

use crate::errors::{Outcome, Refusal};
use crate::extract::require_json;
use crate::resources::{Shared, connectors, lifecycle, offsets, plugins, root, tasks, topics};
use crate::server::REQUEST_DEADLINE;
use crate::{console, routes};

pub(crate) fn router(shared: Shared, with_console: bool) -> Router {
    let config = get(connectors::get_config).put(connectors::put_config).patch(connectors::patch_config);
    let api = [
        ("/", get(root::info)),
        ("/health", get(root::health)),
        ("/connector-plugins", get(plugins::list)),
        ("/connector-plugins/{plugin}/config", get(plugins::config)),
        ("/connector-plugins/{plugin}/config/validate", put(plugins::validate)),
        ("/connectors", get(connectors::list).post(connectors::create)),
        ("/connectors/{connector}", get(connectors::get).delete(connectors::delete)),
        ("/connectors/{connector}/config", config),
        ("/connectors/{connector}/status", get(lifecycle::status)),
        ("/connectors/{connector}/restart", post(lifecycle::restart)),
        ("/connectors/{connector}/pause", put(lifecycle::pause)),
        ("/connectors/{connector}/resume", put(lifecycle::resume)),
        ("/connectors/{connector}/stop", put(lifecycle::stop)),
        ("/connectors/{connector}/tasks", get(tasks::list)),
        ("/connectors/{connector}/tasks/{task}/status", get(tasks::status)),
        ("/connectors/{connector}/tasks/{task}/restart", post(tasks::restart)),
        ("/connectors/{connector}/topics", get(topics::list)),
        ("/connectors/{connector}/topics/reset", put(topics::reset)),
        ("/connectors/{connector}/offsets", patch(offsets::patch).get(offsets::get).delete(offsets::delete)),
    ];
    let mut router = api.into_iter().fold(Router::new(), |router, (path, methods)| resource(router, path, methods));
    router = router.route_layer(from_fn(speaks_json));
    if with_console {
        router = router.merge(console::router());
    }
    router = router.route_layer(from_fn(refuse_other_sites));
    router
        .method_not_allowed_fallback(async || Refusal::plain(StatusCode::METHOD_NOT_ALLOWED))
        .fallback(async || Refusal::plain(StatusCode::NOT_FOUND))
        .layer(from_fn(answer_in_time))
        .with_state(shared)
}

/// Adds a resource with and without a slash at its end, and its `OPTIONS`.
fn resource(router: Router<Shared>, path: &'static str, methods: MethodRouter<Shared>) -> Router<Shared> {
    let allow = allowed(path);
    let described = move || {
        let header: (HeaderName, String) = (ALLOW, allow.join(","));
        let body = allow.join(", ");
        async move { ([header], body) }
    };
    let methods = methods.options(described);
    match path {
        "/" => router.route(path, methods),
        _ => router.route(path, methods.clone()).route(&format!("{path}/"), methods),
    }
}

fn allowed(path: &str) -> Vec<&'static str> {
    let methods = routes::ROUTES.iter().filter(|route| route.path == path).map(|route| route.method);
    let mut all: Vec<_> = methods.flat_map(|m| if m == "GET" { vec!["HEAD", "GET"] } else { vec![m] }).collect();
    all.push("OPTIONS");
    all
}

/// A page of another site must not change anything through a browser that can reach this worker.
async fn refuse_other_sites(request: Request, next: Next) -> Outcome<Response> {
    if comes_from_another_site(request.method(), request.headers()) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Requests of other web sites are refused."));
    }
    Ok(next.run(request).await)
}

fn comes_from_another_site(method: &Method, headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let looks_only = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let foreign = match (header("sec-fetch-site"), header("origin")) {
        // What the browser itself says holds behind a proxy that rewrites the host, too.
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split("://").nth(1) != header("host"),
        (None, None) => false,
    };
    !looks_only && foreign
}

async fn speaks_json(request: Request, next: Next) -> Outcome<Response> {
    if request.method() != Method::OPTIONS {
        require_json(request.method(), request.headers())?;
    }
    Ok(next.run(request).await)
}

/// No request hangs, and none takes its connection down.
async fn answer_in_time(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_string());
    let started = Instant::now();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(REQUEST_DEADLINE, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!(%method, path, "the handler of a request panicked");
            let sentence = "The worker made a mistake while it answered; its log says more.";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
        }
        Err(_) => {
            let seconds = REQUEST_DEADLINE.as_secs();
            let sentence = format!("Request timed out: the worker did not answer within {seconds} s, try again later.");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
        }
    };
    tracing::debug!(%method, path, status = response.status().as_u16(), elapsed_us = started.elapsed().as_micros());
    response
}

#[cfg(test)]
mod tests;

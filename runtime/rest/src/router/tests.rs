use super::*;
use std::sync::Arc;

use axum::body::Body;
use tower::ServiceExt;

/// A server whose herder has not come yet: enough for everything that is decided before a handler runs.
async fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, String) {
    let shared = Shared { herder: Arc::default(), advertised: "worker:8083".into() };
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(shared, true).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

fn filled(path: &str) -> String {
    path.replace("{connector}", "a%2Fb").replace("{task}", "0").replace("{plugin}", "FileStreamSource")
}

#[tokio::test]
async fn every_route_of_the_list_is_there_with_and_without_a_slash_at_its_end() {
    for route in routes::ROUTES {
        for end in ["", "/"] {
            let path = format!("{}{end}", filled(route.path)).replace("//", "/");
            let (status, headers, body) = ask(route.method, &path, &[]).await;
            assert_eq!(status, 503, "{} {path}: {body}", route.method);
            assert_eq!(headers["content-type"], "application/json");
            assert!(body.contains("Worker is still starting up."));
        }
    }
}

#[tokio::test]
async fn nothing_is_routed_that_is_not_in_the_list() {
    for path in routes::ROUTES.iter().map(|route| route.path) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let listed = allowed(path).contains(&method);
            let (status, headers, body) = ask(method, &filled(path), &[]).await;
            assert_eq!(status, if listed { 503 } else { 405 }, "{method} {path}: {body}");
            if !listed {
                assert_eq!(body, r#"{"error_code":405,"message":"HTTP 405 Method Not Allowed"}"#);
                assert!(headers.contains_key("allow"));
            }
        }
    }
}

#[tokio::test]
async fn other_sites_may_look_but_not_touch() {
    let restart = "/connectors/a/restart";
    for foreign in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site"), ("origin", "null")] {
        let headers = [("host", "worker:8083"), foreign];
        assert_eq!(ask("POST", restart, &headers).await.0, 403, "{foreign:?}");
        assert_eq!(ask("GET", "/connectors", &headers).await.0, 503, "{foreign:?}");
    }
    let own = [("host", "worker:8083"), ("origin", "http://worker:8083"), ("sec-fetch-site", "same-origin")];
    assert_eq!(ask("POST", restart, &own).await.0, 503);
    assert_eq!(ask("POST", restart, &[]).await.0, 503, "curl and other programs name no site");
}

#[tokio::test]
async fn unknown_paths_are_404_in_connects_form() {
    for path in ["/nope", "/connectors/a/nope", "/connectors/a/b", "/connectors/a/tasks-config"] {
        let (status, _, body) = ask("GET", path, &[]).await;
        assert_eq!((status, body.as_str()), (404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#), "{path}");
    }
}

#[tokio::test]
async fn options_and_head_answer_as_jax_rs_does() {
    let (status, headers, body) = ask("OPTIONS", "/connectors/a/config", &[("accept", "text/plain")]).await;
    assert_eq!((status, body.as_str()), (200, "HEAD, GET, PUT, PATCH, OPTIONS"));
    assert_eq!(headers["allow"], "HEAD,GET,PUT,PATCH,OPTIONS");
    let (status, headers, body) = ask("HEAD", "/connectors", &[]).await;
    assert_eq!((status, body.as_str()), (503, ""));
    assert!(headers["content-length"] != "0");
    assert_eq!(ask("OPTIONS", "/nope", &[]).await.0, 404);
}

#[tokio::test]
async fn other_media_types_are_refused_before_anything_happens() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let (status, _, body) = ask("POST", "/connectors/a/restart", &[form]).await;
    assert_eq!((status, body.as_str()), (415, r#"{"error_code":415,"message":"HTTP 415 Unsupported Media Type"}"#));
    let (status, _, body) = ask("GET", "/connectors", &[("accept", "text/plain")]).await;
    assert_eq!((status, body.as_str()), (406, r#"{"error_code":406,"message":"HTTP 406 Not Acceptable"}"#));
    assert_eq!(ask("PUT", "/", &[form]).await.0, 405);
}

#[tokio::test]
async fn the_console_is_served_by_its_own_rules() {
    let (status, headers, _) = ask("GET", "/ui", &[("accept", "text/html")]).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (308, "ui/"));
    let (status, headers, body) = ask("GET", "/ui/", &[("accept", "text/html")]).await;
    assert_eq!(status, 200);
    assert!(headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    assert!(body.contains("<title>"));
    assert_eq!(ask("GET", "/ui/nope.js", &[]).await.0, 404);
}

//! A thin REST client: what was asked, what came back, nothing interpreted.

use crate::{Failure, Outcome, fail};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use std::time::Duration;

/// No answer may take longer; a worker's own longest request deadline is 90 s.
const LONGEST_ANSWER: Duration = Duration::from_secs(100);

/// One server's REST API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rest {
    base: String,
    client: reqwest::Client,
}

/// One answer, as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The HTTP headers.
    pub headers: HeaderMap,
    /// The body, byte for byte (which the REST APIs here write in UTF-8).
    pub text: String,
    asked: String,
}

impl Rest {
    /// A client of the server at `base`, for example `http://127.0.0.1:8083`.
    pub fn new(base: impl Into<String>) -> Self {
        let mut base = base.into();
        base.truncate(base.trim_end_matches('/').len());
        // No proxy: a proxy of the machine must not be asked about loopback addresses.
        let client = reqwest::Client::builder().no_proxy().timeout(LONGEST_ANSWER).build().unwrap_or_default();
        Self { base, client }
    }

    /// The server's address, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Outcome<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    /// `POST path` without a body.
    pub async fn post_empty(&self, path: &str) -> Outcome<Answer> {
        self.send(Method::POST, path, None).await
    }

    /// `PUT path` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.send(Method::PUT, path, Some(body.to_string())).await
    }

    /// `PUT path` without a body.
    pub async fn put_empty(&self, path: &str) -> Outcome<Answer> {
        self.send(Method::PUT, path, None).await
    }

    /// `PATCH path` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Outcome<Answer> {
        self.send(Method::DELETE, path, None).await
    }

    /// `POST path` with any text as its body, sent as `application/json` however malformed it is.
    pub async fn post_text(&self, path: &str, body: &str) -> Outcome<Answer> {
        self.send(Method::POST, path, Some(body.to_owned())).await
    }

    /// Any method with any text as its body, sent as `application/json` however malformed it is.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Outcome<Answer> {
        let asked = format!("{method} {}{path}", self.base);
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let unanswered = |error| Failure::from(error).while_doing(&asked);
        let response = request.send().await.map_err(unanswered)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(unanswered)?;
        Ok(Answer { status, headers, text, asked })
    }

    /// Whether `GET path` answers 200 within two seconds.
    pub async fn answers(&self, path: &str) -> bool {
        let asked = tokio::time::timeout(Duration::from_secs(2), self.get(path));
        matches!(asked.await, Ok(Ok(answer)) if answer.status == 200)
    }
}

impl Answer {
    /// The body as JSON; fails with the whole answer when it is none.
    pub fn json(&self) -> Outcome<Value> {
        serde_json::from_str(&self.text)
            .map_err(|error| Failure::from(error).while_doing(format!("not JSON: {}", self.sentence())))
    }

    /// This answer if it has `status`; otherwise fails with the whole answer.
    pub fn expect_status(self, status: u16) -> Outcome<Self> {
        if self.status == status {
            return Ok(self);
        }
        fail!("expected status {status}, but {}", self.sentence())
    }

    fn sentence(&self) -> String {
        format!("{} answered {}: {}", self.asked, self.status, self.text)
    }
}

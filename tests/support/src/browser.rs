//! Pages as a real browser shows them: headless Chromium, driven through playwright-core.
//!
//! A page that updates itself is never "loaded"; so a visit waits for a JavaScript expression to become
//! true rather than for a time.

use crate::npm::{self, INSTALL_NODE};
use crate::process::run;
use crate::{Outcome, fail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PLAYWRIGHT: &str = "playwright-core@1.65.1";
const CHROMIUM: &str = "/usr/bin/chromium";

/// One visit to a page.
#[derive(Debug, Clone)]
pub struct Visit {
    url: String,
    steps: Vec<Value>,
    width: u32,
    height: u32,
    dark: bool,
    deadline: Duration,
}

/// What was seen at the end of a visit.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The page as HTML, as its scripts left it.
    pub dom: String,
    /// The text that a reader sees.
    pub text: String,
    /// The page's title.
    pub title: String,
    /// Errors that scripts threw or wrote to the console, and requests that failed or were answered with 4xx or 5xx.
    pub errors: Vec<String>,
}

impl Visit {
    /// A visit to `url` in a window of 1280 by 800.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            steps: Vec::new(),
            width: 1280,
            height: 800,
            dark: false,
            deadline: Duration::from_secs(30),
        }
    }

    /// A window of this many pixels.
    pub fn window(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// For a reader who prefers dark colours.
    pub fn dark(mut self) -> Self {
        self.dark = true;
        self
    }

    /// How long each step may take, 30 s unless set.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Then: wait until this JavaScript expression is true in the page.
    pub fn wait_for(self, expression: &str) -> Self {
        self.step(json!({ "wait": expression }))
    }

    /// Then: click what this CSS selector names.
    pub fn click(self, selector: &str) -> Self {
        self.step(json!({ "click": selector }))
    }

    /// Then: type `text` into the field that this CSS selector names.
    pub fn fill(self, selector: &str, text: &str) -> Self {
        self.step(json!({ "fill": selector, "text": text }))
    }

    /// Then: save a picture of the whole page (PNG).
    pub fn screenshot(self, file: &Path) -> Self {
        self.step(json!({ "screenshot": file.display().to_string() }))
    }

    /// Makes the visit; fails when a step can't be done before the deadline.
    pub async fn go(self) -> Outcome<Seen> {
        let plan = json!({
            "chromium": CHROMIUM, "url": self.url, "steps": self.steps, "dark": self.dark,
            "width": self.width, "height": self.height, "deadline_ms": self.deadline.as_millis() as u64,
        });
        // Each step has the deadline to itself; the rest is for the browser's own start and end.
        let steps = u32::try_from(self.steps.len() + 1)?;
        let whole = self.deadline * steps + Duration::from_secs(30);
        let visiting = tokio::task::spawn_blocking(move || {
            if !Path::new(CHROMIUM).exists() {
                return fail!("chromium is not installed: apt-get install -y --no-install-recommends chromium");
            }
            let modules = npm::install(&[PLAYWRIGHT])?.join("node_modules");
            let mut node = Command::new("node");
            node.arg(script()).arg(plan.to_string()).env("NODE_PATH", modules);
            run(&node, whole, INSTALL_NODE)
        });
        let seen: Value = serde_json::from_str(&visiting.await??)?;
        let text = |name: &str| seen[name].as_str().unwrap_or_default().to_owned();
        let errors = seen["errors"].as_array().cloned().unwrap_or_default();
        Ok(Seen {
            dom: text("dom"),
            text: text("text"),
            title: text("title"),
            errors: errors.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    fn step(mut self, step: Value) -> Self {
        self.steps.push(step);
        self
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/browser/visit.cjs")
}

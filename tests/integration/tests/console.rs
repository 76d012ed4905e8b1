//! The console in a real browser: what a newcomer sees is alive, and every button does what it says.

use longshore_support::await_until::await_ok;
use longshore_support::browser::{Seen, Visit};
use longshore_support::{LongshoreWorker, Outcome, fail};
use serde_json::{Value, json};
use std::time::Duration;

const RUNNING: &str = "document.querySelector('[data-connector=\"stock-bids\"] .flap')?.textContent === 'RUNNING'";
const RECORDS: &str = "document.querySelectorAll('#records li').length >= 3";
const RATE: &str = "Number(document.querySelector('#total-rate').textContent) > 0";

fn require_quiet(seen: &Seen) -> Outcome {
    if seen.errors.is_empty() { Ok(()) } else { fail!("the page has errors: {:?}", seen.errors) }
}

async fn status_is(worker: &LongshoreWorker, connector: &str, state: &str) -> Outcome {
    let what = format!("{connector} is {state}");
    await_ok(Duration::from_secs(20), &what, async || {
        let answer = worker.rest().get(&format!("/connectors/{connector}/status")).await?.expect_status(200)?.json()?;
        if answer["connector"]["state"] == state { Ok(()) } else { fail!("it is {}", answer["connector"]["state"]) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_shows_connectors_rates_and_records_live() -> Outcome {
    let worker = LongshoreWorker::quickstart()?.start().await?;
    let folder = tempfile::tempdir()?;
    for (name, width, dark) in [("wide", 1280, false), ("narrow", 400, true)] {
        let picture = folder.path().join(format!("{name}.png"));
        let visit = Visit::to(format!("{}/ui", worker.rest().url())).window(width, 900);
        let visit = if dark { visit.dark() } else { visit };
        let visit = visit.wait_for(RUNNING).wait_for(RECORDS).wait_for(RATE);
        let seen = visit.click("#records li button").screenshot(&picture).go().await?;
        require_quiet(&seen)?;
        assert_eq!(seen.title, "Longshore");
        assert!(seen.text.contains("stock-bids-file") && seen.text.contains("\"symbol\""), "{}", seen.text);
        assert!(std::fs::metadata(&picture)?.len() > 20_000, "the picture is nearly empty");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_pause_resume_and_delete() -> Outcome {
    let worker = LongshoreWorker::quickstart()?.start().await?;
    let page = format!("{}/ui/", worker.rest().url());
    let flap = |state: &str| {
        format!("document.querySelector('[data-connector=\"stock-bids\"] .flap')?.textContent === '{state}'")
    };
    let button = |what: &str| format!("button[aria-label='{what} stock-bids']");
    let visit = Visit::to(&page).wait_for(RUNNING).click(&button("Pause")).wait_for(&flap("PAUSED"));
    require_quiet(&visit.go().await?)?;
    status_is(&worker, "stock-bids", "PAUSED").await?;
    let visit = Visit::to(&page).wait_for(&flap("PAUSED")).click(&button("Resume")).wait_for(&flap("RUNNING"));
    require_quiet(&visit.go().await?)?;
    status_is(&worker, "stock-bids", "RUNNING").await?;

    // Deleting asks first; "Keep it" keeps it.
    let asked =
        Visit::to(&page).wait_for(RUNNING).click(&button("Delete")).wait_for("document.querySelector('#ask').open");
    require_quiet(&asked.click("#ask button[value=no]").wait_for("!document.querySelector('#ask').open").go().await?)?;
    status_is(&worker, "stock-bids", "RUNNING").await?;
    let asked = Visit::to(&page).wait_for(RUNNING).click(&button("Delete")).click("#ask-yes");
    let gone = "document.querySelector('tr[data-connector=\"stock-bids\"]') === null";
    require_quiet(&asked.wait_for(gone).go().await?)?;
    assert_eq!(worker.rest().get("/connectors/stock-bids").await?.status, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_tells_what_is_missing_and_makes_a_connector() -> Outcome {
    let worker = LongshoreWorker::quickstart()?.start().await?;
    let page = format!("{}/ui/", worker.rest().url());
    let open = Visit::to(&page).wait_for(RUNNING).click("#new").wait_for("document.querySelector('#form').open");
    let missing = "document.querySelector('[id=\"key-kafka.topic-error\"]')?.textContent.includes('Missing required')";
    let seen = open.clone().fill("#form-name", "by-hand").click("#form-submit").wait_for(missing).go().await?;
    require_quiet(&seen)?;
    assert_eq!(worker.rest().get("/connectors/by-hand").await?.status, 404);

    let open = open.fill("#form-name", "by-hand").fill("[id='key-kafka.topic']", "by-hand");
    let open = open.fill("[id='key-quickstart']", "users").click("#form-submit");
    let there = "document.querySelector('[data-connector=\"by-hand\"]') !== null";
    require_quiet(&open.wait_for(there).go().await?)?;
    let config = worker.rest().get("/connectors/by-hand/config").await?.expect_status(200)?.json()?;
    assert_eq!((&config["kafka.topic"], &config["quickstart"]), (&json!("by-hand"), &json!("users")));
    assert_eq!(config.as_object().map(|keys| keys.len()), Some(4), "fields left empty are not sent: {config}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_shown_with_its_reason_and_markup_stays_text() -> Outcome {
    let worker = LongshoreWorker::quickstart()?.start().await?;
    let name = "<img src=x onerror=alert(1)>";
    let config = json!({ "connector.class": "FileStreamSink", "topics": "stock-bids", "file": "/proc/no-such/out" });
    let body: Value = json!({ "name": name, "config": config });
    worker.rest().post("/connectors", &body).await?.expect_status(201)?;
    let failed = "document.querySelector('tr.failed') !== null && document.querySelector('.trace pre')?.textContent.includes('/proc/no-such/out')";
    let seen = Visit::to(format!("{}/ui/", worker.rest().url())).wait_for(failed).go().await?;
    require_quiet(&seen)?;
    assert!(seen.text.contains(name) && !seen.dom.contains("<img src=x"), "{}", seen.dom);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_so_when_the_worker_is_gone() -> Outcome {
    let mut worker = LongshoreWorker::quickstart()?.start().await?;
    let page = format!("{}/ui/", worker.rest().url());
    let banner = "!document.querySelector('#banner').hidden && document.querySelector('#banner').textContent.includes('unreachable')";
    // A button that the page presses tells the test that the page is there; then the worker goes.
    let button = "button[aria-label='Pause stock-bids-file']";
    let visiting = tokio::spawn(Visit::to(page).wait_for(RUNNING).wait_for(RATE).click(button).wait_for(banner).go());
    status_is(&worker, "stock-bids-file", "PAUSED").await?;
    worker.kill9()?;
    let seen = visiting.await??;
    assert!(seen.text.contains("stock-bids"), "what was known stays on the page");
    Ok(())
}

//! newman and the browser see what a server really sends.

use longshore_support::browser::Visit;
use longshore_support::newman::run_collection;
use longshore_support::{Outcome, Rest, process::Folder};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PAGE: &str = r#"<!doctype html><title>Counter</title><p id="n">0</p><button>stop</button>
<script>
  let n = 0;
  const timer = setInterval(() => document.getElementById('n').textContent = ++n, 20);
  document.querySelector('button').onclick = () => { clearInterval(timer); document.title = 'Stopped'; };
  setTimeout(() => { console.error('a complaint'); fetch('/missing') }, 0);
</script>"#;

/// Answers `/` with a page, `/json` with JSON and everything else with 404; ends with the test's runtime.
async fn serve() -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                let read = connection.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let (status, kind, body) = match request.split(' ').nth(1) {
                    Some("/") => ("200 OK", "text/html", PAGE),
                    Some("/json") => ("200 OK", "application/json", r#"{"answer":42}"#),
                    Some("/favicon.ico") => ("204 No Content", "text/plain", ""),
                    _ => ("404 Not Found", "text/plain", "no such page"),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                // The reader may be gone already; that is its business.
                let _ = connection.write_all(format!("{head}{body}").as_bytes()).await;
            });
        }
    });
    Ok(url)
}

#[tokio::test]
async fn an_answer_is_told_as_it_came() -> Outcome {
    let rest = Rest::new(serve().await?);
    let answer = rest.get("/json").await?.expect_status(200)?;
    assert_eq!(
        (answer.json()?["answer"].as_u64(), answer.headers["content-type"].to_str()?),
        (Some(42), "application/json")
    );
    let failure = rest.get("/missing").await?.expect_status(200).unwrap_err().to_string();
    assert!(failure.contains("/missing answered 404: no such page"), "{failure}");
    assert!(rest.answers("/json").await && !rest.answers("/missing").await);
    Ok(())
}

#[tokio::test]
async fn the_browser_runs_scripts_waits_clicks_and_takes_pictures() -> Outcome {
    let url = serve().await?;
    let folder = Folder::new("browser")?;
    let picture = folder.path().join("page.png");
    let seen = Visit::to(&url)
        .window(400, 300)
        .wait_for("Number(document.getElementById('n').textContent) > 3")
        .click("button")
        .wait_for("document.title === 'Stopped'")
        .screenshot(&picture)
        .go()
        .await?;
    assert_eq!(seen.title, "Stopped");
    assert!(seen.dom.contains("<p id=\"n\">") && !seen.dom.contains("<p id=\"n\">0</p>"), "{}", seen.dom);
    assert!(seen.text.contains("stop"), "{}", seen.text);
    for error in ["console: a complaint", "status 404"] {
        assert!(seen.errors.iter().any(|seen| seen.contains(error)), "{error} in {:?}", seen.errors);
    }
    let png = std::fs::read(picture)?;
    assert!(png.starts_with(b"\x89PNG") && png.len() > 500);
    Ok(())
}

#[tokio::test]
async fn newman_tells_which_assertions_failed() -> Outcome {
    let url = serve().await?;
    let folder = Folder::new("newman-test")?;
    let check = |name: &str, code: &str| json!({ "listen": "test", "script": { "exec": [format!("pm.test('{name}', () => {{ {code} }});")] } });
    let collection = json!({
        "info": { "name": "c", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
        "item": [
            { "name": "good", "request": "{{base}}/json",
              "event": [check("answers 42", "pm.expect(pm.response.json().answer).to.eql(42)")] },
            { "name": "bad", "request": "{{base}}/missing",
              "event": [check("is there", "pm.response.to.have.status(200)")] },
        ],
    });
    let file = folder.path().join("collection.json");
    std::fs::write(&file, collection.to_string())?;
    let report = run_collection(&file, None, &[("base", &url)]).await?;
    assert_eq!((report.requests, report.assertions), (2, 2));
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    let failure = report.expect_success().unwrap_err().to_string();
    assert!(failure.contains("bad: is there") && failure.contains("404"), "{failure}");
    Ok(())
}

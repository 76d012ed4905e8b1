//! Requests that cannot be carried out.

use super::fixture::Deck;
use longshore_support::Outcome;
use longshore_support::rest::Answer;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense_are_refused_with_the_reason() -> Outcome {
    let deck = Deck::start().await?;
    let post = async |config: Value| deck.rest().post("/connectors", &json!({"name": "bad", "config": config})).await;
    let message = |answer: Answer| -> Outcome<String> {
        let body = answer.expect_status(400)?.json()?;
        assert_eq!(body["error_code"], 400);
        Ok(body["message"].as_str().unwrap_or_default().to_owned())
    };

    for text in ["{\"name\": \"bad\", ", "not json", "[1, 2]", ""] {
        let answer = deck.rest().post_text("/connectors", text).await?;
        let refused = (400..=500).contains(&answer.status) && answer.json()?["message"].as_str().is_some();
        assert!(refused, "{text:?} was answered {}: {}", answer.status, answer.text);
    }

    let unknown = message(post(json!({"connector.class": "org.example.Nonsense"})).await?)?;
    assert!(unknown.contains("org.example.Nonsense") && unknown.contains("FileStreamSource"), "{unknown}");

    let missing = message(post(json!({"connector.class": "FileStreamSource", "file": "x"})).await?)?;
    assert!(missing.contains("Missing required configuration \"topic\" which has no default value."), "{missing}");

    let wrong = json!({
        "connector.class": "FileStreamSource", "topic": "t", "batch.size": "many", "tasks.max": "0",
        "errors.tolerance": "some",
    });
    let wrong = message(post(wrong).await?)?;
    for part in ["3 error(s)", "Invalid value many for configuration batch.size", "tasks.max", "errors.tolerance"] {
        assert!(wrong.contains(part), "{part:?} is not in: {wrong}");
    }

    let sink = message(post(json!({"connector.class": "FileStreamSink", "file": "x"})).await?)?;
    assert!(sink.contains("topics"), "{sink}");
    let names = deck.rest().get("/connectors").await?.json()?;
    assert_eq!(names.as_array().map(Vec::len), Some(2), "a refused connector is there: {names}");
    deck.bystanders.move_on().await
}

//! Secrets reach the connector and nothing else.

use super::fixture::Deck;
use longshore_support::await_until::await_ok;
use longshore_support::cluster::unique;
use longshore_support::process::Folder;
use longshore_support::{Outcome, connectors, kafka};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const CANARY: &str = "canary-3f9a77c1";

fn vault(topic: &str, password: &str, fails: bool) -> Value {
    json!({"connector.class": "io.example.connect.Vault", "topic": topic, "password": password, "fails": fails})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_in_no_log_no_status_and_no_answer_of_validate() -> Outcome {
    let folder = Folder::new("secrets")?;
    let file = folder.path().join("secrets.properties");
    fs::write(&file, format!("password={CANARY}\n"))?;
    let rogue = env!("CARGO_BIN_EXE_rogue-worker");
    let deck = Deck::start_with(|setup| {
        setup.binary(rogue).env("LONGSHORE_TEST_CANARY", CANARY).env("LONGSHORE_LOG", "trace")
    })
    .await?;
    let passwords = [
        CANARY.to_owned(),
        format!("${{file:{}:password}}", file.display()),
        "${env:LONGSHORE_TEST_CANARY}".to_owned(),
    ];
    for password in &passwords {
        let (topic, failing) = (unique("vault"), unique("failing-vault"));
        connectors::create(deck.rest(), &topic, &vault(&topic, password, false)).await?;
        // The connector got the secret itself, whatever its configuration says instead of it.
        let records = await_ok(SOON, "what the vault tells", async || {
            kafka::consume_until(&deck.bootstrap(), &topic, SOON, |records| !records.is_empty()).await
        });
        assert_eq!(records.await?[0].value_text(), format!("{} letters", CANARY.len()));

        connectors::create(deck.rest(), &failing, &vault(&topic, password, true)).await?;
        let trace = connectors::await_failure(deck.rest(), &failing).await?;
        assert!(trace.contains("cannot log in") && trace.contains("[hidden]"), "{trace}");

        let mut checked = vault(&topic, password, false);
        checked["name"] = json!(topic);
        checked["tasks.max"] = json!("wrong");
        let validate = "/connector-plugins/Vault/config/validate";
        let validated = deck.rest().put(validate, &checked).await?.expect_status(200)?.text;
        let mut answers = vec![trace, validated];
        for path in [format!("/connectors/{topic}/status"), format!("/connectors/{failing}/status")] {
            answers.push(deck.rest().get(&path).await?.expect_status(200)?.text);
        }
        for answer in answers {
            assert!(!answer.contains(CANARY), "the secret is in an answer: {answer}");
        }
    }
    // A reference stays a reference where the configuration is told.
    let configs = deck.rest().get("/connectors?expand=info").await?.expect_status(200)?.text;
    assert_eq!(configs.matches(CANARY).count(), configs.matches(&format!("\"{CANARY}\"")).count());
    assert!(configs.contains("${env:LONGSHORE_TEST_CANARY}"));
    let logs = deck.worker.logs();
    let telling = logs.lines().find(|line| line.contains(CANARY));
    assert_eq!(telling, None, "the secret is in the log");
    deck.bystanders.move_on().await
}

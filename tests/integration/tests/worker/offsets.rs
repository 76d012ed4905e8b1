//! Offsets are told, changed and forgotten, and a resumed connector goes on from there.

use super::fixture::{Dock, append, numbers, sink, source};
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::{Outcome, await_until::await_ok, connectors, fail};
use serde_json::{Value, json};

/// Changes the offsets of a stopped connector: `None` forgets all.
async fn alter(dock: &Dock, name: &str, offsets: Option<Value>) -> Outcome {
    dock.put(name, "stop").await?;
    connectors::await_states(dock.rest(), name, "STOPPED", &[]).await?;
    let path = format!("/connectors/{name}/offsets");
    // The tasks may still be on their way out: then the worker says so, and is asked again.
    let altered = await_ok(super::fixture::SOON, "the offsets to be changed", async || {
        let answer = match &offsets {
            Some(offsets) => dock.rest().patch(&path, &json!({"offsets": [offsets]})).await?,
            None => dock.rest().delete(&path).await?,
        };
        answer.expect_status(200)?.json()
    });
    let message = altered.await?["message"].as_str().unwrap_or_default().to_owned();
    if !message.contains("offsets for this connector have been") {
        return fail!("the change was answered {message:?}");
    }
    dock.put(name, "resume").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_goes_on_from_the_offset_it_is_given() -> Outcome {
    let dock = Dock::start().await?;
    let (name, input) = (unique("source-offsets"), dock.file("in"));
    append(&input, 0..10)?;
    connectors::create(dock.rest(), &name, &source(&input, &name)).await?;
    dock.values(&name, 10).await?;
    let partition = json!({"filename": input});
    let path = format!("/connectors/{name}/offsets");
    let wanted = json!({"offsets": [{"partition": partition, "offset": {"position": 30}}]});
    await_ok(super::fixture::SOON, "the stored offset", async || {
        let told = dock.rest().get(&path).await?.expect_status(200)?.json()?;
        if told == wanted { Ok(()) } else { fail!("it is {told}") }
    })
    .await?;
    let refused = dock.rest().patch(&path, &wanted).await?.expect_status(400)?;
    assert!(refused.text.contains("must be in the STOPPED state"), "{}", refused.text);

    alter(&dock, &name, Some(json!({"partition": partition, "offset": {"position": 15}}))).await?;
    let mut expected = [numbers(0..10), numbers(5..10)].concat();
    assert_eq!(dock.values(&name, 15).await?, expected);
    alter(&dock, &name, None).await?;
    expected.extend(numbers(0..10));
    assert_eq!(dock.values(&name, 25).await?, expected);

    dock.put(&name, "stop").await?;
    connectors::await_states(dock.rest(), &name, "STOPPED", &[]).await?;
    let wrong = json!({"offsets": [{"partition": partition, "offset": {"position": -1}}]});
    let refused = dock.rest().patch(&path, &wrong).await?;
    assert!((400..=500).contains(&refused.status) && refused.text.contains("negative"), "{}", refused.text);
    assert_eq!(connectors::only_offset(dock.rest(), &name).await?, json!({"position": 30}));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_goes_on_from_the_offset_it_is_given() -> Outcome {
    let dock = Dock::start().await?;
    let (name, output) = (unique("sink-offsets"), dock.file("out"));
    kafka::create_topic(&dock.bootstrap(), &name, 1).await?;
    kafka::produce(&dock.bootstrap(), &name, numbers(0..10).into_iter().map(Outgoing::value)).await?;
    connectors::create(dock.rest(), &name, &sink(&output, &name)).await?;
    dock.lines(&output, 10).await?;
    let partition = json!({"kafka_topic": name, "kafka_partition": 0});
    await_ok(super::fixture::SOON, "the committed offset", async || {
        match connectors::only_offset(dock.rest(), &name).await? {
            offset if offset == json!({"kafka_offset": 10}) => Ok(()),
            offset => fail!("it is {offset}"),
        }
    })
    .await?;

    alter(&dock, &name, Some(json!({"partition": partition, "offset": {"kafka_offset": 7}}))).await?;
    let mut expected = [numbers(0..10), numbers(7..10)].concat();
    assert_eq!(dock.lines(&output, 13).await?, expected);
    alter(&dock, &name, None).await?;
    expected.extend(numbers(0..10));
    assert_eq!(dock.lines(&output, 23).await?, expected);
    Ok(())
}

//! Topics that a source makes, and the record of topics that connectors use.

use super::fixture::{Dock, append, source};
use longshore_support::cluster::unique;
use longshore_support::{Outcome, connectors, kafka};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_by_the_connectors_rules_and_remembered() -> Outcome {
    let dock = Dock::start().await?;
    append(&dock.file("in"), 0..10)?;
    let (plain, small) = (unique("plain"), unique("small"));
    let rules = json!({
        "topic.creation.groups": "small",
        "topic.creation.default.replication.factor": 1,
        "topic.creation.default.partitions": 2,
        "topic.creation.small.include": "small-.*",
        "topic.creation.small.partitions": 3,
        "topic.creation.small.retention.bytes": 123456,
        "topic.creation.small.message.timestamp.type": "LogAppendTime",
    });
    for topic in [&plain, &small] {
        let mut config = source(&dock.file("in"), topic);
        config.as_object_mut().into_iter().for_each(|map| map.extend(rules.as_object().cloned().unwrap_or_default()));
        connectors::create(dock.rest(), topic, &config).await?;
        dock.values(topic, 10).await?;
        let told = dock.rest().get(&format!("/connectors/{topic}/topics")).await?.expect_status(200)?.json()?;
        assert_eq!(told, json!({ topic.as_str(): {"topics": [topic]} }));
    }
    let bootstrap = dock.bootstrap();
    assert_eq!(kafka::end_offsets(&bootstrap, &plain).await?.len(), 2);
    assert_eq!(kafka::end_offsets(&bootstrap, &small).await?.len(), 3);
    for (topic, bytes, kind) in [(&plain, "-1", "CreateTime"), (&small, "123456", "LogAppendTime")] {
        let made = kafka::topic_configuration(&bootstrap, topic).await?;
        assert_eq!((made["retention.bytes"].as_str(), made["message.timestamp.type"].as_str()), (bytes, kind));
    }

    dock.put(&plain, "pause").await?;
    connectors::await_states(dock.rest(), &plain, "PAUSED", &["PAUSED"]).await?;
    dock.rest().put_empty(&format!("/connectors/{plain}/topics/reset")).await?.expect_status(202)?;
    let told = dock.rest().get(&format!("/connectors/{plain}/topics")).await?.expect_status(200)?.json()?;
    assert_eq!(told, json!({ plain.as_str(): {"topics": []} }));
    Ok(())
}

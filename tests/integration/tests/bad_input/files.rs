//! Files that cannot be opened.

use super::fixture::{Deck, require_sentence};
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::process::Folder;
use longshore_support::{Outcome, connectors};
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_paths_and_permissions_are_named_with_what_to_do() -> Outcome {
    let deck = Deck::start_with(|setup| setup.bound_by_permissions()).await?;
    let (folder, topic) = (Folder::new("files")?, unique("files"));
    kafka::create_topic(&deck.bootstrap(), &topic, 1).await?;
    kafka::produce_n(&deck.bootstrap(), &topic, 3, |n| Outgoing::value(n.to_string())).await?;
    let closed = folder.path().join("closed.txt");
    fs::write(&closed, "secret\n")?;
    fs::set_permissions(&closed, Permissions::from_mode(0o000))?;
    let cases = [
        (folder.path().to_owned(), "folder", "name a file"),
        (closed.clone(), "Permission denied", "give the worker's user the right to it"),
        (folder.path().join("missing/out.txt"), "No such file", "create the folder"),
    ];
    for (path, what, advice) in &cases {
        let (name, shown) = (unique("sink"), path.display().to_string());
        let sink = json!({"connector.class": "FileStreamSink", "topics": topic, "file": path});
        connectors::create(deck.rest(), &name, &sink).await?;
        require_sentence(&connectors::await_failure(deck.rest(), &name).await?, &[&shown, what, advice])?;
    }
    // A source waits for a file that does not exist yet; the other two it can't read now or ever.
    for (path, what, advice) in &cases[..2] {
        let (name, shown) = (unique("source"), path.display().to_string());
        let source = json!({"connector.class": "FileStreamSource", "topic": topic, "file": path});
        connectors::create(deck.rest(), &name, &source).await?;
        require_sentence(&connectors::await_failure(deck.rest(), &name).await?, &[&shown, what, advice])?;
    }

    // With the permission given, a restart is all it takes.
    let name = unique("cured");
    let source = json!({"connector.class": "FileStreamSource", "topic": format!("{topic}-cured"), "file": closed});
    connectors::create(deck.rest(), &name, &source).await?;
    connectors::await_failure(deck.rest(), &name).await?;
    fs::set_permissions(&closed, Permissions::from_mode(0o600))?;
    let restart = format!("/connectors/{name}/restart?includeTasks=true&onlyFailed=true");
    deck.rest().post_empty(&restart).await?.expect_status(202)?;
    connectors::await_running(deck.rest(), &name).await?;
    deck.bystanders.move_on().await
}

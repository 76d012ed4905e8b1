//! Ports that somebody else has.

use super::fixture::{Deck, require_sentence};
use longshore_support::ports::PortLease;
use longshore_support::process::Folder;
use longshore_support::{LongshoreWorker, Outcome, Properties};
use std::net::TcpListener;
use std::time::Duration;

/// A port that is taken must not be waited for.
const AT_ONCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_port_in_use_ends_the_start_with_the_address_and_the_key() -> Outcome {
    let deck = Deck::start().await?;
    // The port of a worker that runs: the second one must not disturb the first.
    let taken = deck.rest().url().to_owned();
    let port = format!("ort {} of 127.0.0.1", taken.rsplit(':').next().unwrap_or_default());
    let properties = Properties::new().set("bootstrap.servers", deck.bootstrap()).set("group.id", "second");
    let ended = LongshoreWorker::distributed(properties.set("listeners", &taken))?.run_to_end(AT_ONCE).await?;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    require_sentence(&ended.stderr, &[&port, "in use", "listeners"])?;
    deck.bystanders.move_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn quickstart_says_which_of_its_two_ports_is_taken_and_how_to_choose_another() -> Outcome {
    let deck = Deck::start().await?;
    let (folder, free, taken) = (Folder::new("ports")?, PortLease::new()?, PortLease::new()?);
    let _listener = TcpListener::bind(taken.address())?;
    let cases = [(&free, &taken, "--broker-port"), (&taken, &free, "--port")];
    for (rest, broker, option) in cases {
        let data = folder.path().join(option).display().to_string();
        let (rest, broker) = (rest.port().to_string(), broker.port().to_string());
        let arguments = ["quickstart", "--data-dir", &data, "--port", &rest, "--broker-port", &broker];
        let ended = LongshoreWorker::command(arguments)?.run_to_end(AT_ONCE).await?;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        require_sentence(&ended.stderr, &[&format!("ort {} of 127.0.0.1", taken.port()), "in use", option])?;
    }
    deck.bystanders.move_on().await
}

//! Every request that the broker advertises, at every version, over a socket: each is answered, and the
//! answer decodes at that version to the last byte.
//!
//! The protocol crate refuses to encode a field that a version does not have, unless it has its default
//! value; one such field closes the connection of whoever still speaks that version. Both good answers
//! and errors are asked for, since they fill different fields.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may stop at the first surprise")]

mod groups;
mod records;
mod topics;
mod transactions;
mod wire;

use std::collections::BTreeSet;

use kafka_protocol::messages::{ApiKey, ApiVersionsRequest};
use longshore_broker::{Broker, BrokerConfig};

use wire::{Wire, text};

#[tokio::test(flavor = "multi_thread")]
async fn every_advertised_version_of_every_request_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerConfig::new(dir.path())).await.unwrap();
    let mut wire = Wire::connect(broker.address()).await;
    let advertised = advertised(&mut wire).await;
    topics::ask(&mut wire).await;
    records::ask(&mut wire).await;
    groups::ask(&mut wire).await;
    transactions::ask(&mut wire).await;
    topics::delete(&mut wire).await;
    let missing: Vec<_> = advertised.difference(&wire.asked).collect();
    assert!(missing.is_empty(), "never asked: {missing:?}");
    broker.stop().await;
}

/// Asks for the versions in every version, and gives all pairs of request and version.
async fn advertised(wire: &mut Wire) -> BTreeSet<(i16, i16)> {
    let mut advertised = BTreeSet::new();
    for version in 0..=3 {
        let mut request = ApiVersionsRequest::default();
        if version >= 3 {
            request = request.with_client_software_name(text("test")).with_client_software_version(text("1"));
        }
        let answer = wire.ask(version, &request).await;
        assert_eq!(answer.error_code, 0);
        for api in &answer.api_keys {
            advertised.extend((api.min_version..=api.max_version).map(|version| (api.api_key, version)));
            wire.versions.insert(api.api_key, api.min_version..=api.max_version);
        }
    }
    assert!(advertised.contains(&(ApiKey::Produce as i16, 3)));
    advertised
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_of_api_versions_is_answered_in_the_oldest_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerConfig::new(dir.path())).await.unwrap();
    let mut wire = Wire::connect(broker.address()).await;
    for version in [4, 5, 99] {
        // A body that this broker could not know how to read.
        let answer = wire.ask_raw(ApiKey::ApiVersions as i16, version, &[0xff; 12]).await.unwrap();
        assert_eq!(answer[4..6], 35i16.to_be_bytes(), "UNSUPPORTED_VERSION");
        assert!(answer.len() > 100, "the versions that are supported come along");
    }
    assert_eq!(wire.ask(3, &ApiVersionsRequest::default()).await.error_code, 0, "the connection lives on");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_does_not_know_closes_only_its_connection() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerConfig::new(dir.path())).await.unwrap();
    let mut good = Wire::connect(broker.address()).await;
    for (api, version, body) in [
        (9999, 0, &[0u8; 4][..]),
        (ApiKey::Vote as i16, 0, &[0; 4]),
        (ApiKey::Fetch as i16, 17, &[0; 4]),
        (ApiKey::Metadata as i16, 9, &[0xff; 3]),
        (ApiKey::Produce as i16, 3, &[]),
    ] {
        let mut bad = Wire::connect(broker.address()).await;
        assert_eq!(bad.ask_raw(api, version, body).await, None, "request {api} v{version}");
        assert_eq!(good.ask(3, &ApiVersionsRequest::default()).await.error_code, 0);
    }
    broker.stop().await;
}

//! The requests that the broker knows, and the way from a request's bytes to its answer's.

mod admin;
mod cluster;
mod configs;
mod fetch;
mod groups;
mod list_offsets;
mod offsets;
mod produce;
mod records;
mod transactions;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

use crate::node::Node;

/// The requests that are answered, with their oldest and newest version.
///
/// The newest versions stop short of topic ids in produce and fetch, and of the server-side groups of
/// KIP-848; clients negotiate down to these.
pub(crate) const APIS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 11),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 8),
    (ApiKey::OffsetFetch, 1, 8),
    (ApiKey::FindCoordinator, 0, 4),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 4),
    (ApiKey::ApiVersions, 0, 3),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 3),
    (ApiKey::AddOffsetsToTxn, 0, 3),
    (ApiKey::EndTxn, 0, 3),
    (ApiKey::TxnOffsetCommit, 0, 3),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeCluster, 0, 1),
    (ApiKey::DescribeProducers, 0, 0),
    (ApiKey::DescribeTransactions, 0, 0),
    (ApiKey::ListTransactions, 0, 1),
];

/// The newest ApiVersions that is answered as asked; to a newer one the answer is version 0 with
/// `UNSUPPORTED_VERSION`, after which clients ask again with an older one (KIP-511).
const NEWEST_API_VERSIONS: i16 = 3;

/// What to do after a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Send these bytes.
    Send(Bytes),
    /// Nothing: the client asked for no answer.
    Silence,
    /// Close the connection: the broker stops and the answer would be wrong.
    Close,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub client_id: StrBytes,
    pub host: StrBytes,
}

/// A request that cannot be answered; the connection is closed.
#[derive(Debug)]
pub(crate) enum RequestError {
    TooShort,
    UnknownApi(i16),
    UnsupportedVersion(ApiKey, i16),
    Unreadable(ApiKey, i16, String),
    /// The broker's answer does not fit the version: a fault here, not the client's.
    Unwritable(ApiKey, i16, String),
}

impl fmt::Display for RequestError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestError::TooShort => write!(out, "a request is too short to have a header"),
            RequestError::UnknownApi(number) => write!(out, "request kind {number} is not supported"),
            RequestError::UnsupportedVersion(api, version) => {
                write!(out, "version {version} of {api:?} is not supported")
            }
            RequestError::Unreadable(api, version, why) => write!(out, "{api:?} v{version} is unreadable: {why}"),
            RequestError::Unwritable(api, version, why) => {
                write!(out, "the answer to {api:?} v{version} cannot be written: {why}")
            }
        }
    }
}

/// A decoded header and the bytes of the request's body.
struct Request {
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    caller: Caller,
    body: Bytes,
}

/// Answers one request, given without its size.
pub(crate) async fn answer(node: &Arc<Node>, peer: SocketAddr, mut bytes: Bytes) -> Result<Answer, RequestError> {
    let Some(start) = bytes.first_chunk::<8>() else { return Err(RequestError::TooShort) };
    let number = i16::from_be_bytes([start[0], start[1]]);
    let version = i16::from_be_bytes([start[2], start[3]]);
    let correlation_id = i32::from_be_bytes([start[4], start[5], start[6], start[7]]);
    let api = ApiKey::try_from(number).map_err(|()| RequestError::UnknownApi(number))?;
    let Some((_, oldest, newest)) = APIS.iter().find(|(known, ..)| *known == api) else {
        return Err(RequestError::UnknownApi(number));
    };
    if api == ApiKey::ApiVersions && version > NEWEST_API_VERSIONS {
        let answer = cluster::api_versions().with_error_code(ResponseError::UnsupportedVersion.code());
        return write(api, 0, correlation_id, &answer);
    }
    if !(*oldest..=*newest).contains(&version) {
        return Err(RequestError::UnsupportedVersion(api, version));
    }
    let header = RequestHeader::decode(&mut bytes, api.request_header_version(version))
        .map_err(|error| RequestError::Unreadable(api, version, error.to_string()))?;
    let caller = Caller {
        client_id: header.client_id.unwrap_or_default(),
        host: StrBytes::from_string(format!("/{}", peer.ip())),
    };
    dispatch(node, Request { api, version, correlation_id, caller, body: bytes }).await
}

async fn dispatch(node: &Arc<Node>, mut request: Request) -> Result<Answer, RequestError> {
    let version = request.version;
    let caller = request.caller.clone();
    // `plain!` answers at once; what waits is spelled out.
    macro_rules! plain {
        ($handle:expr) => {{
            let decoded = request.decode()?;
            #[allow(clippy::redundant_closure_call, reason = "the macro takes any function of a request")]
            request.respond(&($handle)(decoded))
        }};
    }
    match request.api {
        ApiKey::Produce => match produce::produce(node, request.decode()?).await {
            Some(response) => request.respond(&response),
            None => Ok(Answer::Silence),
        },
        ApiKey::Fetch => {
            let response = fetch::fetch(node, request.decode()?).await;
            request.respond(&response)
        }
        ApiKey::JoinGroup => {
            let decoded = request.decode()?;
            waiting(node, &request, groups::join(node, caller, decoded, version)).await
        }
        ApiKey::SyncGroup => {
            let decoded = request.decode()?;
            waiting(node, &request, groups::sync(node, decoded)).await
        }
        ApiKey::ListOffsets => {
            let response = list_offsets::list_offsets(node, request.decode()?, version).await;
            request.respond(&response)
        }
        ApiKey::ApiVersions => plain!(|_: ApiVersionsRequest| cluster::api_versions()),
        ApiKey::Metadata => plain!(|r| cluster::metadata(node, r, version)),
        ApiKey::DescribeCluster => plain!(|r| cluster::describe_cluster(node, &r)),
        ApiKey::FindCoordinator => plain!(|r| cluster::find_coordinator(node, r)),
        ApiKey::OffsetCommit => plain!(|r| offsets::commit(node, r)),
        ApiKey::OffsetFetch => plain!(|r| offsets::fetch(node, r)),
        ApiKey::OffsetDelete => plain!(|r| offsets::delete(node, r)),
        ApiKey::Heartbeat => plain!(|r| groups::heartbeat(node, r)),
        ApiKey::LeaveGroup => plain!(|r| groups::leave(node, r)),
        ApiKey::DescribeGroups => plain!(|r| groups::describe(node, r)),
        ApiKey::ListGroups => plain!(|r| groups::list(node, &r)),
        ApiKey::DeleteGroups => plain!(|r| groups::delete(node, r)),
        ApiKey::CreateTopics => plain!(|r| admin::create_topics(node, r)),
        ApiKey::DeleteTopics => plain!(|r| admin::delete_topics(node, r)),
        ApiKey::CreatePartitions => plain!(|r| admin::create_partitions(node, r)),
        ApiKey::DescribeConfigs => plain!(|r| configs::describe(node, r)),
        ApiKey::AlterConfigs => plain!(|r| configs::alter(node, r)),
        ApiKey::IncrementalAlterConfigs => plain!(|r| configs::alter_incrementally(node, r)),
        ApiKey::DeleteRecords => plain!(|r| records::delete_records(node, r)),
        ApiKey::OffsetForLeaderEpoch => plain!(|r| records::offset_for_leader_epoch(node, r)),
        ApiKey::DescribeProducers => plain!(|r| records::describe_producers(node, r)),
        ApiKey::InitProducerId => plain!(|r| transactions::init_producer_id(node, &r, version)),
        ApiKey::AddPartitionsToTxn => plain!(|r| transactions::add_partitions(node, r, version)),
        ApiKey::AddOffsetsToTxn => plain!(|r| transactions::add_offsets(node, &r, version)),
        ApiKey::TxnOffsetCommit => plain!(|r| transactions::commit_offsets(node, r)),
        ApiKey::EndTxn => plain!(|r| transactions::end(node, &r, version)),
        ApiKey::DescribeTransactions => plain!(|r| transactions::describe(node, r)),
        ApiKey::ListTransactions => plain!(|r| transactions::list(node, r)),
        other => Err(RequestError::UnknownApi(other as i16)),
    }
}

/// Answers when the group is ready; when the broker stops first, there is no answer to give.
async fn waiting<R: Encodable>(
    node: &Node,
    request: &Request,
    response: impl Future<Output = R>,
) -> Result<Answer, RequestError> {
    let mut stopping = node.stopping.clone();
    tokio::select! {
        biased;
        response = response => request.respond(&response),
        _ = stopping.wait_for(|stop| *stop) => Ok(Answer::Close),
    }
}

impl Request {
    fn decode<Q: Decodable>(&mut self) -> Result<Q, RequestError> {
        Q::decode(&mut self.body, self.version)
            .map_err(|error| RequestError::Unreadable(self.api, self.version, error.to_string()))
    }

    fn respond<R: Encodable>(&self, response: &R) -> Result<Answer, RequestError> {
        write(self.api, self.version, self.correlation_id, response)
    }
}

fn write<R: Encodable>(api: ApiKey, version: i16, correlation_id: i32, response: &R) -> Result<Answer, RequestError> {
    let header_version = api.response_header_version(version);
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    let unwritable = |why: String| RequestError::Unwritable(api, version, why);
    let header_size = header.compute_size(header_version).map_err(|error| unwritable(error.to_string()))?;
    let size = header_size + response.compute_size(version).map_err(|error| unwritable(error.to_string()))?;
    let mut out = BytesMut::with_capacity(4 + size);
    out.put_i32(size as i32);
    header.encode(&mut out, header_version).map_err(|error| unwritable(error.to_string()))?;
    response.encode(&mut out, version).map_err(|error| unwritable(error.to_string()))?;
    Ok(Answer::Send(out.freeze()))
}

/// A string as the protocol's messages hold it.
fn text(value: impl Into<String>) -> StrBytes {
    StrBytes::from_string(value.into())
}

/// The error code of a result; 0 for success.
fn code<T>(result: &Result<T, ResponseError>) -> i16 {
    result.as_ref().err().map_or(0, ResponseError::code)
}

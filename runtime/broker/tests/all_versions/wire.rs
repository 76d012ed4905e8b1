//! A client of one connection that checks every answer to the last byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader, TopicName};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Wire {
    stream: TcpStream,
    correlation_id: i32,
    /// What was asked for so far: request and version.
    pub(crate) asked: BTreeSet<(i16, i16)>,
    /// What the broker advertises.
    pub(crate) versions: BTreeMap<i16, RangeInclusive<i16>>,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Wire {
        let stream = TcpStream::connect(address).await.unwrap();
        Wire { stream, correlation_id: 0, asked: BTreeSet::new(), versions: BTreeMap::new() }
    }

    /// The advertised versions of a request.
    pub(crate) fn all<R: Request>(&self) -> RangeInclusive<i16> {
        self.versions.get(&R::KEY).expect("the request is advertised").clone()
    }

    /// Sends a request and gives its answer.
    pub(crate) async fn ask<R: Request + Debug>(&mut self, version: i16, request: &R) -> R::Response
    where
        R::Response: Decodable + HeaderVersion,
    {
        self.send(version, request).await;
        let what = format!("request {} v{version}: {request:?}", R::KEY);
        let mut answer = self.receive().await.unwrap_or_else(|| panic!("connection closed after {what}"));
        let header = ResponseHeader::decode(&mut answer, R::Response::header_version(version)).expect("a header");
        assert_eq!(header.correlation_id, self.correlation_id, "{what}");
        let response = R::Response::decode(&mut answer, version).unwrap_or_else(|error| panic!("{error}: {what}"));
        assert_eq!(answer.remaining(), 0, "bytes are left over after {what}");
        response
    }

    /// Sends a request without waiting for anything.
    pub(crate) async fn send<R: Request + Debug>(&mut self, version: i16, request: &R) {
        self.correlation_id += 1;
        self.asked.insert((R::KEY, version));
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some(text("all-versions")));
        let mut out = BytesMut::new();
        out.put_i32(0);
        header.encode(&mut out, R::header_version(version)).unwrap();
        request.encode(&mut out, version).unwrap_or_else(|error| panic!("{error}: v{version} {request:?}"));
        self.write(out).await;
    }

    /// Sends a request as bytes behind a version 1 header; `None` when the broker closes the connection.
    pub(crate) async fn ask_raw(&mut self, api: i16, version: i16, body: &[u8]) -> Option<Bytes> {
        let mut out = BytesMut::new();
        out.put_i32(0);
        out.put_i16(api);
        out.put_i16(version);
        out.put_i32(7);
        out.put_i16(-1);
        out.put_slice(body);
        self.write(out).await;
        self.receive().await
    }

    async fn write(&mut self, mut out: BytesMut) {
        let size = (out.len() - 4) as i32;
        out[..4].copy_from_slice(&size.to_be_bytes());
        self.stream.write_all(&out).await.unwrap();
    }

    async fn receive(&mut self) -> Option<Bytes> {
        let answer = async {
            let size = self.stream.read_i32().await.ok()?;
            let mut answer = vec![0; size as usize];
            self.stream.read_exact(&mut answer).await.ok()?;
            Some(Bytes::from(answer))
        };
        timeout(DEADLINE, answer).await.expect("an answer in time")
    }
}

pub(crate) fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

/// A batch of one record.
pub(crate) fn batch(producer: (i64, i16, i32), transactional: bool) -> Bytes {
    let record = Record {
        transactional,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: producer.0,
        producer_epoch: producer.1,
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence: producer.2,
        timestamp: 1234,
        key: Some(Bytes::from_static(b"k")),
        value: Some(Bytes::from_static(b"v")),
        headers: Default::default(),
    };
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    let mut out = BytesMut::new();
    RecordBatchEncoder::encode(&mut out, [&record], &options).unwrap();
    out.freeze()
}

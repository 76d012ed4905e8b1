//! Starting, stopping and the limits: what goes wrong is said in a sentence, and touches nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may stop at the first surprise")]

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use longshore_broker::{Broker, BrokerConfig, BrokerError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(10);

async fn refused(config: BrokerConfig) -> (BrokerError, String) {
    let error = Broker::start(config).await.expect_err("the broker started");
    let sentence = error.to_string();
    (error, sentence)
}

/// ApiVersions v0 with correlation id 7.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let request = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
    if stream.write_all(&request).await.is_err() {
        return false;
    }
    let answer = async {
        let size = stream.read_i32().await.ok()?;
        let mut answer = vec![0; size as usize];
        stream.read_exact(&mut answer).await.ok()?;
        Some(answer)
    };
    timeout(DEADLINE, answer).await.expect("an answer or the end").is_some_and(|answer| answer[..4] == [0, 0, 0, 7])
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = Broker::start(BrokerConfig::new(one.path())).await.unwrap();
    let config = BrokerConfig { listen: broker.address(), ..BrokerConfig::new(two.path()) };
    let (error, sentence) = refused(config).await;
    assert!(matches!(error, BrokerError::PortInUse(_)), "{error:?}");
    assert!(sentence.contains(&broker.address().port().to_string()), "{sentence}");
    broker.stop().await;
}

#[tokio::test]
async fn a_directory_in_use_is_named_and_free_again_after_the_stop() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerConfig::new(dir.path())).await.unwrap();
    let (error, sentence) = refused(BrokerConfig::new(dir.path())).await;
    assert!(matches!(error, BrokerError::DirectoryLocked(_)), "{error:?}");
    assert!(sentence.contains(&dir.path().display().to_string()), "{sentence}");
    broker.stop().await;
    Broker::start(BrokerConfig::new(dir.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let (error, sentence) = refused(BrokerConfig::new(&file)).await;
    assert!(matches!(error, BrokerError::Storage { .. }), "{error:?}");
    assert!(sentence.contains("writable"), "{sentence}");
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere; then there is nothing to refuse.
    if std::fs::write(closed.join("probe"), "").is_err() {
        let (error, _) = refused(BrokerConfig::new(&closed)).await;
        assert!(matches!(error, BrokerError::Storage { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    Broker::start(BrokerConfig::new(dir.path())).await.unwrap().stop().await;
    for (name, content) in [("cluster.json", "{ half"), ("offsets.journal", "rubbish\n{}\n")] {
        let path = dir.path().join(name);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, content).unwrap();
        let (error, sentence) = refused(BrokerConfig::new(dir.path())).await;
        assert!(matches!(error, BrokerError::Corrupt { .. }), "{error:?}");
        assert!(sentence.contains(name), "{sentence}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        std::fs::write(&path, good).unwrap();
    }
    std::fs::remove_file(dir.path().join("cluster.json")).unwrap();
    std::fs::create_dir(dir.path().join("topics/t")).unwrap();
    let (error, _) = refused(BrokerConfig::new(dir.path())).await;
    assert!(matches!(error, BrokerError::Corrupt { .. }), "topics without a catalog are not thrown away: {error:?}");
}

#[tokio::test]
async fn addresses_that_others_can_reach_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let listen: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let (error, _) = refused(BrokerConfig { listen, ..BrokerConfig::new(dir.path()) }).await;
    assert!(matches!(error, BrokerError::NotLoopback(_)), "{error:?}");
}

#[tokio::test]
async fn a_stop_ends_waiting_requests_and_idle_connections() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerConfig::new(dir.path())).await.unwrap();
    let mut idle = TcpStream::connect(broker.address()).await.unwrap();
    assert!(is_answered(&mut idle).await);
    let mut waiting = TcpStream::connect(broker.address()).await.unwrap();
    // Fetch v4 without topics: 60 seconds for a byte that never comes.
    let mut fetch = vec![0, 1, 0, 4, 0, 0, 0, 7, 0xff, 0xff];
    for number in [-1, 60_000, 1, 1000] {
        fetch.extend(i32::to_be_bytes(number));
    }
    fetch.extend([0, 0, 0, 0, 0]);
    let mut request = i32::to_be_bytes(fetch.len() as i32).to_vec();
    request.extend(fetch);
    waiting.write_all(&request).await.unwrap();
    // The broker has read the fetch when a later connection is served.
    let mut later = TcpStream::connect(broker.address()).await.unwrap();
    assert!(is_answered(&mut later).await);
    let started = Instant::now();
    broker.stop().await;
    assert!(started.elapsed() < Duration::from_secs(3), "the stop took {:?}", started.elapsed());
    let mut rest = Vec::new();
    timeout(DEADLINE, waiting.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest[4..8], [0, 0, 0, 7], "the waiting fetch was answered");
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0, "the idle connection was closed");
}

#[tokio::test]
async fn requests_and_connections_have_limits() {
    let dir = tempfile::tempdir().unwrap();
    let config = BrokerConfig { max_connections: 2, max_request_bytes: 1000, ..BrokerConfig::new(dir.path()) };
    let broker = Broker::start(config).await.unwrap();
    let mut first = TcpStream::connect(broker.address()).await.unwrap();
    let mut second = TcpStream::connect(broker.address()).await.unwrap();
    assert!(is_answered(&mut first).await && is_answered(&mut second).await);
    let mut third = TcpStream::connect(broker.address()).await.unwrap();
    assert!(!is_answered(&mut third).await, "one more than allowed");
    second.write_all(&[0, 0, 4, 0]).await.unwrap();
    assert_eq!(timeout(DEADLINE, second.read(&mut [0; 8])).await.unwrap().unwrap(), 0, "an overlong request");
    // What was freed can be used again.
    let until = Instant::now() + DEADLINE;
    loop {
        let mut fourth = TcpStream::connect(broker.address()).await.unwrap();
        if is_answered(&mut fourth).await {
            break;
        }
        assert!(Instant::now() < until, "the closed connection still counts");
    }
    for greeting in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 2, 0, 1, 0, 1], &[0xff; 8]] {
        let mut stranger = TcpStream::connect(broker.address()).await.unwrap();
        stranger.write_all(greeting).await.unwrap();
        let ended = timeout(DEADLINE, stranger.read(&mut [0; 8])).await.expect("an end");
        assert!(matches!(ended, Ok(0) | Err(_)), "something else than Kafka was answered");
    }
    assert!(is_answered(&mut first).await, "the first connection never noticed");
    broker.stop().await;
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let config = BrokerConfig { idle_timeout: Duration::from_millis(100), ..BrokerConfig::new(dir.path()) };
    let broker = Broker::start(config).await.unwrap();
    let mut idle = TcpStream::connect(broker.address()).await.unwrap();
    assert!(is_answered(&mut idle).await);
    assert_eq!(timeout(DEADLINE, idle.read(&mut [0; 8])).await.unwrap().unwrap(), 0);
    broker.stop().await;
}

#[tokio::test]
async fn requests_sent_without_waiting_are_answered_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerConfig::new(dir.path())).await.unwrap();
    let mut stream = TcpStream::connect(broker.address()).await.unwrap();
    let mut requests = Vec::new();
    for number in 0..500i32 {
        requests.extend([0, 0, 0, 10, 0, 18, 0, 0]);
        requests.extend(number.to_be_bytes());
        requests.extend([0xff, 0xff]);
    }
    let (mut reading, mut writing) = stream.split();
    let send = async { writing.write_all(&requests).await.unwrap() };
    let receive = async {
        for number in 0..500i32 {
            let size = reading.read_i32().await.unwrap();
            let mut answer = vec![0; size as usize];
            reading.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer[..4], number.to_be_bytes());
        }
    };
    timeout(DEADLINE, async { tokio::join!(send, receive) }).await.unwrap();
    broker.stop().await;
}

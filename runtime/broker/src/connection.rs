//! Connections: requests come in one after another and are answered in that order.
//!
//! As with Kafka's own broker, a connection's next request is taken up when the one before has been
//! answered, so a client that sends without waiting is held back by TCP. Requests are bounded in size,
//! connections in number, and an idle connection is closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use crate::handlers;
use crate::node::Node;

/// A client that does not take its answer for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause after the operating system refused to accept, for example for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const READ_BUFFER_BYTES: usize = 64 << 10;
/// The size in front of every request and answer.
const SIZE_BYTES: usize = 4;

/// Takes connections until the broker stops, then waits for those that are open.
pub(crate) async fn accept(node: Arc<Node>, listener: TcpListener) {
    let free = Arc::new(Semaphore::new(node.config.max_connections));
    let mut connections = JoinSet::new();
    let mut stopping = node.stopping.clone();
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&free).try_acquire_owned() else {
            warn!(%peer, limit = node.config.max_connections, "too many connections; closing the new one");
            continue;
        };
        let node = Arc::clone(&node);
        connections.spawn(async move {
            serve(node, stream, peer).await;
            drop(permit);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(node: Arc<Node>, stream: TcpStream, peer: SocketAddr) {
    match exchange(&node, stream, peer).await {
        Ok(()) => debug!(%peer, "connection closed"),
        Err(Closing::Io(error)) => debug!(%peer, %error, "connection lost"),
        Err(Closing::Stopping) => debug!(%peer, "connection closed for the stop"),
        Err(Closing::Idle) => debug!(%peer, "idle connection closed"),
        Err(Closing::Refused(why)) => info!(%peer, "connection closed: {why}"),
    }
}

/// Why this side ends a connection.
enum Closing {
    Io(io::Error),
    Idle,
    Stopping,
    /// The client did something that cannot be answered.
    Refused(String),
}

impl From<io::Error> for Closing {
    fn from(error: io::Error) -> Self {
        Closing::Io(error)
    }
}

async fn exchange(node: &Arc<Node>, mut stream: TcpStream, peer: SocketAddr) -> Result<(), Closing> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(READ_BUFFER_BYTES);
    let mut stopping = node.stopping.clone();
    loop {
        let request = tokio::select! {
            // Once the broker stops, only what was taken up already is answered.
            biased;
            _ = stopping.wait_for(|stop| *stop) => return Err(Closing::Stopping),
            request = read_request(node, &mut stream, &mut buffer) => request?,
        };
        let Some(request) = request else { return Ok(()) };
        let answered = handlers::answer(node, peer, request).await;
        match answered.map_err(|error| Closing::Refused(error.to_string()))? {
            handlers::Answer::Send(answer) => write_answer(&mut stream, answer).await?,
            handlers::Answer::Silence => {}
            handlers::Answer::Close => return Err(Closing::Stopping),
        }
    }
}

/// The next request without its size; `None` when the client closed the connection.
async fn read_request(node: &Node, stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Option<Bytes>, Closing> {
    loop {
        let mut missing = SIZE_BYTES;
        if let Some(prefix) = buffer.first_chunk::<SIZE_BYTES>() {
            let size = usize::try_from(i32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
            if size > node.config.max_request_bytes {
                let limit = node.config.max_request_bytes;
                return Err(Closing::Refused(format!(
                    "a request announces more than {limit} bytes; is this a Kafka client without TLS?"
                )));
            }
            if buffer.len() >= SIZE_BYTES + size {
                buffer.advance(SIZE_BYTES);
                return Ok(Some(buffer.split_to(size).freeze()));
            }
            missing = SIZE_BYTES + size - buffer.len();
        }
        buffer.reserve(missing.max(READ_BUFFER_BYTES));
        let read = timeout(node.config.idle_timeout, stream.read_buf(buffer)).await;
        match read.map_err(|_| Closing::Idle)?? {
            0 if buffer.is_empty() => return Ok(None),
            0 => return Err(Closing::Io(io::ErrorKind::UnexpectedEof.into())),
            _ => {}
        }
    }
}

async fn write_answer(stream: &mut TcpStream, answer: Bytes) -> Result<(), Closing> {
    match timeout(WRITE_TIMEOUT, stream.write_all(&answer)).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Closing::Idle),
    }
}

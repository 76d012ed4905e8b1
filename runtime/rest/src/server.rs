//! The listening socket, its connections, and how they end.
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use longshore_core::herder::Herder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::resources::Shared;
use crate::router::router;

/// The largest request body that is read; larger ones are answered with 413.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long a request may take until it is answered with an error, the same as in Kafka Connect.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(90);

/// How many connections are open at most; further clients wait to be accepted.
const MAX_CONNECTIONS: usize = 512;
/// How long a client may take to send the head of a request, and a connection may be idle.
const HEAD_DEADLINE: Duration = Duration::from_secs(60);
/// How long requests that are being answered may go on after shutdown was asked for.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);
/// The wait after a failed accept, which usually means that file descriptors have run out.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(200);

/// How to listen.
#[derive(Debug, Clone)]
pub struct RestConfig {
    /// The address to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// `host:port` under which the worker is known, for addresses in answers to clients that sent no `Host`.
    pub advertised: String,
    /// Whether the console is served at `/ui`. It shows records: switch it off where the REST API is open to people
    /// who must not see them.
    pub console: bool,
}

/// Why there is no REST server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestError {
    /// The port is taken.
    #[error(
        "Port {} of {} is already in use: stop the process that listens there, or choose another port with the key \
         `listeners`, for example listeners=http://{}:{}",
        listen.port(), listen.ip(), listen.ip(), listen.port().checked_add(1).unwrap_or(8083)
    )]
    PortInUse {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// Any other reason.
    #[error("Cannot listen on {listen}, the address of the key `listeners`: {source}")]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that holds its port. It accepts connections from [`bind`](Self::bind) on and answers them once it is
/// [served](Self::serve).
#[derive(Debug)]
pub struct RestServer {
    listener: std::net::TcpListener,
    config: RestConfig,
    herder: HerderSlot,
}

/// Where the herder is put once there is one; until then `GET /health` says `starting`.
#[derive(Clone, Default)]
pub struct HerderSlot(Arc<OnceLock<Herder>>);

impl HerderSlot {
    /// Hands the herder to the server; the first one stays.
    pub fn fill(&self, herder: Herder) {
        let _first_stays = self.0.set(herder);
    }
}

impl std::fmt::Debug for HerderSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HerderSlot").field(&self.0.get().is_some()).finish()
    }
}

impl RestServer {
    /// Takes the port.
    ///
    /// # Errors
    /// The port is taken, or not to be had for another reason; the sentence names it and the key to change.
    pub fn bind(config: RestConfig) -> Result<Self, RestError> {
        let listen = config.listen;
        let bound = std::net::TcpListener::bind(listen).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        match bound {
            Ok(listener) => Ok(Self { listener, config, herder: HerderSlot::default() }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(RestError::PortInUse { listen }),
            Err(source) => Err(RestError::Listen { listen, source }),
        }
    }

    /// The address it listens on, with the port it was given.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.config.listen)
    }

    /// Where to put the herder, for a worker that answers `GET /health` before it has one; see [`run`](Self::run).
    pub fn herder_slot(&self) -> HerderSlot {
        self.herder.clone()
    }

    /// Answers requests with this herder until `shutdown`.
    ///
    /// # Errors
    /// The listening socket cannot be used.
    pub async fn serve(self, herder: Herder, shutdown: CancellationToken) -> Result<(), RestError> {
        self.herder.fill(herder);
        self.run(shutdown).await
    }

    /// Answers requests until `shutdown`, with the herder that its [slot](Self::herder_slot) gets. Requests that are
    /// being answered then have 5 s to end.
    ///
    /// # Errors
    /// The listening socket cannot be used.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), RestError> {
        let listen = self.local_addr();
        let listener = TcpListener::from_std(self.listener).map_err(|source| RestError::Listen { listen, source })?;
        let shared = Shared { herder: self.herder.0, advertised: self.config.advertised.into() };
        let router = router(shared, self.config.console);
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let (mut connections, graceful) = (JoinSet::new(), GracefulShutdown::new());
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next() => {}
                (stream, permit) = accept(&listener, &permits) => {
                    connections.spawn(converse(stream, router.clone(), permit, graceful.watcher()));
                }
            }
        }
        drop(listener);
        if tokio::time::timeout(DRAIN_DEADLINE, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still being answered {DRAIN_DEADLINE:?} after shutdown; they are cut off");
        }
        Ok(())
    }
}

async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed; without a permit the connection would only go uncounted.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection to the REST API could not be accepted");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

async fn converse(
    stream: TcpStream,
    router: Router,
    permit: Option<OwnedSemaphorePermit>,
    graceful: hyper_util::server::graceful::Watcher,
) {
    // Small answers must not wait for the client's acknowledgement of earlier ones.
    let _fine_without = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.map_request(|request: Request<Incoming>| request.map(Body::new)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = graceful.watch(connection).await {
        tracing::debug!(%error, "a connection to the REST API ended early");
    }
    drop(permit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn config(listen: SocketAddr) -> RestConfig {
        RestConfig { listen, advertised: "worker:8083".into(), console: true }
    }

    fn bound() -> RestServer {
        RestServer::bind(config(([127, 0, 0, 1], 0).into())).unwrap()
    }

    async fn exchange(addr: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let _reset_is_an_end_too = tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn a_taken_port_is_a_sentence_that_helps() {
        let first = bound();
        let port = first.local_addr().port();
        let error = RestServer::bind(config(first.local_addr())).unwrap_err().to_string();
        assert!(error.contains(&format!("Port {port} of 127.0.0.1")) && error.contains("`listeners`"), "{error}");
        let foreign = RestServer::bind(config(([203, 0, 113, 1], 8083).into())).unwrap_err().to_string();
        assert!(foreign.contains("203.0.113.1:8083") && foreign.contains("`listeners`"), "{foreign}");
    }

    #[tokio::test]
    async fn a_worker_without_a_herder_says_that_it_starts_and_ends_when_told() {
        let (server, shutdown) = (bound(), CancellationToken::new());
        let addr = server.local_addr();
        let running = tokio::spawn(server.run(shutdown.clone()));
        let idle = TcpStream::connect(addr).await.unwrap();
        let answer = exchange(addr, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"starting\""), "{answer}");
        shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap().unwrap();
        drop(idle);
        assert!(TcpStream::connect(addr).await.is_err());
    }

    #[tokio::test]
    async fn what_is_no_http_is_refused_and_others_are_still_answered() {
        let (server, shutdown) = (bound(), CancellationToken::new());
        let addr = server.local_addr();
        let running = tokio::spawn(server.run(shutdown.clone()));
        assert!(exchange(addr, b"\x16\x03\x01\x00garbage\r\n\r\n").await.starts_with("HTTP/1.1 400"));
        let answer = exchange(addr, b"GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }
}

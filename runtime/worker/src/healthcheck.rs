//! `longshore healthcheck`: asks a worker how it is, without any other tool in the image.
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::WorkerError;

const DEADLINE: Duration = Duration::from_secs(5);

pub(crate) async fn run(url: &str) -> Result<(), WorkerError> {
    let unhealthy = |why: String| WorkerError::Unhealthy(format!("The worker at {url} is not healthy: {why}."));
    let answer = timeout(DEADLINE, status_line(url)).await;
    let line = answer.map_err(|_| unhealthy(format!("no answer within {} s", DEADLINE.as_secs())))?;
    let line = line.map_err(|error| unhealthy(error.to_string()))?;
    if line.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(unhealthy(format!("it answered {line}"))) }
}

async fn status_line(url: &str) -> std::io::Result<String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| std::io::Error::other("only http:// addresses are known"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = if authority.contains(':') { authority.to_string() } else { format!("{authority}:80") };
    let mut stream = TcpStream::connect(&address).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // The first line is all that counts.
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_string())
}

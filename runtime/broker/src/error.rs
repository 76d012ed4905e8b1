//! Why a broker cannot start.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why [`Broker::start`](crate::Broker::start) failed. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// Another process listens on the port.
    #[error(
        "port {} of {} is in use: stop the process that listens there, or choose another port \
         (0 takes any free one)",
        .0.port(), .0.ip()
    )]
    PortInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The address is reachable from other machines.
    #[error("the embedded broker listens on loopback addresses only, not on {0}: use 127.0.0.1 or ::1")]
    NotLoopback(SocketAddr),
    /// Another broker works on the data directory.
    #[error(
        "the data directory {} is in use by another broker: stop that process, or choose another directory",
        .0.display()
    )]
    DirectoryLocked(PathBuf),
    /// The data directory cannot be read or written.
    #[error("cannot use {} for the broker's data: {source}; check that it exists and is writable", .path.display())]
    Storage {
        /// The file or directory concerned.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the broker's own has content that it never writes.
    #[error(
        "{} is damaged ({reason}): restore it from a copy, or move the data directory away to start afresh",
        .path.display()
    )]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl BrokerError {
    pub(crate) fn storage(path: &Path, source: io::Error) -> BrokerError {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::InvalidData => BrokerError::Corrupt { path, reason: source.to_string() },
            _ => BrokerError::Storage { path, source },
        }
    }
}

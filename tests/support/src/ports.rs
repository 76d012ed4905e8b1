//! Loopback ports that stay ours while a service is down.
//!
//! Asking the kernel for a port (bind to 0, read, close) is not enough here: those ports come from the
//! range that outgoing connections use, so while a killed broker is down a client that keeps retrying
//! can be given the very port it dials, and connects to itself. Ports are therefore taken from below that range, and each is
//! held by a file lock that other test processes respect for as long as the [`PortLease`] lives.

use crate::{Outcome, cache_dir, fail};
use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

const COUNT: u32 = 8_000;

/// One loopback port, free when it was leased, and leased to nobody else until this is dropped.
#[derive(Debug)]
pub struct PortLease {
    port: u16,
    // The lock goes with the file handle, also when the process is killed.
    _lock: File,
}

impl PortLease {
    /// Leases a port that nothing listens on.
    pub fn new() -> Outcome<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let locks = cache_dir().join("ports");
        fs::create_dir_all(&locks)?;
        let first = first_outgoing_port().saturating_sub(COUNT).max(1_024);
        // Start at a different place in every process: fewer collisions than all starting at the first.
        let offset = std::process::id().wrapping_mul(97);
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(offset) % COUNT;
            let Ok(port) = u16::try_from(first + step) else { continue };
            let lock = File::create(locks.join(port.to_string()))?;
            match lock.try_lock() {
                Ok(()) if is_free(port) => return Ok(Self { port, _lock: lock }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        fail!("none of the {COUNT} loopback ports from {first} on is free")
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn first_outgoing_port() -> u32 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(32_768)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn leases_never_overlap_and_lie_below_outgoing_ports() -> Outcome {
        let leases = (0..50).map(|_| PortLease::new()).collect::<Outcome<Vec<_>>>()?;
        let ports: BTreeSet<u16> = leases.iter().map(PortLease::port).collect();
        assert_eq!(ports.len(), leases.len());
        assert!(ports.iter().all(|port| u32::from(*port) < first_outgoing_port()), "{ports:?}");
        Ok(())
    }

    #[test]
    fn a_port_in_use_is_not_leased() -> Outcome {
        let lease = PortLease::new()?;
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, lease.port()))?;
        assert!(!is_free(lease.port()));
        Ok(())
    }
}

//! `listeners` and `rest.advertised.*`: where the REST API is, and what it is called.
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use longshore_core::config::WorkerConfig;

use crate::error::WorkerError;

/// The addresses to listen on, in order, and `host:port` under which the worker is known.
pub(crate) fn addresses(config: &WorkerConfig) -> Result<(Vec<SocketAddr>, String), WorkerError> {
    let mut addresses = Vec::new();
    let mut first_host = String::new();
    for listener in &config.listeners {
        let (host, port) = split(listener)?;
        if addresses.is_empty() {
            first_host = host.to_string();
        }
        addresses.push(address(listener, host, port)?);
    }
    let Some(first) = addresses.first() else {
        return Err(bad("", "name at least one, such as http://127.0.0.1:8083"));
    };
    let anywhere = first_host.is_empty() || first.ip().is_unspecified();
    let host = match &config.rest_advertised_host_name {
        Some(host) => host.clone(),
        None if anywhere => host_name(),
        None => first_host,
    };
    let port = config.rest_advertised_port.map_or(i32::from(first.port()), |port| port);
    Ok((addresses, format!("{host}:{port}")))
}

fn split(listener: &str) -> Result<(&str, u16), WorkerError> {
    let lower = listener.to_ascii_lowercase();
    if lower.starts_with("https://") {
        return Err(bad(listener, "HTTPS is not supported yet; use http:// on a trusted network"));
    }
    if !lower.starts_with("http://") {
        return Err(bad(listener, "it must look like http://host:port"));
    }
    let rest = listener["http://".len()..].trim_end_matches('/');
    let (host, port) = rest.rsplit_once(':').ok_or_else(|| bad(listener, "it has no port"))?;
    let port = port.parse().map_err(|_| bad(listener, "its port is not a number from 0 to 65535"))?;
    Ok((host.trim_start_matches('[').trim_end_matches(']'), port))
}

fn address(listener: &str, host: &str, port: u16) -> Result<SocketAddr, WorkerError> {
    if host.is_empty() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
    }
    let found = (host, port).to_socket_addrs().map_err(|error| bad(listener, &error.to_string()))?;
    // An IPv4 address where there is one, as users of "localhost" expect.
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(|| bad(listener, "its host has no address"))
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".into() } else { name.into() }
}

fn bad(listener: &str, why: &str) -> WorkerError {
    WorkerError::Connect(format!("Invalid value {listener} for configuration listeners: {why}."))
}

#[cfg(test)]
mod tests {
    use longshore_api::config::Props;

    use super::*;

    fn config(pairs: &[(&str, &str)]) -> WorkerConfig {
        let props: Props = pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        WorkerConfig::read(&props).unwrap()
    }

    #[test]
    fn hosts_ports_and_names() {
        let (all, name) = addresses(&config(&[("listeners", "http://127.0.0.1:18083,HTTP://:8080")])).unwrap();
        assert_eq!(all, ["127.0.0.1:18083".parse().unwrap(), "0.0.0.0:8080".parse().unwrap()]);
        assert_eq!(name, "127.0.0.1:18083");
        let advertised = [("rest.advertised.host.name", "w1"), ("rest.advertised.port", "99")];
        assert_eq!(addresses(&config(&advertised)).unwrap().1, "w1:99");
        assert!(!addresses(&config(&[])).unwrap().1.starts_with(':'));
    }

    #[test]
    fn what_cannot_be_listened_on_is_named() {
        for bad in ["https://127.0.0.1:1", "ftp://x:1", "http://x", "http://127.0.0.1:notaport"] {
            let error = addresses(&config(&[("listeners", bad)])).unwrap_err().to_string();
            assert!(error.contains(bad) && error.contains("listeners"), "{error}");
        }
    }
}

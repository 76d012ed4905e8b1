//! The embedded broker as a process of its own, for tests that kill it.
//!
//! `embedded-broker <data directory> <port>` prints its bootstrap address and serves until it is killed.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use longshore_broker::{Broker, BrokerConfig};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(data_dir), Some(Ok(port))) = (arguments.next(), arguments.next().map(|port| port.parse::<u16>())) else {
        eprintln!("usage: embedded-broker <data directory> <port>");
        return ExitCode::FAILURE;
    };
    let config = BrokerConfig { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ..BrokerConfig::new(data_dir) };
    match Broker::start(config).await {
        Ok(broker) => {
            println!("{}", broker.bootstrap());
            std::future::pending().await
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

//! The tutorial's worker, run as its reader runs it: started, given the ticker, asked for its ticks, and stopped.
//!
//! This is a program of its own and not one of functions, since the worker reads the command line.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

// The tutorial's crate is called so.
extern crate self as ticker;

#[path = "../tutorial/src/lib.rs"]
mod library;
mod worker {
    include!("../tutorial/src/main.rs");

    pub(super) fn run() -> ExitCode {
        main()
    }
}

pub use library::{Ticker, TickerConfig, TickerTask};

const DEADLINE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "quickstart") {
        return worker::run();
    }
    // What other test programs do with a filter, and when they are asked what they hold.
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let listing = arguments.iter().any(|argument| argument == "--list");
    if listing || filter.is_some_and(|filter| !"the_tutorials_worker_ticks".contains(filter.as_str())) {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["quickstart", "--port", "0", "--broker-port", "0", "--data-dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut worker = Running(child);
    the_tutorials_worker_ticks(&mut worker);
    println!("test the_tutorials_worker_ticks ... ok");
    ExitCode::SUCCESS
}

fn the_tutorials_worker_ticks(worker: &mut Running) {
    let address = worker.address();
    let plugins = http(&address, "GET", "/connector-plugins", "");
    assert!(plugins.contains("io.example.connect.Ticker"), "{plugins}");
    let config = r#"{"connector.class": "Tick", "topic": "ticks", "interval.ms": "20"}"#;
    let created = http(&address, "PUT", "/connectors/ticks/config", config);
    assert!(created.starts_with("HTTP/1.1 201"), "{created}");
    let far = |offsets: &str| {
        let number = offsets.split("\"tick\":").nth(1).map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        number.flatten().and_then(|number| number.parse::<u64>().ok()).is_some_and(|number| number >= 10)
    };
    let started = Instant::now();
    loop {
        let offsets = http(&address, "GET", "/connectors/ticks/offsets", "");
        if far(&offsets) {
            break;
        }
        let status = http(&address, "GET", "/connectors/ticks/status", "");
        assert!(!status.contains("FAILED") && started.elapsed() < DEADLINE, "{status}{offsets}");
        pause();
    }
    worker.stop();
}

/// The worker's process; killed if the test does not come to its end.
struct Running(Child);

impl Running {
    /// Where its REST API listens: the first address it prints.
    fn address(&mut self) -> String {
        for line in BufReader::new(self.0.stdout.as_mut().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(at) = line.find("http://127.0.0.1:") {
                let address = line[at + 7..].split(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).next();
                return address.unwrap().to_string();
            }
        }
        panic!("the worker ended without saying where it listens: {:?}", self.0.wait());
    }

    fn stop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        let started = Instant::now();
        loop {
            match self.0.try_wait().unwrap() {
                Some(status) => return assert!(status.success(), "the worker ended with {status}"),
                None => assert!(started.elapsed() < DEADLINE, "the worker does not stop"),
            }
            pause();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn http(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[expect(clippy::disallowed_methods, reason = "between two looks at another process, until a deadline")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

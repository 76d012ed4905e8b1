//! Log lines go to standard error; `LONGSHORE_LOG` says which (such as `info,longshore_core=debug`), and
//! `LONGSHORE_LOG_FORMAT=json` how.
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

#[allow(clippy::disallowed_methods)] // the one crate that reads the environment
pub(crate) fn start(default: &str) {
    let wanted = std::env::var("LONGSHORE_LOG").unwrap_or_else(|_| default.to_string());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new(default));
    let json = std::env::var("LONGSHORE_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start in one process, as tests do, keeps the first.
    let _ = if json {
        lines.json().try_init()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).compact().try_init()
    };
}

//! The tutorial's own code, compiled and run; and the tutorial's text, which must show exactly that code.
use std::path::Path;

use longshore_contract::readme::is_fresh;

// The tutorial's crate is called so.
extern crate self as ticker;

#[path = "../tutorial/tests/contract.rs"]
mod contract;
#[path = "../tutorial/src/lib.rs"]
mod library;

pub use library::{Ticker, TickerConfig, TickerTask};

#[test]
fn the_tutorial_shows_the_code_that_is_tested() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tutorial = here.join("../../connectors/README.md");
    for (file, language) in
        [("Cargo.toml", "toml"), ("src/lib.rs", "rust"), ("tests/contract.rs", "rust"), ("src/main.rs", "rust")]
    {
        let text = std::fs::read_to_string(here.join("tutorial").join(file)).unwrap();
        let block = format!("```{language}\n{text}```");
        is_fresh(&tutorial, &format!("<!-- {file} -->"), "<!-- end -->", &block).unwrap();
    }
}

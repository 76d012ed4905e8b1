//! The ticker in the contract suite.
use longshore_api::config::Props;
use longshore_api::plugin::SourcePlugin;
use longshore_api::record::SourceRecord;
use longshore_contract::{Outcome, SourceHarness, source_contract};
use ticker::Ticker;

struct Ticking;

impl SourceHarness for Ticking {
    const README: &'static str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    // Ticks come by themselves, and nothing but time is waited for.
    const ENDLESS: bool = true;
    const VIRTUAL_TIME: bool = true;

    async fn set_up() -> Outcome<Self> {
        Ok(Self)
    }

    fn plugin(&self) -> SourcePlugin {
        SourcePlugin::of::<Ticker>()
    }

    fn config(&self) -> Props {
        [("topic", "ticks"), ("interval.ms", "5")].map(|(key, value)| (key.into(), value.into())).into_iter().collect()
    }

    async fn produce(&mut self, _: usize) {}

    fn event_number(&self, record: &SourceRecord) -> Option<u64> {
        record.record.value.value.as_struct()?.get("number")?.as_i64()?.try_into().ok()
    }
}

source_contract!(Ticking);

//! The connector in the contract suite.
use longshore_api::config::Props;
use longshore_api::plugin::SourcePlugin;
use longshore_api::record::SourceRecord;
use longshore_contract::{Outcome, SourceHarness, source_contract};
use longshore_datagen::Datagen;

/// A generator of ratings; the number of an event is the iteration that its header names.
struct Ratings;

impl SourceHarness for Ratings {
    const README: &'static str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    // Records come by themselves, and nothing but time is waited for.
    const ENDLESS: bool = true;
    const VIRTUAL_TIME: bool = true;

    async fn set_up() -> Outcome<Self> {
        Ok(Self)
    }

    fn plugin(&self) -> SourcePlugin {
        SourcePlugin::of::<Datagen>()
    }

    fn config(&self) -> Props {
        let keys =
            [("kafka.topic", "ratings"), ("quickstart", "ratings"), ("max.interval", "10"), ("random.seed", "7")];
        keys.map(|(key, value)| (key.into(), value.into())).into_iter().collect()
    }

    async fn produce(&mut self, _: usize) {}

    fn event_number(&self, record: &SourceRecord) -> Option<u64> {
        record.record.headers.last_with_name("current.iteration")?.value.value.as_i64()?.try_into().ok()
    }
}

source_contract!(Ratings);

//! `Filter`: drops every record it sees. A predicate says which ones it sees (KIP-585).
use longshore_api::config::NoConfig;
use longshore_api::error::Result;
use longshore_api::record::ConnectRecord;
use longshore_api::transform::{Transformation, TransformationClass};

/// Drops every record.
pub struct Filter;

impl Transformation for Filter {
    fn apply(&mut self, _: ConnectRecord) -> Result<Option<ConnectRecord>> {
        Ok(None)
    }
}

impl TransformationClass for Filter {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.Filter";
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }
}

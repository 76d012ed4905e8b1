//! The JSON converter's keys.
use longshore_api::ConnectorConfig;
use longshore_api::config::{ConfigType, FromConfig};

/// How decimals appear in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalFormat {
    /// The unscaled value's bytes in Base64; exact, and needs the schema's scale to be read.
    Base64,
    /// A JSON number.
    Numeric,
}

impl FromConfig for DecimalFormat {
    const TYPE: ConfigType = ConfigType::String;

    fn from_config(text: &str) -> Result<Self, String> {
        match text {
            t if t.eq_ignore_ascii_case("BASE64") => Ok(Self::Base64),
            t if t.eq_ignore_ascii_case("NUMERIC") => Ok(Self::Numeric),
            _ => Err("String must be one of (case insensitive): BASE64, NUMERIC".into()),
        }
    }
}

/// The keys, in Kafka's order.
#[derive(Debug, Clone, ConnectorConfig)]
pub struct JsonConfig {
    /// What the converter is used for: key, value or header. The worker sets it.
    #[config(key = "converter.type", importance = Low, one_of = ["key", "value", "header"])]
    pub role: String,
    /// Whether every message carries its schema beside the payload, as {"schema": …, "payload": …}. Without schemas
    /// a message is the plain JSON of its value.
    #[config(key = "schemas.enable", default = true, group = "Schemas", order = 0, width = Medium,
        display = "Enable Schemas")]
    pub schemas_enable: bool,
    /// How many schemas are remembered in each direction, so that they are translated once and not for every message.
    #[config(key = "schemas.cache.size", default = 1000, ty = Int, group = "Schemas", order = 1, width = Medium,
        display = "Schema Cache Size")]
    pub schemas_cache_size: i32,
    /// A schema in JSON that is taken for every message read. Messages are then plain payloads without a schema of
    /// their own. It has no effect on writing, nor where schemas are off.
    #[config(key = "schema.content", group = "Schemas", order = 2, width = Medium, display = "Schema Content")]
    pub schema_content: Option<String>,
    /// How decimals are written: BASE64 (the bytes of the unscaled value) or NUMERIC (a JSON number). Both are read,
    /// whatever is chosen here.
    #[config(key = "decimal.format", default = "BASE64", importance = Low, group = "Serialization", order = 0,
        width = Medium, display = "Decimal Format")]
    pub decimal_format: DecimalFormat,
    /// Whether a null becomes the default value of its field, where the field has one.
    #[config(key = "replace.null.with.default", default = true, importance = Low, group = "Serialization", order = 1,
        width = Medium, display = "Replace null with default")]
    pub replace_null_with_default: bool,
}

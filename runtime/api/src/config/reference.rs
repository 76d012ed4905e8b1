//! The option table of a README.
use super::definition::{ConfigDef, Default};

impl ConfigDef {
    /// A Markdown table of every key: what a README shows between its markers.
    pub fn to_markdown(&self) -> String {
        let mut out = String::from("| key | type | default | importance | meaning |\n|---|---|---|---|---|\n");
        for key in self.keys() {
            let default = match &key.default {
                Default::Required => "**required**".to_string(),
                Default::Null => String::new(),
                Default::Value(text) if text.is_empty() => "(empty)".to_string(),
                Default::Value(text) => format!("`{text}`"),
            };
            let (ty, importance) = (key.ty.name().to_lowercase(), key.importance.name().to_lowercase());
            let meaning = key.documentation.replace('|', "\\|").replace('\n', " ");
            out.push_str(&format!("| `{}` | {ty} | {default} | {importance} | {meaning} |\n", key.name));
        }
        out
    }
}

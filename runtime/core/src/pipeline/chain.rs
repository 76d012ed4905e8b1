//! The transformations of one task, with their predicates.
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::Plugins;
use longshore_api::record::ConnectRecord;
use longshore_api::transform::{Predicate, Transformation};

use super::stage::{Failure, Stage};

/// Applies transformations in order.
#[derive(Default)]
pub struct TransformationChain {
    steps: Vec<Step>,
}

struct Step {
    class: &'static str,
    transformation: Box<dyn Transformation>,
    condition: Option<(Box<dyn Predicate>, bool)>,
}

impl TransformationChain {
    /// Builds what `transforms` and `predicates` name.
    ///
    /// # Errors
    /// Fatal, naming the alias, when a class is not known or its configuration is invalid.
    pub fn build(plugins: &Plugins, props: &Props) -> Result<Self> {
        let mut steps = Vec::new();
        for alias in aliases(props, "transforms") {
            let prefix = format!("transforms.{alias}.");
            let class = required(props, &format!("{prefix}type"))?;
            let plugin = plugins.find_transformation(class).ok_or_else(|| {
                ConnectError::fatal(format!(
                    "The class {class} of transforms.{alias}.type is not a transformation here."
                ))
            })?;
            let own = strip(props, &prefix);
            let transformation = (plugin.new)(&own).map_err(|e| in_alias(&prefix, e))?;
            let condition = match own.get("predicate") {
                None => None,
                Some(name) => {
                    let negate = own.get("negate").is_some_and(|v| v.trim().eq_ignore_ascii_case("true"));
                    Some((predicate(plugins, props, name)?, negate))
                }
            };
            steps.push(Step { class: plugin.class, transformation, condition });
        }
        Ok(Self { steps })
    }

    /// Whether records pass unchanged.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The transformed record, or `None` when it was filtered out.
    ///
    /// # Errors
    /// What the transformation said, with its class.
    pub fn apply(&mut self, mut record: ConnectRecord) -> Result<Option<ConnectRecord>, Failure> {
        for step in &mut self.steps {
            if step.condition.as_ref().is_some_and(|(predicate, negate)| predicate.test(&record) == *negate) {
                continue;
            }
            match step.transformation.apply(record) {
                Ok(Some(changed)) => record = changed,
                Ok(None) => return Ok(None),
                Err(error) => return Err(Failure::new(Stage::Transformation, step.class, error)),
            }
        }
        Ok(Some(record))
    }
}

fn predicate(plugins: &Plugins, props: &Props, alias: &str) -> Result<Box<dyn Predicate>> {
    let prefix = format!("predicates.{alias}.");
    let class = required(props, &format!("{prefix}type"))?;
    let plugin = plugins.find_predicate(class).ok_or_else(|| {
        ConnectError::fatal(format!("The class {class} of predicates.{alias}.type is not a predicate here."))
    })?;
    (plugin.new)(&strip(props, &prefix)).map_err(|e| in_alias(&prefix, e))
}

fn in_alias(prefix: &str, error: ConnectError) -> ConnectError {
    ConnectError::fatal(format!("In {}*: {}", prefix, error.chain()))
}

/// The names in a comma-separated key.
pub(crate) fn aliases<'a>(props: &'a Props, key: &str) -> impl Iterator<Item = &'a str> {
    props.get(key).map_or("", String::as_str).split(',').map(str::trim).filter(|alias| !alias.is_empty())
}

/// The keys under a prefix, without it.
pub(crate) fn strip(props: &Props, prefix: &str) -> Props {
    let under = props.iter().filter_map(|(k, v)| Some((k.strip_prefix(prefix)?, v)));
    under.map(|(k, v)| (k.to_string(), v.clone())).collect()
}

fn required<'a>(props: &'a Props, key: &str) -> Result<&'a str> {
    let missing =
        || ConnectError::fatal(format!("Missing required configuration \"{key}\" which has no default value."));
    props.get(key).map(String::as_str).ok_or_else(missing)
}

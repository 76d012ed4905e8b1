//! The promises that sources and sinks share: keys, sentences, secrets, documentation.
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use longshore_api::config::{ConfigKey, ConfigType, Props};
use longshore_api::error::{ConnectError, Result};
use longshore_api::offset::OffsetMap;
use longshore_api::plugin::ConnectorPlugin;
use longshore_api::sink::SinkTaskContext;
use tracing_subscriber::fmt::MakeWriter;

use crate::Outcome;
use crate::call::words;
use crate::readme::options_are_fresh;
use crate::stored::Stored;

/// A secret that nobody writes by chance.
const CANARY: &str = "canary-4e0c1d-hunter2";
/// A value that is no number and no boolean.
const NONSENSE: &str = "neither-number-nor-truth";

/// A connector of either kind, a valid configuration of it, and its README.
pub struct Subject {
    /// The connector.
    pub plugin: ConnectorPlugin,
    /// A valid configuration.
    pub props: Props,
    /// The README with its option table.
    pub readme: &'static str,
    /// How long a start may take.
    pub patience: Duration,
}

impl Subject {
    /// Each required key, taken away alone, is reported under its own name, and no task starts without it.
    ///
    /// # Errors
    /// The key that is not checked.
    pub async fn each_required_key_is_checked(&self) -> Outcome {
        for key in self.plugin.config_def().keys().iter().filter(|key| key.is_required()) {
            let mut props = self.props.clone();
            props.shift_remove(key.name.as_ref());
            let sentence = format!("Missing required configuration \"{}\" which has no default value.", key.name);
            self.refuses(&props, key, &sentence).await?;
        }
        Ok(())
    }

    /// A value of the wrong type is refused in Kafka's words, by `validate` and at the start.
    ///
    /// # Errors
    /// The key that takes nonsense.
    pub async fn rejects_wrong_types_with_kafkas_sentence(&self) -> Outcome {
        for key in self.plugin.config_def().keys() {
            let why = match key.ty {
                ConfigType::Int | ConfigType::Short | ConfigType::Long | ConfigType::Double => {
                    format!("Not a number of type {}", key.ty.name())
                }
                ConfigType::Boolean => "Expected value to be either true or false".to_string(),
                _ => continue,
            };
            let mut props = self.props.clone();
            props.insert(key.name.to_string(), NONSENSE.to_string());
            let sentence = format!("Invalid value {NONSENSE} for configuration {}: {why}", key.name);
            self.refuses(&props, key, &sentence).await?;
        }
        Ok(())
    }

    /// No secret appears in answers, errors or the log.
    ///
    /// # Errors
    /// Where a secret appeared, or which key should be of type PASSWORD.
    pub async fn secret_never_appears(&self) -> Outcome {
        let def = self.plugin.config_def();
        let secret = |key: &&ConfigKey| key.ty == ConfigType::Password;
        let named_secret = |key: &&ConfigKey| ["password", "secret"].iter().any(|end| key.name.ends_with(end));
        if let Some(key) = def.keys().iter().find(|key| named_secret(key) && !secret(key)) {
            return Err(format!("{} sounds like a secret but is of type {}", key.name, key.ty.name()));
        }
        let mut props = self.props.clone();
        let mut secrets = vec![CANARY.to_string()];
        for key in def.keys().iter().filter(secret) {
            secrets.extend(props.insert(key.name.to_string(), CANARY.to_string()).filter(|text| text.len() > 3));
        }
        let mut cases = vec![self.props.clone(), props.clone()];
        for key in def.keys() {
            let (mut without, mut wrong) = (props.clone(), props.clone());
            without.shift_remove(key.name.as_ref());
            if !secret(&key) {
                wrong.insert(key.name.to_string(), NONSENSE.to_string());
            }
            cases.extend([without, wrong]);
        }
        for case in cases {
            for (place, text) in self.everything_said(&case).await {
                if secrets.iter().any(|secret| text.contains(secret.as_str())) {
                    return Err(format!("a secret appears in {place}"));
                }
            }
        }
        Ok(())
    }

    /// Every key has a sentence that explains it, and the README's option table is what the code says.
    ///
    /// # Errors
    /// The key without a sentence, or what is wrong with the README.
    pub fn documentation_is_complete(&self) -> Outcome {
        let def = self.plugin.config_def();
        for key in def.keys() {
            let text = key.documentation.trim();
            if !text.ends_with('.') || !text.contains(' ') {
                return Err(format!("the key {} is explained by no sentence, only by \"{text}\"", key.name));
            }
            if key.display_name.trim().is_empty() {
                return Err(format!("the key {} has no name to show", key.name));
            }
        }
        options_are_fresh(Path::new(self.readme), self.plugin.class(), &def)
    }

    async fn refuses(&self, props: &Props, key: &ConfigKey, sentence: &str) -> Outcome {
        let problems = self.plugin.config_def().problems(props);
        if !problems.iter().any(|problem| problem.key == key.name && problem.message == sentence) {
            return Err(format!("validate does not say under {}: {sentence} It says: {problems:?}", key.name));
        }
        match self.start(props).await {
            Ok(()) => Err(format!("a task started although {sentence}")),
            Err(error) if error.to_string().contains(sentence) => Ok(()),
            Err(error) => Err(format!("the start does not say: {sentence} It says: {}", words(&error))),
        }
    }

    /// Starts a task as the worker does, and stops it.
    async fn start(&self, props: &Props) -> Result<()> {
        let starting = async {
            let mut tasks = self.plugin.task_configs(props, 1)?;
            let Some(task) = tasks.pop() else { return Err(ConnectError::fatal("there is no task configuration")) };
            match &self.plugin {
                ConnectorPlugin::Source(plugin) => {
                    (plugin.start)(task, Stored::default().context()).await?.stop().await
                }
                ConnectorPlugin::Sink(plugin) => {
                    let context = SinkTaskContext { connector: "contract".into(), task: 0 };
                    (plugin.start)(task, context).await?.stop().await
                }
            }
        };
        match tokio::time::timeout(self.patience, starting).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::retriable(format!("the start did not end within {:?}", self.patience))),
        }
    }

    /// Everything a user or an operator may get to read when the connector has this configuration.
    async fn everything_said(&self, props: &Props) -> Vec<(&'static str, String)> {
        let log = Log::default();
        let subscriber =
            tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let def = self.plugin.config_def();
        let error = |result: Result<()>| result.err().map_or(String::new(), |e| format!("{} {e:?}", words(&e)));
        let offsets = [(OffsetMap::default().with("contract", 1), Some(OffsetMap::default().with("contract", -1)))];
        let mut said = vec![
            ("the answer to validate", format!("{:?} {:?}", def.validate(props), def.problems(props))),
            ("the connector's own problems", format!("{:?}", self.plugin.validate(props.clone()).await)),
            ("the error of the start", error(self.start(props).await)),
        ];
        if let ConnectorPlugin::Source(plugin) = &self.plugin {
            said.push(("the exactly-once answer", error((plugin.exactly_once_support)(props).map(drop))));
            said.push(("the answer to altered offsets", error((plugin.alter_offsets)(props, &offsets))));
        }
        drop(guard);
        said.push(("the log", log.text()));
        said
    }
}

/// Waivers name promises that exist and give a reason.
///
/// # Errors
/// The waiver that does not.
pub fn waivers_are_sound(waivers: &[(&str, &str)], promises: &[&str]) -> Outcome {
    for (name, reason) in waivers {
        if !promises.contains(name) {
            return Err(format!("the waiver \"{name}\" names no promise"));
        }
        if reason.split_whitespace().count() < 3 {
            return Err(format!("the waiver of {name} gives no reason, only \"{reason}\""));
        }
    }
    Ok(())
}

/// A log kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

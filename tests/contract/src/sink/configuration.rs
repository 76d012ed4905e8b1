//! Keys, sentences, secrets and documentation of a sink.
use longshore_api::plugin::ConnectorPlugin;

use super::PROMISES;
use crate::configuration::{Subject, waivers_are_sound};
use crate::{Outcome, SinkHarness};

fn subject<H: SinkHarness>(harness: &H) -> Subject {
    Subject {
        plugin: ConnectorPlugin::Sink(harness.plugin()),
        props: harness.config(),
        readme: H::README,
        patience: H::PATIENCE,
    }
}

/// Each required key, taken away alone, is reported under its own name, and no task starts without it.
///
/// # Errors
/// The key that is not checked.
pub async fn each_required_key_is_checked<H: SinkHarness>(harness: &mut H) -> Outcome {
    subject(harness).each_required_key_is_checked().await
}

/// A value of the wrong type is refused in Kafka's words, by `validate` and at the start.
///
/// # Errors
/// The key that takes nonsense.
pub async fn rejects_wrong_types_with_kafkas_sentence<H: SinkHarness>(harness: &mut H) -> Outcome {
    subject(harness).rejects_wrong_types_with_kafkas_sentence().await
}

/// No secret appears in answers, errors or the log.
///
/// # Errors
/// Where a secret appeared.
pub async fn secret_never_appears<H: SinkHarness>(harness: &mut H) -> Outcome {
    subject(harness).secret_never_appears().await
}

/// Every key has a sentence that explains it, and the README's option table is what the code says.
///
/// # Errors
/// The key without a sentence, or what is wrong with the README.
pub async fn documentation_is_complete<H: SinkHarness>(harness: &mut H) -> Outcome {
    subject(harness).documentation_is_complete()
}

/// Waivers name promises that exist and give a reason.
///
/// # Errors
/// The waiver that does not.
pub async fn waivers_name_promises_and_give_reasons<H: SinkHarness>(_: &mut H) -> Outcome {
    waivers_are_sound(H::WAIVERS, PROMISES)
}

//! Which Kafka client settings a connector may override (KIP-458).
use longshore_api::config::{Problem, Props};

/// The worker's `connector.client.config.override.policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientOverridePolicy {
    /// Anything.
    All,
    /// Nothing.
    None,
    /// Only who the client is: `sasl.jaas.config`, `sasl.mechanism`, `security.protocol`.
    Principal,
}

impl ClientOverridePolicy {
    /// The policy of that name; class names of the JVM's are accepted too.
    pub fn from_name(name: &str) -> Option<Self> {
        let simple = name.trim().rsplit('.').next().unwrap_or_default();
        let simple = simple.strip_suffix("ConnectorClientConfigOverridePolicy").unwrap_or(simple);
        match simple {
            "All" => Some(Self::All),
            "None" => Some(Self::None),
            "Principal" => Some(Self::Principal),
            _ => None,
        }
    }
}

const PRINCIPAL: [&str; 3] = ["sasl.jaas.config", "sasl.mechanism", "security.protocol"];

/// What a connector overrides without being allowed to.
pub fn check_overrides(policy: ClientOverridePolicy, props: &Props) -> Vec<Problem> {
    let prefixes = ["producer.override.", "consumer.override.", "admin.override."];
    let overrides = props.keys().filter_map(|key| {
        let setting = prefixes.iter().find_map(|prefix| key.strip_prefix(prefix))?;
        Some((key, setting))
    });
    let refused = overrides.filter(|(_, setting)| match policy {
        ClientOverridePolicy::All => false,
        ClientOverridePolicy::None => true,
        ClientOverridePolicy::Principal => !PRINCIPAL.contains(setting),
    });
    let message = |key: &str| {
        format!(
            "The worker's connector.client.config.override.policy ({policy:?}) does not allow a connector to set {key}."
        )
    };
    refused.map(|(key, _)| Problem::new(key.clone(), message(key))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        let keys = ["producer.override.linger.ms", "consumer.override.sasl.jaas.config", "linger.ms"];
        let props: Props = keys.iter().map(|k| ((*k).to_string(), "x".to_string())).collect();
        assert!(check_overrides(ClientOverridePolicy::All, &props).is_empty());
        assert_eq!(check_overrides(ClientOverridePolicy::None, &props).len(), 2);
        assert_eq!(check_overrides(ClientOverridePolicy::Principal, &props)[0].key, keys[0]);
        let class = "org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy";
        assert_eq!(ClientOverridePolicy::from_name(class), Some(ClientOverridePolicy::Principal));
    }
}

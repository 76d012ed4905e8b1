//! From the names of Java's Kafka clients to librdkafka's.
//!
//! Keys that librdkafka has no use for (serialisers, buffer sizes of the JVM, interceptors) are left out; Java clients
//! warn about keys they do not know and go on, and so do we.
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use rdkafka::ClientConfig;

/// Which client the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// Writes records.
    Producer,
    /// Reads records.
    Consumer,
    /// Asks and orders.
    Admin,
}

/// Java's name and librdkafka's, where they differ, of every setting that is handed on.
const SHARED: &[(&str, &str)] = &[
    ("bootstrap.servers", "bootstrap.servers"),
    ("client.id", "client.id"),
    ("client.dns.lookup", "client.dns.lookup"),
    ("client.rack", "client.rack"),
    ("connections.max.idle.ms", "connections.max.idle.ms"),
    ("metadata.max.age.ms", "metadata.max.age.ms"),
    ("reconnect.backoff.ms", "reconnect.backoff.ms"),
    ("reconnect.backoff.max.ms", "reconnect.backoff.max.ms"),
    ("socket.connection.setup.timeout.ms", "socket.connection.setup.timeout.ms"),
    ("security.protocol", "security.protocol"),
    ("sasl.mechanism", "sasl.mechanism"),
    ("ssl.cipher.suites", "ssl.cipher.suites"),
    ("ssl.key.password", "ssl.key.password"),
    ("ssl.keystore.certificate.chain", "ssl.certificate.pem"),
    ("ssl.keystore.key", "ssl.key.pem"),
    ("ssl.truststore.certificates", "ssl.ca.pem"),
];

const PRODUCER: &[(&str, &str)] = &[
    ("acks", "acks"),
    ("batch.size", "batch.size"),
    ("compression.type", "compression.type"),
    ("delivery.timeout.ms", "delivery.timeout.ms"),
    ("enable.idempotence", "enable.idempotence"),
    ("linger.ms", "linger.ms"),
    ("max.in.flight.requests.per.connection", "max.in.flight.requests.per.connection"),
    ("max.request.size", "message.max.bytes"),
    ("request.timeout.ms", "request.timeout.ms"),
    ("retries", "retries"),
    ("retry.backoff.ms", "retry.backoff.ms"),
    ("transactional.id", "transactional.id"),
];

const CONSUMER: &[(&str, &str)] = &[
    ("auto.offset.reset", "auto.offset.reset"),
    ("check.crcs", "check.crcs"),
    ("fetch.max.bytes", "fetch.max.bytes"),
    ("fetch.max.wait.ms", "fetch.wait.max.ms"),
    ("fetch.min.bytes", "fetch.min.bytes"),
    ("group.instance.id", "group.instance.id"),
    ("heartbeat.interval.ms", "heartbeat.interval.ms"),
    ("isolation.level", "isolation.level"),
    ("max.partition.fetch.bytes", "max.partition.fetch.bytes"),
    ("max.poll.interval.ms", "max.poll.interval.ms"),
    ("session.timeout.ms", "session.timeout.ms"),
];

/// A librdkafka configuration from Java's names.
///
/// # Errors
/// Fatal, naming the key, when a setting cannot be carried over.
pub fn client_config(kind: ClientKind, settings: &Props) -> Result<ClientConfig> {
    let mut config = ClientConfig::new();
    for (key, value) in defaults(kind) {
        config.set(*key, *value);
    }
    let own: &[_] = match kind {
        ClientKind::Producer => PRODUCER,
        ClientKind::Consumer => CONSUMER,
        ClientKind::Admin => &[],
    };
    for (java, native) in SHARED.iter().chain(own) {
        if let Some(value) = settings.get(*java).map(|v| v.trim()).filter(|v| !v.is_empty()) {
            config.set(*native, value);
        }
    }
    if kind == ClientKind::Producer {
        buffer_memory(settings, &mut config)?;
        give_up_idempotence(settings, &mut config);
    }
    if kind == ClientKind::Consumer {
        assignment_strategy(settings, &mut config)?;
    }
    if let Some(jaas) = settings.get("sasl.jaas.config") {
        login(jaas, &mut config)?;
    }
    stores(settings, &mut config)?;
    Ok(config)
}

/// A configuration for one of the worker's own clients, which must answer at once.
///
/// By default librdkafka connects to a broker only when it finds that it needs one, and looks about once a second: that
/// second would be most of the worker's start. These few clients connect to every broker they hear of instead.
///
/// # Errors
/// Fatal, naming the key, when a setting cannot be carried over.
pub(crate) fn own_client_config(kind: ClientKind, settings: &Props) -> Result<ClientConfig> {
    let mut config = client_config(kind, settings)?;
    config.set("enable.sparse.connections", "false");
    Ok(config)
}

/// Where librdkafka's defaults differ from Java's, or from what Connect sets.
fn defaults(kind: ClientKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        ClientKind::Producer => &[
            ("acks", "all"),
            // Order is kept and nothing repeated across retries, without Connect's one request at a time.
            ("enable.idempotence", "true"),
            // A task waits for Kafka; it does not give records up.
            ("delivery.timeout.ms", "2147483647"),
            // The partition of a key is the one Java's producer chooses.
            ("partitioner", "murmur2_random"),
            ("queue.buffering.max.messages", "131072"),
            ("queue.buffering.max.kbytes", "32768"),
        ],
        ClientKind::Consumer => &[
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("isolation.level", "read_uncommitted"),
            // What is fetched ahead is bounded in bytes.
            ("queued.max.messages.kbytes", "16384"),
            // With that much ahead, fetching pauses; a second, as by default, is as long as a fast sink needs for it.
            ("fetch.queue.backoff.ms", "10"),
            ("session.timeout.ms", "45000"),
        ],
        ClientKind::Admin => &[],
    }
}

/// A setting that idempotence cannot go with counts as the wish to do without it, as in Connect, where it is off
/// unless asked for. Order is kept all the same.
fn give_up_idempotence(settings: &Props, config: &mut ClientConfig) {
    let get = |key: &str| settings.get(key).map(|v| v.trim());
    let few_acks = get("acks").is_some_and(|acks| !matches!(acks, "all" | "-1"));
    let in_flight = get("max.in.flight.requests.per.connection").and_then(|n| n.parse::<u32>().ok());
    let no_retries = get("retries") == Some("0");
    if get("enable.idempotence").is_none() && (few_acks || no_retries || in_flight.is_some_and(|n| n > 5)) {
        config.set("enable.idempotence", "false");
        if in_flight.is_none() {
            config.set("max.in.flight.requests.per.connection", "1");
        }
    }
}

fn buffer_memory(settings: &Props, config: &mut ClientConfig) -> Result<()> {
    let Some(bytes) = settings.get("buffer.memory") else { return Ok(()) };
    let bytes: u64 = bytes.trim().parse().map_err(|_| not_usable("buffer.memory", bytes, "not a number of bytes"))?;
    config.set("queue.buffering.max.kbytes", (bytes / 1024).clamp(1, 2_097_151).to_string());
    Ok(())
}

fn assignment_strategy(settings: &Props, config: &mut ClientConfig) -> Result<()> {
    let Some(list) = settings.get("partition.assignment.strategy") else { return Ok(()) };
    let mut names = Vec::new();
    for class in list.split(',').map(str::trim).filter(|class| !class.is_empty()) {
        names.push(match class.rsplit('.').next().unwrap_or(class) {
            "RangeAssignor" | "range" => "range",
            "RoundRobinAssignor" | "roundrobin" => "roundrobin",
            "CooperativeStickyAssignor" | "cooperative-sticky" => "cooperative-sticky",
            _ => return Err(not_usable("partition.assignment.strategy", class, "not a strategy known here")),
        });
    }
    // Eager and cooperative strategies cannot be mixed in librdkafka.
    if names.len() > 1 {
        names.retain(|name| *name != "cooperative-sticky");
    }
    config.set("partition.assignment.strategy", names.join(","));
    Ok(())
}

/// User name and password out of `…LoginModule required username="…" password="…";`.
fn login(jaas: &str, config: &mut ClientConfig) -> Result<()> {
    let option = |name: &str| {
        let start = jaas.find(&format!("{name}="))? + name.len() + 1;
        let rest = &jaas[start..];
        match rest.strip_prefix(['"', '\'']) {
            Some(quoted) => quoted.split(['"', '\'']).next(),
            None => rest.split([' ', ';']).next(),
        }
    };
    // The text itself holds the password: it is not repeated.
    let missing = |what: &str| ConnectError::fatal(format!("The setting sasl.jaas.config holds no {what}."));
    config.set("sasl.username", option("username").ok_or_else(|| missing("username"))?);
    config.set("sasl.password", option("password").ok_or_else(|| missing("password"))?);
    Ok(())
}

fn stores(settings: &Props, config: &mut ClientConfig) -> Result<()> {
    let get = |key: &str| settings.get(key).map(|v| v.trim()).filter(|v| !v.is_empty());
    let kind = |key: &str| get(key).map_or("JKS".to_string(), str::to_uppercase);
    if let Some(location) = get("ssl.truststore.location") {
        match kind("ssl.truststore.type").as_str() {
            "PEM" => config.set("ssl.ca.location", location),
            other => {
                let why = "this worker reads trust stores of type PEM only; set ssl.truststore.type=PEM";
                return Err(not_usable("ssl.truststore.type", other, why));
            }
        };
    }
    if let Some(location) = get("ssl.keystore.location") {
        match kind("ssl.keystore.type").as_str() {
            "PEM" => {
                config.set("ssl.certificate.location", location);
                config.set("ssl.key.location", location);
            }
            "PKCS12" => {
                config.set("ssl.keystore.location", location);
                config.set("ssl.keystore.password", get("ssl.keystore.password").unwrap_or_default());
            }
            other => {
                let why = "this worker reads key stores of types PEM and PKCS12; convert it with keytool";
                return Err(not_usable("ssl.keystore.type", other, why));
            }
        }
    }
    if settings.get("ssl.endpoint.identification.algorithm").is_some_and(|v| v.trim().is_empty()) {
        config.set("ssl.endpoint.identification.algorithm", "none");
    }
    Ok(())
}

fn not_usable(key: &str, value: &str, why: &str) -> ConnectError {
    ConnectError::fatal(format!("Invalid value {value} for configuration {key}: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn props(pairs: &[(&str, &str)]) -> Props {
        pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect()
    }

    #[test]
    fn java_names_become_librdkafkas_and_unknown_ones_are_left_out() {
        let java = props(&[
            ("bootstrap.servers", "b:1"),
            ("max.request.size", "5000000"),
            ("buffer.memory", "1048576"),
            ("key.serializer", "org.apache.kafka.common.serialization.StringSerializer"),
            ("fetch.max.wait.ms", "7"),
        ]);
        let config = client_config(ClientKind::Producer, &java).unwrap();
        assert_eq!(config.get("message.max.bytes"), Some("5000000"));
        assert_eq!(config.get("queue.buffering.max.kbytes"), Some("1024"));
        assert_eq!(config.get("partitioner"), Some("murmur2_random"));
        assert_eq!((config.get("key.serializer"), config.get("fetch.wait.max.ms")), (None, None));
        config.create::<rdkafka::producer::BaseProducer>().unwrap();
    }

    #[test]
    fn what_idempotence_cannot_go_with_switches_it_off() {
        for (key, value) in
            [("acks", "1"), ("acks", "0"), ("max.in.flight.requests.per.connection", "10"), ("retries", "0")]
        {
            let config = client_config(ClientKind::Producer, &props(&[(key, value)])).unwrap();
            assert_eq!(config.get("enable.idempotence"), Some("false"), "{key}={value}");
            config.create::<rdkafka::producer::BaseProducer>().unwrap();
        }
        let config = client_config(ClientKind::Producer, &props(&[("acks", "-1"), ("linger.ms", "1")])).unwrap();
        assert_eq!(config.get("enable.idempotence"), Some("true"));
    }

    #[test]
    fn every_mapped_name_is_one_librdkafka_knows() {
        for (kind, own) in [(ClientKind::Producer, PRODUCER), (ClientKind::Consumer, CONSUMER)] {
            let config = client_config(kind, &Props::new()).unwrap();
            for (_, native) in SHARED.iter().chain(own) {
                let known = config.clone().set(*native, "\u{1}").create_native_config().err().map(|e| e.to_string());
                let known = known.unwrap_or_default();
                assert!(!known.contains("No such configuration property"), "{native}: {known}");
            }
        }
    }

    #[test]
    fn consumers_read_uncommitted_from_the_start_unless_told_otherwise() {
        let config = client_config(ClientKind::Consumer, &props(&[("isolation.level", "read_committed")])).unwrap();
        assert_eq!(config.get("isolation.level"), Some("read_committed"));
        assert_eq!(config.get("auto.offset.reset"), Some("earliest"));
        let strategy = "org.apache.kafka.clients.consumer.RangeAssignor,\
                        org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
        let config = client_config(ClientKind::Consumer, &props(&[("partition.assignment.strategy", strategy)]));
        assert_eq!(config.unwrap().get("partition.assignment.strategy"), Some("range"));
    }

    #[test]
    fn logins_are_read_and_never_told() {
        let jaas =
            r#"org.apache.kafka.common.security.plain.PlainLoginModule required username="al" password="s3cret";"#;
        let config = client_config(ClientKind::Admin, &props(&[("sasl.jaas.config", jaas)])).unwrap();
        assert_eq!((config.get("sasl.username"), config.get("sasl.password")), (Some("al"), Some("s3cret")));
        let bad = props(&[("sasl.jaas.config", "x required password=\"s3cret\";")]);
        let error = client_config(ClientKind::Admin, &bad).unwrap_err().to_string();
        assert!(error.contains("username") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn a_java_trust_store_is_refused_with_the_way_out() {
        let error = client_config(ClientKind::Admin, &props(&[("ssl.truststore.location", "/t.jks")])).unwrap_err();
        assert!(error.to_string().contains("ssl.truststore.type=PEM"), "{error}");
    }
}

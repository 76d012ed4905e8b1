//! References to values kept elsewhere: `${env:NAME}`, `${file:path:key}`, `${directory:path:file}` (KIP-297).
//!
//! They are resolved where a task is started and never written back: topics and answers keep the reference.
use std::fs;
use std::path::Path;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};

use super::worker::parse_properties;

/// The properties with every reference replaced by its value.
///
/// # Errors
/// Fatal, naming the key and the reference but never the value, when one cannot be resolved.
pub fn resolve(props: &Props) -> Result<Props> {
    props.iter().map(|(key, value)| Ok((key.clone(), resolve_value(key, value)?))).collect()
}

fn resolve_value(key: &str, value: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let reference = &rest[start + 2..start + length];
        out.push_str(&rest[..start]);
        match lookup(reference) {
            Some(Ok(found)) => out.push_str(&found),
            Some(Err(why)) => {
                return Err(ConnectError::fatal(format!("Cannot resolve ${{{reference}}} of {key}: {why}.")));
            }
            // Not a provider of ours: text such as a routing pattern's ${topic}.
            None => out.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn lookup(reference: &str) -> Option<std::result::Result<String, String>> {
    let (provider, path) = reference.split_once(':')?;
    match provider {
        "env" => {
            // The one place where a connector's configuration reaches into the environment.
            #[allow(clippy::disallowed_methods)]
            let found = std::env::var(path.trim_start_matches(':'));
            Some(found.map_err(|_| format!("the environment has no variable {path}")))
        }
        "file" => {
            let (path, name) = path.rsplit_once(':')?;
            Some(read(path).and_then(|text| {
                let missing = || format!("{path} has no key {name}");
                parse_properties(&text).get(name).cloned().ok_or_else(missing)
            }))
        }
        "directory" => {
            let (directory, name) = path.rsplit_once(':')?;
            if name.contains('/') {
                return Some(Err(format!("{name} is not a file name")));
            }
            Some(read(Path::new(directory).join(name).to_string_lossy().as_ref()))
        }
        _ => None,
    }
}

fn read(path: &str) -> std::result::Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_other_text_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.properties");
        fs::write(&path, "user=alice\npassword = p}w\n").unwrap();
        let file = path.display();
        let props = Props::from_iter([
            ("a".to_string(), format!("x-${{file:{file}:user}}-y")),
            ("b".to_string(), "${topic}-${timestamp}".to_string()),
            ("c".to_string(), format!("${{directory:{}:secrets.properties}}", directory.path().display())),
        ]);
        let resolved = resolve(&props).unwrap();
        assert_eq!(resolved["a"], "x-alice-y");
        assert_eq!(resolved["b"], "${topic}-${timestamp}");
        assert!(resolved["c"].contains("alice"));
        let missing = Props::from_iter([("k".to_string(), format!("${{file:{file}:nope}}"))]);
        let error = resolve(&missing).unwrap_err().to_string();
        assert!(error.contains(" of k") && !error.contains("alice"), "{error}");
    }
}

//! The rules of ARCHITECTURE.md that a machine can check.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const LONGEST_FILE_LINES: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every file that git knows or would take, with its path from the root.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the project's files");
    let names = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<_> = names.lines().map(PathBuf::from).filter(|path| root().join(path).is_file()).collect();
    assert!(files.len() > 50, "git listed {} files only", files.len());
    files
}

fn sources() -> Vec<PathBuf> {
    files().into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

/// The table between the arrow markers: crate → crates it may depend on.
fn allowed_arrows(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let table = text.split("<!-- arrows -->").nth(1).and_then(|t| t.split("<!-- /arrows -->").next()).unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(ToString::to_string).collect::<Vec<_>>();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (names(cells[1]).remove(0), names(cells[3]).into_iter().collect())
    })
    .collect()
}

/// Crates outside `tests/`, and the crates of this workspace each is built with.
fn real_arrows() -> BTreeMap<String, BTreeSet<String>> {
    let asked = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo tells the workspace's crates");
    let metadata: Value = serde_json::from_slice(&asked.stdout).expect("cargo metadata is JSON");
    let mut arrows = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        if Path::new(manifest).strip_prefix(root()).unwrap().starts_with("tests") {
            continue;
        }
        let built_with = package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"].is_null());
        let own = built_with.filter_map(|d| d["name"].as_str()).filter(|name| name.starts_with("longshore"));
        arrows.insert(package["name"].as_str().unwrap().to_string(), own.map(ToString::to_string).collect());
    }
    arrows
}

fn unlawful(allowed: &BTreeMap<String, BTreeSet<String>>, real: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for (from, to) in real {
        match allowed.get(from) {
            None => found.push(format!("{from} is not in the table")),
            Some(allowed) => found.extend(to.difference(allowed).map(|to| format!("{from} → {to}"))),
        }
    }
    found
}

#[test]
fn arrows_point_inwards() {
    let (allowed, real) = (allowed_arrows(&read("ARCHITECTURE.md")), real_arrows());
    assert_eq!(unlawful(&allowed, &real), Vec::<String>::new(), "ARCHITECTURE.md says which arrows there may be");
    let stale: Vec<_> = allowed.keys().filter(|name| !real.contains_key(*name)).collect();
    assert!(stale.is_empty(), "in the table, but not in the workspace: {stale:?}");
}

#[test]
fn an_arrow_that_points_outwards_is_found() {
    let allowed = allowed_arrows(&read("ARCHITECTURE.md"));
    let mut real = real_arrows();
    real.get_mut("longshore-core").unwrap().insert("longshore-kafka".into());
    assert_eq!(unlawful(&allowed, &real), ["longshore-core → longshore-kafka"]);
}

#[test]
fn every_connector_folder_is_complete() {
    for entry in fs::read_dir(root().join("connectors")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in [
            "Cargo.toml",
            "README.md",
            "src/lib.rs",
            "src/config.rs",
            "src/connector.rs",
            "src/error.rs",
            "tests/contract.rs",
        ] {
            assert!(folder.join(file).is_file(), "{} has no {file}", folder.display());
        }
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let list = read("runtime/distribution/src/main.rs");
        assert!(list.contains(&format!("longshore_{name}::")), "connectors/{name} is not in the list of what ships");
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(readme.contains("<!-- options"), "{}/README.md has no option table", folder.display());
    }
}

#[test]
fn no_file_hides_an_idea() {
    let long = sources().into_iter().filter_map(|path| {
        let lines = read(&path).lines().count();
        (lines > LONGEST_FILE_LINES).then(|| format!("{} has {lines} lines", path.display()))
    });
    assert_eq!(long.collect::<Vec<_>>(), Vec::<String>::new(), "split by idea");
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|path| {
        let in_tests = path.components().any(|c| c.as_os_str() == "tests");
        let first = read(path).lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_string();
        !in_tests
            && !path.ends_with("tests.rs")
            && !path.to_string_lossy().ends_with("_tests.rs")
            && !first.starts_with("//!")
    });
    assert_eq!(silent.collect::<Vec<_>>(), Vec::<PathBuf>::new(), "begin with a //! comment");
}

#[test]
fn names_are_the_fields_own() {
    let banned = ["Manager", "Helper", "Util", "Utils", "Impl"];
    for path in sources() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["common", "utils", "util", "helpers", "types", "misc"].contains(&name.as_str()),
            "{}",
            path.display()
        );
        for line in read(&path).lines() {
            let declared = ["struct ", "enum ", "trait "].iter().find_map(|kind| {
                let rest = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
                rest.strip_prefix(kind)
            });
            let Some(name) = declared.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next()) else {
                continue;
            };
            assert!(!banned.iter().any(|end| name.ends_with(end)), "{}: {name}", path.display());
        }
    }
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    let marks = ["todo!(", "unimplemented!(", "#[ignore", "FIXME", "XXX:", "HACK"];
    for path in sources().into_iter().filter(|path| !path.ends_with("house.rs")) {
        let text = read(&path);
        for mark in marks {
            assert!(!text.contains(mark), "{} has {mark}", path.display());
        }
    }
}

#[test]
fn every_invariant_has_a_test_of_that_name() {
    let architecture = read("ARCHITECTURE.md");
    let table = architecture.split("## Invariants").nth(1).and_then(|t| t.split("## Tests").next()).unwrap();
    let all: String = sources().iter().map(read).collect();
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for test in last.split('`').skip(1).step_by(2).filter(|name| !name.contains('/')) {
            assert!(all.contains(test), "the invariants' table names {test}, which does not exist");
            named += 1;
        }
    }
    assert!(named >= 10, "only {named} tests are named");
}

#[test]
fn links_in_documents_lead_somewhere() {
    for path in files().into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let folder = path.parent().unwrap().to_path_buf();
        let text = read(&path);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            assert!(root().join(&folder).join(target).exists(), "{} links to {target}", path.display());
        }
    }
}

#[test]
fn decisions_are_listed() {
    let list = read("runtime/adr/README.md");
    for entry in fs::read_dir(root().join("runtime/adr")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(name == "README.md" || list.contains(&name), "runtime/adr/README.md does not list {name}");
    }
}

//! The scripts behind `make` keep their word: the last line is the sum, and what is missing is named.

use longshore_support::process::Folder;
use longshore_support::{Failure, Outcome};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// A folder to be the whole `PATH`: the real tools that scripts are made of, and the fake ones given.
fn path_with(fakes: &[(&str, &str)]) -> Outcome<Folder> {
    let folder = Folder::new("path")?;
    for tool in ["bash", "sed", "awk", "tee", "mktemp", "rm", "dirname"] {
        let real = ["/usr/bin", "/bin"].map(|bin| Path::new(bin).join(tool));
        let real = real.iter().find(|file| file.exists());
        symlink(real.ok_or_else(|| Failure::new(format!("{tool} is not installed")))?, folder.path().join(tool))?;
    }
    for (name, body) in fakes {
        let file = folder.path().join(name);
        fs::write(&file, format!("#!/bin/bash\n{body}\n"))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    }
    Ok(folder)
}

fn run(name: &str, argument: &str, path: &Folder) -> Outcome<(Output, String)> {
    let mut command = Command::new("/bin/bash");
    command.arg(script(name)).arg(argument).env("PATH", path.path());
    let output = command.output()?;
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    Ok((output, text))
}

#[test]
fn the_last_line_sums_all_executables_and_checks() -> Outcome {
    let cargo = r#"
        if [ "$1" = test ]; then
          echo 'test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s'
          echo 'test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 2.0s'
        fi"#;
    let (output, text) = run("run.sh", "--workspace", &path_with(&[("cargo", cargo)])?)?;
    assert_eq!(text.lines().last(), Some("46 passed, 0 failed, 1 skipped"), "{text}");
    assert!(output.status.success());
    Ok(())
}

#[test]
fn a_failed_test_a_failed_check_and_a_lost_executable_all_fail_the_run() -> Outcome {
    let failing = [
        ("[ $1 != test ] || { echo 'test result: FAILED. 3 passed; 2 failed; 0 ignored;'; exit 101; }", 6, 2),
        ("[ $1 != fmt ]", 2, 1),
        ("[ $1 != test ] || { echo 'error: test failed (signal: 9)'; exit 101; }", 3, 1),
    ];
    for (cargo, passed, failed) in failing {
        let (output, text) = run("run.sh", "--workspace", &path_with(&[("cargo", cargo)])?)?;
        let sum = format!("{passed} passed, {failed} failed, 0 skipped");
        assert_eq!(text.lines().last(), Some(sum.as_str()), "{cargo}: {text}");
        assert!(!output.status.success(), "{cargo}");
    }
    Ok(())
}

#[test]
fn who_may_not_install_is_told_what_to_install() -> Outcome {
    let path = path_with(&[("cargo", "true"), ("id", "echo 1000"), ("cc", "true")])?;
    let (output, text) = run("prerequisites.sh", "build", &path)?;
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("apt-get install -y --no-install-recommends") && text.contains("pkg-config"), "{text}");
    assert!(!text.contains(" gcc") && !text.contains("kcat"), "not missing, or not asked for: {text}");
    let (_, text) = run("prerequisites.sh", "test", &path)?;
    assert!(text.contains("kcat") && text.contains("maven"), "{text}");
    Ok(())
}

#[test]
fn root_gets_what_is_missing_installed_once() -> Outcome {
    // This apt-get "installs" pkg-config and perl, and leaves a trace of what it was asked for.
    let apt = r#"echo "$*" >&2
        case "$*" in *install*) for t in g++ make perl pkg-config; do
          printf '#!/bin/bash\ntrue\n' > "${0%/*}/${t/g++/c++}"; /bin/chmod +x "${0%/*}/${t/g++/c++}"; done ;; esac"#;
    let path = path_with(&[("cargo", "true"), ("id", "echo 0"), ("cc", "true"), ("apt-get", apt)])?;
    let (output, text) = run("prerequisites.sh", "build", &path)?;
    assert!(output.status.success(), "{text}");
    assert!(text.contains("update") && text.contains("install -y --no-install-recommends g++ make perl"), "{text}");
    let (output, text) = run("prerequisites.sh", "build", &path)?;
    assert!(output.status.success() && text.is_empty(), "the second run did something: {text}");
    Ok(())
}

#[test]
fn without_rust_the_way_to_it_is_shown() -> Outcome {
    let (output, text) = run("prerequisites.sh", "build", &path_with(&[])?)?;
    assert!(!output.status.success() && text.contains("https://rustup.rs"), "{text}");
    Ok(())
}

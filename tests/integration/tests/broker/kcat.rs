//! kcat, as a user would try the broker with it. Debian's kcat carries librdkafka 2.0.2, an old client.

use std::io::Write;
use std::process::{Command, Stdio};

use longshore_support::kcat::kcat;
use longshore_support::{Failure, Outcome};

use super::fixture::Fixture;

/// Pipes `input` into kcat.
async fn pipe(bootstrap: &str, arguments: &[&str], input: &str) -> Outcome {
    let mut command = Command::new("kcat");
    command.args(["-b", bootstrap]).args(arguments).stdin(Stdio::piped());
    let input = input.to_owned();
    let status = tokio::task::spawn_blocking(move || -> Outcome<_> {
        let missing = |error| Failure::new(format!("kcat does not run ({error}): apt-get install -y kcat"));
        let mut child = command.spawn().map_err(missing)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        Ok(child.wait()?)
    });
    let status = status.await??;
    assert!(status.success(), "kcat ended with {status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_writes_lists_and_reads() -> Outcome {
    let broker = Fixture::start().await?;
    let bootstrap = broker.bootstrap();
    pipe(&bootstrap, &["-P", "-t", "t", "-K", ":"], "a:1\nb:2\nc:3\n").await?;
    let listed = kcat(&bootstrap, &["-L"]).await?;
    assert!(listed.contains("topic \"t\" with 1 partitions"), "{listed}");
    let read = kcat(&bootstrap, &["-C", "-t", "t", "-e", "-q", "-f", "%k=%s@%o\n"]).await?;
    assert_eq!(read, "a=1@0\nb=2@1\nc=3@2\n");
    let last = kcat(&bootstrap, &["-C", "-t", "t", "-o", "-1", "-e", "-q"]).await?;
    assert_eq!(last, "3\n");
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_asks_for_offsets_and_reads_in_a_group() -> Outcome {
    let broker = Fixture::start().await?;
    let bootstrap = broker.bootstrap();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        pipe(&bootstrap, &["-P", "-t", "t", "-z", codec], &format!("{codec}\n")).await?;
    }
    let end = kcat(&bootstrap, &["-Q", "-t", "t:0:-1"]).await?;
    assert_eq!(end.trim(), "t [0] offset 5");
    let read = kcat(&bootstrap, &["-G", "g", "-c", "5", "-q", "-X", "auto.offset.reset=earliest", "t"]).await?;
    assert_eq!(read, "none\ngzip\nsnappy\nlz4\nzstd\n");
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_writes_idempotently_and_in_transactions() -> Outcome {
    let broker = Fixture::start().await?;
    let bootstrap = broker.bootstrap();
    pipe(&bootstrap, &["-P", "-t", "t", "-X", "enable.idempotence=true"], "once\n").await?;
    pipe(&bootstrap, &["-P", "-t", "t", "-X", "transactional.id=tx"], "whole\n").await?;
    let committed = ["-C", "-t", "t", "-e", "-q", "-X", "isolation.level=read_committed"];
    assert_eq!(kcat(&bootstrap, &committed).await?, "once\nwhole\n");
    broker.stop().await;
    Ok(())
}

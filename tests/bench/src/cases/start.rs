//! From the start of the process to the first 200 on `GET /connectors`, and what an idle worker holds.

use super::{Bench, progress};
use crate::contestant::{Contestant, Plugins, Who, longshore_properties};
use crate::measure::{age, load};
use crate::report::{Report, Start};
use longshore_support::{LongshoreWorker, Outcome, Rest, fail};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// When an idle worker's memory is looked at.
const IDLE: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(60);

/// Each worker starts once to make its internal topics, which does not count, and then again and again.
pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Outcome {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=bench.rounds {
        for who in Who::BOTH {
            let start = match who {
                Who::Longshore => longshore(bench).await?,
                Who::Jvm => jvm(bench).await?,
            };
            progress(&format!("start of the {}, round {round}: {:.3} s", who.name(), start.ready_s));
            if round == 0 {
                report.note(format!(
                    "the first start of the {}, making its topics: {:.3} s",
                    who.name(),
                    start.ready_s
                ));
                continue;
            }
            who.of(&mut ours, &mut theirs).push(start);
        }
    }
    report.started(Who::Longshore, ours);
    report.started(Who::Jvm, theirs);
    Ok(())
}

async fn longshore(bench: &Bench) -> Outcome<Start> {
    let setup = LongshoreWorker::distributed(longshore_properties(&bench.bootstrap, "start-longshore"))?;
    let rest = setup.rest().clone();
    let started = Instant::now();
    let worker = setup.start_unready()?;
    first_answer(&rest, &worker).await?;
    let ready_s = started.elapsed().as_secs_f64();
    idle(Contestant::Longshore(worker), ready_s).await
}

async fn jvm(bench: &Bench) -> Outcome<Start> {
    let worker = Contestant::start(Who::Jvm, &bench.bootstrap, "start", &Plugins::Own).await?;
    // Looked at every 20 ms, which for this one is precise enough.
    let ready_s = match &worker {
        Contestant::Jvm(jvm) => age(jvm.pid())?.as_secs_f64(),
        Contestant::Longshore(_) => return fail!("the wrong worker was started"),
    };
    idle(worker, ready_s).await
}

async fn idle(worker: Contestant, ready_s: f64) -> Outcome<Start> {
    tokio::time::sleep(IDLE).await;
    let usage = worker.usage()?;
    worker.stop().await?;
    Ok(Start { ready_s, cpu_s: usage.cpu_seconds, idle_bytes: usage.resident_bytes, load: load() })
}

/// Asks every millisecond, over connections without an HTTP client's own cost.
async fn first_answer(rest: &Rest, worker: &LongshoreWorker) -> Outcome {
    let address = rest.url().trim_start_matches("http://").to_owned();
    let asked = Instant::now();
    while !answers(&address).await {
        if asked.elapsed() > DEADLINE || !worker.is_running() {
            return fail!("longshore does not answer:\n{}", worker.logs());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

async fn answers(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let request = format!("GET /connectors HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let asked = async {
        stream.write_all(request.as_bytes()).await?;
        stream.read_to_end(&mut answer).await
    };
    let in_time = tokio::time::timeout(Duration::from_secs(2), asked).await;
    matches!(in_time, Ok(Ok(_))) && answer.starts_with(b"HTTP/1.1 200")
}

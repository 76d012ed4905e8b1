//! The promise about a target that goes and comes back.
use longshore_api::error::ConnectError;
use longshore_api::record::SinkRecord;

use super::life::{Task, accepted, all_are_written, batch, flush_all, put, start, stop};
use crate::call::words;
use crate::{Outcome, SinkHarness};

/// While the target is gone, `put` or `flush` answers a retriable error and claims nothing; when it is back, the same
/// batch is accepted and written.
///
/// # Errors
/// What happened instead.
pub async fn outage_is_retriable_then_recovers<H: SinkHarness>(harness: &mut H) -> Outcome {
    if !H::HAS_OUTAGE {
        println!("not applicable: the target of this connector has no outages");
        return Ok(());
    }
    let mut task = start(harness, 0, &[0]).await?;
    let before = batch(harness, 0, 0..4);
    put::<H>(&mut task, &before).await?;
    flush_all::<H>(&mut task, &accepted(&before)).await?;
    harness.outage().await;
    let during = batch(harness, 0, 4..8);
    let all = accepted(&during);
    let taken = accepts_nothing_durable::<H>(&mut task, &during).await;
    harness.recover().await;
    // Refused as a whole, the batch comes again; taken into a buffer, it does not.
    if !taken? {
        put::<H>(&mut task, &during).await.map_err(|what| format!("after the outage {what}"))?;
    }
    flush_all::<H>(&mut task, &all).await.map_err(|what| format!("after the outage {what}"))?;
    stop(harness, task).await?;
    all_are_written(harness, 0..8).await?;
    let entries = harness.read_back().await?.len();
    // Retried writes may stand twice, but a sink that was asked once for each must not have half-written more.
    if entries > 12 { Err(format!("12 writes left {entries} entries")) } else { Ok(()) }
}

/// Puts and flushes during the outage; says whether `put` took the batch.
async fn accepts_nothing_durable<H: SinkHarness>(task: &mut Task, during: &[SinkRecord]) -> Outcome<bool> {
    let mut taken = false;
    for _ in 0..3 {
        if !taken {
            match tokio::time::timeout(H::PATIENCE, task.put(during)).await {
                Ok(Ok(rejected)) if rejected.0.is_empty() => taken = true,
                Ok(Ok(_)) => return Err("the outage made put reject records: they would be lost".into()),
                Ok(Err(ConnectError::Retriable { .. })) => {}
                Ok(Err(error)) => return Err(format!("the outage is a {} of put", words(&error))),
                Err(_) => return Err(format!("put did not give up within {:?}", H::PATIENCE)),
            }
        }
        let all = accepted(during);
        match tokio::time::timeout(H::PATIENCE, task.flush(&all)).await {
            Ok(Ok(durable)) if taken && durable == all => {
                return Err("flush says that what was put in the outage is durable".into());
            }
            Ok(Ok(_) | Err(ConnectError::Retriable { .. } | ConnectError::Data { .. })) => {}
            Ok(Err(error)) => return Err(format!("the outage is a {} of flush", words(&error))),
            Err(_) => return Err(format!("flush did not give up within {:?}", H::PATIENCE)),
        }
    }
    Ok(taken)
}

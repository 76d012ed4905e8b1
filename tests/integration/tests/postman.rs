//! The Postman collection runs green, from the first request to the last, against a worker as a newcomer starts it.

use longshore_support::newman::run_collection;
use longshore_support::{LongshoreWorker, Outcome};
use std::path::{Path, PathBuf};

fn postman(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../postman").join(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_collection_is_answered_as_it_says() -> Outcome {
    let worker = LongshoreWorker::quickstart()?.start().await?;
    let collection = postman("longshore.postman_collection.json");
    let environment = postman("local.postman_environment.json");
    let url = worker.rest().url().to_owned();
    // Twice: a run leaves nothing behind that the next one stumbles over.
    for _ in 0..2 {
        let report = run_collection(&collection, Some(&environment), &[("baseUrl", &url)]).await?;
        report.expect_success()?;
        assert!(report.requests >= 50 && report.assertions >= 120, "{} {}", report.requests, report.assertions);
    }
    Ok(())
}

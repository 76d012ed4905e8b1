//! Source partitions and offsets: `{"task.id": n}` and where that task goes on, under the names that Confluent's
//! connector stores.
use std::borrow::Cow;

use longshore_api::error::{ConnectError, Result};
use longshore_api::offset::OffsetMap;

/// The number of the task, in its configuration, the source partition and the headers.
pub(crate) const TASK_ID: &str = "task.id";
/// How often the task was restarted, in the offset and the headers.
pub(crate) const TASK_GENERATION: &str = "task.generation";
/// The number of the record: of this one in the headers, of the next one in the offset.
pub(crate) const CURRENT_ITERATION: &str = "current.iteration";
/// The seed that the next record is made from.
pub(crate) const RANDOM_SEED: &str = "random.seed";
/// How often iterations inside arrays, maps and unions were used, comma-separated; only where a schema has such.
pub(crate) const ITERATION_COUNTS: &str = "iteration.counts";

/// Where a task goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    /// The restarts before this one.
    pub(crate) generation: i64,
    /// The number of the next record.
    pub(crate) iteration: u64,
    /// The seed, if one is stored.
    pub(crate) seed: Option<i64>,
    /// Uses of the iterations that not every record uses exactly once.
    pub(crate) counts: Vec<u64>,
}

impl Position {
    /// Reads a stored offset.
    ///
    /// # Errors
    /// Data, naming the entry that makes no sense.
    pub(crate) fn read(offset: &OffsetMap) -> Result<Self> {
        let count = |key: &str| match (offset.get(key), offset.get_i64(key)) {
            (_, Some(n)) if n >= 0 => Ok(n),
            _ => Err(wrong(offset, &format!("\"{key}\" must be a whole number of at least 0"))),
        };
        let seed = match (offset.get(RANDOM_SEED), offset.get_i64(RANDOM_SEED)) {
            (None, _) => None,
            (_, Some(seed)) => Some(seed),
            _ => return Err(wrong(offset, &format!("\"{RANDOM_SEED}\" must be a whole number"))),
        };
        let counts = match offset.get(ITERATION_COUNTS) {
            None => Vec::new(),
            Some(_) => {
                let text = offset.get_str(ITERATION_COUNTS).unwrap_or("?");
                let counts = text.split(',').map(str::parse).collect::<std::result::Result<_, _>>();
                counts.map_err(|_| wrong(offset, &format!("\"{ITERATION_COUNTS}\" must be numbers and commas")))?
            }
        };
        let generation = if offset.get(TASK_GENERATION).is_some() { count(TASK_GENERATION)? } else { 0 };
        Ok(Self { generation, iteration: count(CURRENT_ITERATION)?.cast_unsigned(), seed, counts })
    }
}

/// The source partition of a task.
pub(crate) fn partition(task: i32) -> OffsetMap {
    OffsetMap::with_capacity(1).with(TASK_ID, task)
}

/// The offset to store with a record: where a restarted task goes on after it.
pub(crate) fn offset_after(generation: i64, iteration: i64, seed: i64, counts: Option<String>) -> OffsetMap {
    let mut offset = OffsetMap::with_capacity(3 + usize::from(counts.is_some()));
    offset.insert(Cow::Borrowed(TASK_GENERATION), generation + 1);
    offset.insert(Cow::Borrowed(CURRENT_ITERATION), iteration);
    offset.insert(Cow::Borrowed(RANDOM_SEED), seed);
    if let Some(counts) = counts {
        offset.insert(Cow::Borrowed(ITERATION_COUNTS), counts);
    }
    offset
}

/// Checks a partition and an offset that a user wants to store.
///
/// # Errors
/// Data, with a sentence naming what makes no sense.
pub(crate) fn check(partition: &OffsetMap, offset: Option<&OffsetMap>) -> Result<()> {
    let only_id = partition.iter().all(|(key, _)| key == TASK_ID);
    if !only_id || partition.get_i64(TASK_ID).is_none_or(|id| id < 0) {
        let found = partition.to_json();
        return Err(ConnectError::data(format!(
            "A source partition must look like {{\"{TASK_ID}\":0}}, found {found}."
        )));
    }
    offset.map_or(Ok(()), |offset| Position::read(offset).map(drop))
}

fn wrong(offset: &OffsetMap, why: &str) -> ConnectError {
    ConnectError::data(format!("The offset {} makes no sense: {why}.", offset.to_json()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back() {
        let offset = offset_after(2, 7, -5, Some("3,4".into()));
        let position = Position::read(&offset).unwrap();
        assert_eq!(position, Position { generation: 3, iteration: 7, seed: Some(-5), counts: vec![3, 4] });
        let json = r#"{"task.generation":1,"current.iteration":50,"random.seed":100}"#;
        let confluent = OffsetMap::from_json(&serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(Position::read(&confluent).unwrap().iteration, 50);
    }

    #[test]
    fn senseless_offsets_are_explained() {
        let good = offset_after(0, 1, 1, None);
        assert!(check(&partition(3), Some(&good)).is_ok());
        assert!(check(&partition(3), None).is_ok());
        let error = |p: &OffsetMap, o: &OffsetMap| check(p, Some(o)).unwrap_err().to_string();
        assert!(error(&OffsetMap::default(), &good).contains("task.id"));
        assert!(error(&partition(0).with("x", 1), &good).contains("task.id"));
        assert!(error(&partition(-1), &good).contains("task.id"));
        for key in [CURRENT_ITERATION, TASK_GENERATION, RANDOM_SEED, ITERATION_COUNTS] {
            assert!(error(&partition(0), &good.clone().with(key, "x")).contains(key));
        }
        assert!(error(&partition(0), &good.clone().with(CURRENT_ITERATION, -1)).contains("at least 0"));
    }
}

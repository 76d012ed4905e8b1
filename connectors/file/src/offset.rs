//! Source partitions and offsets: `{"filename": <path>}` and `{"position": <n>}`, as Kafka's own connector stores them.
use longshore_api::error::{ConnectError, Result};
use longshore_api::offset::{OffsetMap, OffsetValue};

use crate::error::FileError;

const FILENAME: &str = "filename";
const POSITION: &str = "position";

/// The partition of a file; standard input has one without a name.
pub(crate) fn partition(file: Option<&str>) -> OffsetMap {
    let name = file.map_or(OffsetValue::Null, |name| name.to_string().into());
    OffsetMap::with_capacity(1).with(FILENAME, name)
}

/// The offset of the byte to read next; standard input has none.
pub(crate) fn offset(position: Option<u64>) -> OffsetMap {
    let position = position.map_or(OffsetValue::Null, |n| i64::try_from(n).unwrap_or(i64::MAX).into());
    OffsetMap::with_capacity(1).with(POSITION, position)
}

/// The byte a stored offset points to; zero where nothing is stored.
pub(crate) fn position(stored: Option<&OffsetMap>, what: &str) -> Result<u64, FileError> {
    let Some(stored) = stored else { return Ok(0) };
    match stored.get(POSITION) {
        None | Some(OffsetValue::Null) => Ok(0),
        Some(_) => {
            let position = stored.get_i64(POSITION).and_then(|n| u64::try_from(n).ok());
            position
                .ok_or_else(|| FileError::StoredOffset { what: what.to_string(), offset: stored.to_json().to_string() })
        }
    }
}

/// Checks offsets that a user wants to store. Forgetting is always allowed, so that garbage can be removed.
pub(crate) fn check(has_file: bool, wanted: &[(OffsetMap, Option<OffsetMap>)]) -> Result<()> {
    if !has_file {
        return Err(ConnectError::data(
            "Offsets cannot be modified while \"file\" is not set: the connector reads standard input and keeps no \
             offsets for it.",
        ));
    }
    for (partition, offset) in wanted {
        if let Some(offset) = offset {
            check_offset(offset).map_err(ConnectError::data)?;
            check_partition(partition).map_err(ConnectError::data)?;
        }
    }
    Ok(())
}

fn check_offset(offset: &OffsetMap) -> Result<(), String> {
    if offset.get(POSITION).is_none() {
        return Err(format!("An offset must be null or contain the key \"{POSITION}\"; found {}.", offset.to_json()));
    }
    match offset.get_i64(POSITION) {
        None => Err(format!("The \"{POSITION}\" of an offset must be a whole number; found {}.", offset.to_json())),
        Some(n) if n < 0 => Err(format!("The \"{POSITION}\" of an offset must not be negative; found {n}.")),
        Some(_) => Ok(()),
    }
}

fn check_partition(partition: &OffsetMap) -> Result<(), String> {
    let found = partition.to_json();
    match partition.get(FILENAME) {
        None => Err(format!("A partition must contain the key \"{FILENAME}\"; found {found}.")),
        Some(OffsetValue::String(_)) if partition.iter().count() == 1 => Ok(()),
        Some(OffsetValue::String(_)) => {
            Err(format!("A partition must contain nothing but the key \"{FILENAME}\"; found {found}."))
        }
        Some(_) => Err(format!("The \"{FILENAME}\" of a partition must be a string; found {found}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_offsets_are_read_back_and_nonsense_is_named() {
        assert_eq!(position(Some(&offset(Some(42))), "f").unwrap(), 42);
        assert_eq!(position(None, "f").unwrap(), 0);
        assert_eq!(position(Some(&offset(None)), "f").unwrap(), 0);
        for bad in [OffsetMap::default().with("position", "7"), OffsetMap::default().with("position", -1)] {
            let sentence = position(Some(&bad), "a.txt").unwrap_err().to_string();
            assert!(sentence.contains("a.txt") && sentence.contains("not a position"), "{sentence}");
        }
    }

    #[test]
    fn users_may_store_positions_of_named_files_only() {
        let file = || partition(Some("a.txt"));
        let refused = [
            (true, file(), OffsetMap::default().with("pos", 1), "contain the key \"position\""),
            (true, file(), OffsetMap::default().with("position", "1"), "whole number"),
            (true, file(), OffsetMap::default().with("position", -1), "negative"),
            (true, OffsetMap::default().with("file", "a"), offset(Some(1)), "contain the key \"filename\""),
            (true, OffsetMap::default().with("filename", 1), offset(Some(1)), "must be a string"),
            (true, file().with("other", 1), offset(Some(1)), "nothing but"),
            (false, file(), offset(Some(1)), "standard input"),
        ];
        for (has_file, partition, offset, part) in refused {
            let error = check(has_file, &[(partition, Some(offset))]).unwrap_err();
            assert!(matches!(error, ConnectError::Data { .. }) && error.to_string().contains(part), "{error}");
        }
        let garbage = OffsetMap::default().with("x", 1);
        assert!(check(true, &[(file(), Some(offset(Some(0)))), (garbage, None)]).is_ok());
    }
}

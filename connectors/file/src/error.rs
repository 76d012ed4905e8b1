//! What can fail, and the only place that says whether it is worth trying again.
use std::io::{Error, ErrorKind};
use std::path::PathBuf;

use longshore_api::error::ConnectError;

/// Everything that can go wrong with a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot open {}: {why}; {}", path.display(), advice(.why))]
    Open { path: PathBuf, why: Error },
    #[error("{} is a folder; name a file in \"file\"", path.display())]
    Folder { path: PathBuf },
    #[error("cannot read {what} at byte {position}: {why}; it is tried again")]
    Read { what: String, position: u64, why: Error },
    #[error(
        "the line that starts at byte {position} of {what} is longer than {limit} bytes, the most that is kept in \
         memory; reading goes on with the line after it"
    )]
    LineTooLong { what: String, position: u64, limit: usize },
    #[error(
        "the stored offset {offset} of {what} is not a position; put {{\"position\": <bytes>}} in its place or delete \
         it (PATCH or DELETE /connectors/<name>/offsets)"
    )]
    StoredOffset { what: String, offset: String },
    #[error("cannot write to {what}: {why}; {}", advice(.why))]
    Write { what: String, why: Error },
    #[error(
        "cannot write to {what} ({why}) and cannot take back what was written by half ({cut}); restart the task: it \
         removes the half line, and the records since the last commit come again"
    )]
    TakeBack { what: String, why: Error, cut: Error },
    #[error("another process has held the lock of {} for {waited_s} s; it is tried again", path.display())]
    Locked { path: PathBuf, waited_s: u64 },
    #[error(
        "the disk did not confirm what was written to {what}: {why}; look after the disk and restart the task: the \
         records since the last commit come again"
    )]
    Sync { what: String, why: Error },
    #[error(
        "{} has no line end in its last {scanned} bytes, so it is no file of lines; name another one in \"file\"",
        path.display()
    )]
    NoLines { path: PathBuf, scanned: u64 },
}

impl From<FileError> for ConnectError {
    fn from(error: FileError) -> Self {
        match &error {
            FileError::LineTooLong { .. } => Self::data(error),
            FileError::Read { .. } | FileError::Locked { .. } => Self::retriable(error),
            FileError::Write { why, .. } | FileError::Open { why, .. } if may_pass(why) => Self::retriable(error),
            // After a failed sync the system may have dropped the data and call the next sync a success, so that
            // trying again would move offsets past lost records.
            FileError::Sync { .. } => Self::fatal(error),
            _ => Self::fatal(error),
        }
    }
}

/// Whether the same call can succeed without anybody changing the configuration or the permissions.
fn may_pass(why: &Error) -> bool {
    use ErrorKind::{
        InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, Unsupported,
    };
    let lasting =
        [InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, Unsupported];
    !lasting.contains(&why.kind())
}

fn advice(why: &Error) -> &'static str {
    match why.kind() {
        ErrorKind::NotFound => "create the folder it should lie in",
        ErrorKind::PermissionDenied => "give the worker's user the right to it",
        ErrorKind::IsADirectory => "name a file in \"file\", not a folder",
        ErrorKind::NotADirectory | ErrorKind::InvalidFilename => "name a file in an existing folder",
        ErrorKind::ReadOnlyFilesystem => "name a file on a file system that can be written",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "nothing of the batch was kept; make room, it is tried again"
        }
        _ => "it is tried again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(error: FileError) -> &'static str {
        match ConnectError::from(error) {
            ConnectError::Retriable { .. } => "retriable",
            ConnectError::Data { .. } => "data",
            ConnectError::Fatal { .. } => "fatal",
            _ => "unknown",
        }
    }

    #[test]
    fn policy() {
        let write = |kind: ErrorKind| FileError::Write { what: "f".into(), why: kind.into() };
        let open = |kind: ErrorKind| FileError::Open { path: "f".into(), why: kind.into() };
        let table = [
            (write(ErrorKind::StorageFull), "retriable"),
            (write(ErrorKind::QuotaExceeded), "retriable"),
            (write(ErrorKind::Other), "retriable"),
            (write(ErrorKind::ReadOnlyFilesystem), "fatal"),
            (open(ErrorKind::PermissionDenied), "fatal"),
            (open(ErrorKind::NotFound), "fatal"),
            (open(ErrorKind::Other), "retriable"),
            (FileError::Folder { path: "f".into() }, "fatal"),
            (FileError::Sync { what: "f".into(), why: ErrorKind::StorageFull.into() }, "fatal"),
            (FileError::LineTooLong { what: "f".into(), position: 7, limit: 9 }, "data"),
            (FileError::Locked { path: "f".into(), waited_s: 10 }, "retriable"),
        ];
        for (error, expected) in table {
            let sentence = error.to_string();
            assert_eq!(answer(error), expected, "{sentence}");
        }
    }

    #[test]
    fn sentences_say_what_to_do() {
        let denied = FileError::Open { path: "/x/y".into(), why: ErrorKind::PermissionDenied.into() }.to_string();
        assert!(denied.contains("/x/y") && denied.contains("give the worker's user the right"), "{denied}");
        let full = FileError::Write { what: "/x/y".into(), why: ErrorKind::StorageFull.into() }.to_string();
        assert!(full.contains("make room"), "{full}");
    }
}

use std::fs;
use std::io::Cursor;

use longshore_api::data::SchemaAndValue;
use longshore_api::error::ConnectError;
use longshore_api::record::{ConnectRecord, TimestampType, TopicPartition};

use super::*;

fn records(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<SinkRecord> {
    let record = |(offset, text): (usize, _)| SinkRecord {
        record: ConnectRecord::new("t", SchemaAndValue::string(AsRef::<str>::as_ref(&text))),
        origin: TopicPartition::new("t", 0),
        offset: i64::try_from(offset).unwrap(),
        timestamp_type: TimestampType::CreateTime,
    };
    texts.into_iter().enumerate().map(record).collect()
}

/// A disk with so much room.
struct SmallDisk {
    room: usize,
    held: Vec<u8>,
}

impl Appendable for SmallDisk {
    fn length(&self) -> io::Result<u64> {
        Ok(self.held.len() as u64)
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let fits = lines.len().min(self.room - self.held.len());
        self.held.extend_from_slice(&lines[..fits]);
        if fits < lines.len() { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.held.truncate(usize::try_from(length).unwrap());
        Ok(())
    }
}

#[test]
fn a_full_disk_keeps_whole_batches_only() {
    let mut disk = SmallDisk { room: 12, held: Vec::new() };
    let mut buffer = String::new();
    assert!(append_whole(&mut disk, &records(["aaaa"]), &mut buffer).is_ok());
    let failure = append_whole(&mut disk, &records(["bbbb", "cccc"]), &mut buffer).err().unwrap();
    assert!(failure.cut.is_none() && failure.why.kind() == ErrorKind::StorageFull);
    assert_eq!(disk.held, b"aaaa\n", "half a batch stayed behind");
    disk.room = 100;
    assert!(append_whole(&mut disk, &records(["bbbb", "cccc"]), &mut buffer).is_ok());
    assert_eq!(disk.held, b"aaaa\nbbbb\ncccc\n");
}

#[test]
fn large_batches_are_written_in_large_pieces_of_whole_lines() {
    let line = "x".repeat(9_999);
    let batch = records(std::iter::repeat_n(&line, 1_000));
    let mut pieces = Vec::new();
    write_lines(&batch, &mut String::new(), |lines| {
        assert_eq!(lines.last(), Some(&b'\n'));
        pieces.push(lines.len());
        Ok(())
    })
    .unwrap();
    assert_eq!(pieces.iter().sum::<usize>(), 10_000_000);
    assert!(pieces.len() <= 11, "{} pieces", pieces.len());
}

#[test]
fn the_end_of_the_last_line_is_found_from_behind() {
    let find = |text: &[u8], limit| end_of_last_line(&mut Cursor::new(text), text.len() as u64, limit).unwrap();
    assert_eq!(find(b"", 10), Some(0));
    assert_eq!(find(b"a\nb\n", 10), Some(4));
    assert_eq!(find(b"a\ntorn", 10), Some(2));
    assert_eq!(find(b"torn", 10), Some(0));
    let long = [b"a\n".as_slice(), &vec![b'x'; 200_000]].concat();
    assert_eq!(find(&long, 1_000_000), Some(2));
    assert_eq!(find(&long, 100_000), None);
}

#[tokio::test]
async fn a_torn_last_line_is_removed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.txt");
    fs::write(&path, "whole\ntor").unwrap();
    let mut output = Output::open(&path).await.unwrap();
    output.append(&records(["torn"]), &mut String::new()).await.unwrap();
    output.sync().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole\ntorn\n");
}

#[tokio::test]
async fn a_file_moved_away_is_followed_by_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("out.txt"), folder.path().join("out.txt.1"));
    let mut output = Output::open(&path).await.unwrap();
    output.append(&records(["a"]), &mut String::new()).await.unwrap();
    fs::rename(&path, &moved).unwrap();
    output.append(&records(["b"]), &mut String::new()).await.unwrap();
    assert_eq!((fs::read_to_string(&moved).unwrap(), fs::read_to_string(&path).unwrap()), ("a\n".into(), "b\n".into()));
}

#[tokio::test]
async fn two_writers_never_mix_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.txt");
    let writer = |letter: &'static str| {
        let path = path.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let mut output = Output::open(&path).await.unwrap();
                let line = letter.repeat(3_000);
                for _ in 0..20 {
                    output.append(&records(std::iter::repeat_n(&line, 400)), &mut String::new()).await.unwrap();
                }
            });
        })
    };
    let writers = [writer("a"), writer("b")];
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(written.lines().count(), 16_000);
    let pure = |line: &str| line.len() == 3_000 && line.bytes().all(|b| b == line.as_bytes()[0]);
    assert!(written.lines().all(pure), "lines were mixed");
}

#[tokio::test]
async fn what_cannot_be_written_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let sentence = async |path: &Path| {
        let error = ConnectError::from(Output::open(path).await.err().unwrap());
        assert!(matches!(error, ConnectError::Fatal { .. }), "{error}");
        error.to_string()
    };
    assert!(sentence(folder.path()).await.contains("is a folder"));
    assert!(sentence(&folder.path().join("missing/out.txt")).await.contains("create the folder"));
    let mut full = Output::open(Path::new("/dev/full")).await.unwrap();
    let error = ConnectError::from(full.append(&records(["x"]), &mut String::new()).await.err().unwrap());
    assert!(error.is_retriable() && error.to_string().contains("make room"), "{error}");
}

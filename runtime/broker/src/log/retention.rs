//! Retention: old segments go when a log is too large or too old (`cleanup.policy=delete`).

use super::partition::PartitionLog;

impl PartitionLog {
    /// Whether records may be deleted from the front at all.
    pub(crate) fn allows_deletion(&self) -> bool {
        self.settings.delete
    }

    /// Removes the oldest segments while the log is larger than `retention.bytes` without them, or while
    /// their newest record is older than `retention.ms`. The newest segment stays, unless all of it is
    /// too old; then a new one is begun first.
    pub(crate) fn enforce_retention(&mut self, now_ms: i64) {
        if !self.settings.delete {
            return;
        }
        if self.is_expired(self.segments.len() - 1, now_ms) && self.roll(now_ms).is_err() {
            return;
        }
        while self.segments.len() > 1 && (self.is_expired(0, now_ms) || self.is_surplus()) {
            self.drop_oldest_segment();
        }
    }

    fn is_expired(&self, at: usize, now_ms: i64) -> bool {
        let segment = &self.segments[at];
        // A segment with markers alone has no record time.
        let newest = if segment.max_timestamp >= 0 { segment.max_timestamp } else { segment.created_ms };
        self.settings.retention_ms >= 0 && segment.size > 0 && now_ms - newest > self.settings.retention_ms
    }

    fn is_surplus(&self) -> bool {
        let Ok(limit) = u64::try_from(self.settings.retention_bytes) else { return false };
        self.size_bytes() - self.segments[0].size >= limit
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::BatchBuilder;
    use super::*;
    use crate::config::BrokerConfig;
    use crate::topics::config::LogSettings;

    fn settings() -> LogSettings {
        let base = LogSettings::resolve(&Default::default(), &BrokerConfig::new("unused"));
        LogSettings { segment_bytes: 500, retention_bytes: 1000, retention_ms: -1, ..base }
    }

    fn filled(settings: LogSettings, batches: i64) -> (tempfile::TempDir, PartitionLog) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = PartitionLog::open(dir.path(), settings, 0).unwrap();
        for at in 0..batches {
            let batch = BatchBuilder::new().record(Some("k"), Some("some value")).at(at).build();
            log.append(&batch, 0).unwrap();
        }
        (dir, log)
    }

    #[test]
    fn a_log_stays_near_its_limit_in_bytes_and_keeps_the_newest() {
        let (dir, mut log) = filled(settings(), 100);
        let before = log.size_bytes();
        log.enforce_retention(0);
        assert!(before > 5000 && log.size_bytes() < 1500, "{} left", log.size_bytes());
        assert_eq!(log.next_offset(), 100);
        assert!(log.start_offset() > 80);
        let files = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(files, log.segments.len());
        let reopened = PartitionLog::open(dir.path(), settings(), 0).unwrap();
        assert_eq!((reopened.start_offset(), reopened.next_offset()), (log.start_offset(), 100));
    }

    #[test]
    fn old_records_go_even_from_the_newest_segment() {
        let by_time = LogSettings { retention_bytes: -1, retention_ms: 1000, ..settings() };
        let (_dir, mut log) = filled(by_time, 100);
        log.enforce_retention(1050);
        assert!(log.start_offset() > 30 && log.start_offset() <= 50, "{}", log.start_offset());
        log.enforce_retention(5000);
        assert_eq!((log.start_offset(), log.next_offset()), (100, 100));
    }

    #[test]
    fn nothing_goes_without_the_delete_policy() {
        let (_dir, mut log) = filled(LogSettings { delete: false, retention_ms: 0, ..settings() }, 50);
        log.enforce_retention(i64::MAX);
        assert_eq!(log.start_offset(), 0);
    }
}

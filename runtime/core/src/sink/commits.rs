//! Invariant 3: consumer offsets never pass what the sink's `flush` returned.
use longshore_api::record::TopicPartition;
use longshore_api::sink::Offsets;

/// Offsets that a sink's `flush` vouched for; only these can be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flushed(Offsets);

impl Flushed {
    /// The offsets.
    pub fn offsets(&self) -> &Offsets {
        &self.0
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How far each of a task's partitions came.
#[derive(Debug, Default)]
pub struct Commits {
    /// The next offset after the last record that was accepted, filtered or reported.
    accepted: Offsets,
    /// What was committed last.
    committed: Offsets,
}

impl Commits {
    /// Every record of `partition` before `next` is settled.
    pub fn accept(&mut self, partition: &TopicPartition, next: i64) {
        match self.accepted.get_mut(partition) {
            Some(offset) => *offset = (*offset).max(next),
            None => {
                self.accepted.insert(partition.clone(), next);
            }
        }
    }

    /// What the sink should make durable: of all partitions, or of those given.
    pub fn accepted(&self, only: Option<&[TopicPartition]>) -> Offsets {
        let wanted = |partition: &TopicPartition| only.is_none_or(|list| list.contains(partition));
        self.accepted.iter().filter(|(p, _)| wanted(p)).map(|(p, o)| (p.clone(), *o)).collect()
    }

    /// Whether anything was accepted since the last commit.
    pub fn is_dirty(&self) -> bool {
        self.accepted.iter().any(|(partition, offset)| self.committed.get(partition) != Some(offset))
    }

    /// What may be committed of a `flush`'s answer: never more than was accepted, nothing for partitions that are
    /// not this task's, and nothing that stands there already.
    pub fn flushed(&self, durable: &Offsets) -> Flushed {
        let bounded = durable.iter().filter_map(|(partition, offset)| {
            let offset = *self.accepted.get(partition)?.min(offset);
            let news = self.committed.get(partition).is_none_or(|committed| *committed < offset);
            news.then(|| (partition.clone(), offset))
        });
        Flushed(bounded.collect())
    }

    /// The commit was acknowledged.
    pub fn committed(&mut self, flushed: &Flushed) {
        self.committed.extend(flushed.0.iter().map(|(p, o)| (p.clone(), *o)));
    }

    /// These partitions are no longer this task's.
    pub fn forget(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.accepted.remove(partition);
            self.committed.remove(partition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(n: i32) -> TopicPartition {
        TopicPartition::new("t", n)
    }

    #[test]
    fn a_sink_cannot_vouch_for_more_than_it_accepted() {
        let mut commits = Commits::default();
        commits.accept(&p(0), 5);
        let boastful = Offsets::from([(p(0), 9), (p(1), 3)]);
        assert_eq!(commits.flushed(&boastful).offsets(), &Offsets::from([(p(0), 5)]));
        let modest = Offsets::from([(p(0), 2)]);
        assert_eq!(commits.flushed(&modest).offsets(), &modest);
    }

    #[test]
    fn offsets_only_move_forward_and_only_once() {
        let mut commits = Commits::default();
        commits.accept(&p(0), 5);
        assert!(commits.is_dirty());
        let flushed = commits.flushed(&Offsets::from([(p(0), 5)]));
        commits.committed(&flushed);
        assert!(!commits.is_dirty());
        assert!(commits.flushed(&Offsets::from([(p(0), 5)])).is_empty());
        assert!(commits.flushed(&Offsets::from([(p(0), 3)])).is_empty());
        commits.accept(&p(0), 4);
        assert!(!commits.is_dirty());
    }

    #[test]
    fn a_partition_that_went_away_leaves_nothing_behind() {
        let mut commits = Commits::default();
        commits.accept(&p(0), 5);
        commits.accept(&p(1), 6);
        assert_eq!(commits.accepted(Some(&[p(1)])), Offsets::from([(p(1), 6)]));
        commits.forget(&[p(0)]);
        assert!(commits.flushed(&Offsets::from([(p(0), 5)])).is_empty());
        assert_eq!(commits.accepted(None), Offsets::from([(p(1), 6)]));
    }
}

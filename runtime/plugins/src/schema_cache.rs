//! What was worked out for a schema, found again by the schema's address.
//!
//! Batches share their schemas, so the same `Arc` comes back record after record. The cache holds on to every schema
//! it knows: an address can't be given to another schema while the entry lives. It never grows beyond its capacity;
//! the entry that was not asked for longest goes first.
use std::sync::Arc;

use longshore_api::data::Schema;

/// How many schemas a transformation remembers: Kafka's own number.
pub(crate) const TRANSFORMED_SCHEMAS: usize = 16;

/// A small cache, most recently used entry first.
pub(crate) struct SchemaCache<T> {
    capacity: usize,
    entries: Vec<(Arc<Schema>, T)>,
}

impl<T> SchemaCache<T> {
    /// A cache of at most `capacity` entries, at least one.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), entries: Vec::new() }
    }

    /// What is known for the schema; `make` works it out where nothing is.
    pub(crate) fn get_or_make<E>(
        &mut self,
        schema: &Arc<Schema>,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&T, E> {
        match self.entries.iter().position(|(known, _)| Arc::ptr_eq(known, schema)) {
            Some(0) => {}
            Some(at) => self.entries[..=at].rotate_right(1),
            None => {
                let made = make()?;
                self.entries.truncate(self.capacity - 1);
                self.entries.insert(0, (Arc::clone(schema), made));
            }
        }
        Ok(&self.entries[0].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_forgets_what_was_not_used_longest() {
        let schemas: Vec<_> = (0..4).map(|_| longshore_api::data::SchemaBuilder::int8().build()).collect();
        let mut cache = SchemaCache::new(2);
        let mut made = Vec::new();
        for at in [0, 1, 0, 2, 0, 1, 3] {
            let value = cache.get_or_make::<()>(&schemas[at], || {
                made.push(at);
                Ok(at)
            });
            assert_eq!(value, Ok(&at));
            assert!(cache.entries.len() <= 2);
        }
        assert_eq!(made, [0, 1, 2, 1, 3]);
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let schema = Schema::string();
        let mut cache = SchemaCache::new(1);
        assert_eq!(cache.get_or_make(&schema, || Err("no")), Err("no"));
        assert_eq!(cache.get_or_make::<()>(&schema, || Ok(1)), Ok(&1));
    }
}

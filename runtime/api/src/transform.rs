//! Single message transforms and their predicates.
use crate::config::ConnectorConfig;
use crate::error::Result;
use crate::record::ConnectRecord;

/// Changes or drops one record at a time. One instance serves one task, in order.
pub trait Transformation: Send {
    /// The changed record, or `None` to drop it on purpose.
    ///
    /// # Errors
    /// Data when this record cannot be transformed; the worker applies `errors.tolerance`.
    fn apply(&mut self, record: ConnectRecord) -> Result<Option<ConnectRecord>>;
}

/// A kind of transformation.
pub trait TransformationClass: Transformation + Sized + 'static {
    /// The class name users put into `transforms.<alias>.type`, with `$Key` or `$Value` where the class has both.
    const CLASS: &'static str;
    /// Its configuration (keys without the `transforms.<alias>.` prefix).
    type Config: ConnectorConfig;

    /// Builds one.
    ///
    /// # Errors
    /// Fatal when keys contradict each other.
    fn new(config: Self::Config) -> Result<Self>;
}

/// Says whether a transformation applies to a record (KIP-585).
pub trait Predicate: Send {
    /// Whether the record matches.
    fn test(&self, record: &ConnectRecord) -> bool;
}

/// A kind of predicate.
pub trait PredicateClass: Predicate + Sized + 'static {
    /// The class name users put into `predicates.<alias>.type`.
    const CLASS: &'static str;
    /// Its configuration (keys without the `predicates.<alias>.` prefix).
    type Config: ConnectorConfig;

    /// Builds one.
    ///
    /// # Errors
    /// Fatal when keys contradict each other.
    fn new(config: Self::Config) -> Result<Self>;
}

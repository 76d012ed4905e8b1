//! Tasks with their types erased, as the worker holds them.
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::Result;
use crate::offset::OffsetMap;
use crate::record::{SinkRecord, SourceRecord, TopicPartition};
use crate::sink::{Offsets, Rejected, SinkTask};
use crate::source::SourceTask;

/// A boxed future that ends with a [`Result`].
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// [`SourceTask`] without its types.
#[allow(missing_docs)]
pub trait DynSourceTask: Send {
    fn poll(&mut self) -> Boxed<'_, Vec<SourceRecord>>;
    fn commit<'a>(&'a mut self, offsets: &'a [(Arc<OffsetMap>, OffsetMap)]) -> Boxed<'a, ()>;
    fn stop(self: Box<Self>) -> Boxed<'static, ()>;
}

impl<T: SourceTask> DynSourceTask for T {
    fn poll(&mut self) -> Boxed<'_, Vec<SourceRecord>> {
        Box::pin(SourceTask::poll(self))
    }

    fn commit<'a>(&'a mut self, offsets: &'a [(Arc<OffsetMap>, OffsetMap)]) -> Boxed<'a, ()> {
        Box::pin(SourceTask::commit(self, offsets))
    }

    fn stop(self: Box<Self>) -> Boxed<'static, ()> {
        Box::pin(SourceTask::stop(*self))
    }
}

/// [`SinkTask`] without its types.
#[allow(missing_docs)]
pub trait DynSinkTask: Send {
    fn open<'a>(&'a mut self, partitions: &'a [TopicPartition]) -> Boxed<'a, ()>;
    fn put<'a>(&'a mut self, batch: &'a [SinkRecord]) -> Boxed<'a, Rejected>;
    fn flush<'a>(&'a mut self, accepted: &'a Offsets) -> Boxed<'a, Offsets>;
    fn close<'a>(&'a mut self, partitions: &'a [TopicPartition]) -> Boxed<'a, ()>;
    fn stop(self: Box<Self>) -> Boxed<'static, ()>;
}

impl<T: SinkTask> DynSinkTask for T {
    fn open<'a>(&'a mut self, partitions: &'a [TopicPartition]) -> Boxed<'a, ()> {
        Box::pin(SinkTask::open(self, partitions))
    }

    fn put<'a>(&'a mut self, batch: &'a [SinkRecord]) -> Boxed<'a, Rejected> {
        Box::pin(SinkTask::put(self, batch))
    }

    fn flush<'a>(&'a mut self, accepted: &'a Offsets) -> Boxed<'a, Offsets> {
        Box::pin(SinkTask::flush(self, accepted))
    }

    fn close<'a>(&'a mut self, partitions: &'a [TopicPartition]) -> Boxed<'a, ()> {
        Box::pin(SinkTask::close(self, partitions))
    }

    fn stop(self: Box<Self>) -> Boxed<'static, ()> {
        Box::pin(SinkTask::stop(*self))
    }
}

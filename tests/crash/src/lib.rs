//! Promises kept when the worker is killed.

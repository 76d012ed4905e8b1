//! Compares a worker with the real one.

//! Promises kept against real services.

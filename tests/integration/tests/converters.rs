//! The built-in converters, transformations and predicates against Kafka Connect's own classes, on the same input.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its own functions too")]

mod converters {
    mod canonical;
    mod floats;
    mod headers;
    mod json;
    mod oracle;
    mod samples;
    mod strings;
    mod transforms;
}

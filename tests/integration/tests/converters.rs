//! The built-in converters, transformations and predicates against Kafka Connect's own classes, on the same input.

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

//! The life of connectors on a distributed worker and a real broker, over the REST API.

mod worker {
    mod chain;
    mod fixture;
    mod life;
    mod offsets;
    mod scale;
    mod topics;
}

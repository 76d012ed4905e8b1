//! The embedded broker under real clients: librdkafka, kcat and the Java client.

mod broker {
    mod admin;
    mod connect;
    mod fixture;
    mod groups;
    mod java;
    mod kcat;
    mod records;
    mod restart;
    mod throughput;
    mod transactions;
}

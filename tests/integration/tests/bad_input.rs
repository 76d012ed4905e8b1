//! What goes wrong is told in one clear sentence, and costs nobody else anything: in every test here another
//! connector of the same worker goes on moving records.

mod bad_input {
    mod broker;
    mod configuration;
    mod disk;
    mod files;
    mod fixture;
    mod plugins;
    mod ports;
    mod records;
    mod secrets;
}

//! The list of routes, as data: what the Postman collection and the tests are made from.

/// One route of the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method.
    pub method: &'static str,
    /// The path; parts in braces stand for a segment.
    pub path: &'static str,
    /// What it does, for a reader.
    pub what: &'static str,
}

const fn route(method: &'static str, path: &'static str, what: &'static str) -> Route {
    Route { method, path, what }
}

/// Every route of the REST API, `HEAD` and `OPTIONS` aside, in the order a reader meets them.
pub const ROUTES: &[Route] = &[
    route("GET", "/", "Who the worker is: version, commit, Kafka cluster id"),
    route("GET", "/health", "Whether the worker is ready to handle requests"),
    route("GET", "/connector-plugins", "The connectors that can be used, or with connectorsOnly=false every plugin"),
    route("GET", "/connector-plugins/{plugin}/config", "The configuration keys of a plugin"),
    route("PUT", "/connector-plugins/{plugin}/config/validate", "Check a configuration, key by key"),
    route("GET", "/connectors", "The names of all connectors; expand=info and expand=status tell more"),
    route("POST", "/connectors", "Create a connector"),
    route("GET", "/connectors/{connector}", "A connector: configuration, tasks, type"),
    route("GET", "/connectors/{connector}/config", "A connector's configuration"),
    route("PUT", "/connectors/{connector}/config", "Replace a connector's configuration, or create the connector"),
    route("PATCH", "/connectors/{connector}/config", "Change some keys of a configuration; null removes a key"),
    route("GET", "/connectors/{connector}/status", "What a connector and its tasks are doing, and why they failed"),
    route("GET", "/connectors/{connector}/tasks", "The configurations of a connector's tasks"),
    route("GET", "/connectors/{connector}/tasks/{task}/status", "What one task is doing"),
    route("POST", "/connectors/{connector}/tasks/{task}/restart", "Restart one task"),
    route("POST", "/connectors/{connector}/restart", "Restart a connector and, if asked, its tasks"),
    route("PUT", "/connectors/{connector}/pause", "Pause a connector and its tasks"),
    route("PUT", "/connectors/{connector}/resume", "Resume a paused or stopped connector"),
    route("PUT", "/connectors/{connector}/stop", "Stop a connector: nothing is left but its configuration"),
    route("GET", "/connectors/{connector}/topics", "The topics a connector has used"),
    route("PUT", "/connectors/{connector}/topics/reset", "Forget which topics a connector has used"),
    route("GET", "/connectors/{connector}/offsets", "How far a connector is"),
    route("PATCH", "/connectors/{connector}/offsets", "Change a stopped connector's offsets"),
    route("DELETE", "/connectors/{connector}/offsets", "Forget a stopped connector's offsets"),
    route("DELETE", "/connectors/{connector}", "Delete a connector"),
];

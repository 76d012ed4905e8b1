//! Ready-made schemas: one file each, embedded.

/// A ready-made schema.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Quickstart {
    /// Its name, in lower case.
    pub(crate) name: &'static str,
    /// The name of the file that holds the same schema in Confluent's connector, if it has one.
    file: &'static str,
    /// The field that is the key unless the user names another; empty where the schema has a key of its own.
    pub(crate) key_field: &'static str,
    /// The annotated schema.
    pub(crate) schema: &'static str,
}

macro_rules! quickstarts {
    ($($name:literal, $file:literal, $key:literal;)*) => {
        /// All of them.
        pub(crate) static ALL: &[Quickstart] = &[
            $(Quickstart {
                name: $name,
                file: $file,
                key_field: $key,
                schema: include_str!(concat!($name, ".avsc")),
            }),*
        ];
    };
}
quickstarts! {
    "campaign_finance", "campaign_finance.avro", "candidate_id";
    "clickstream", "clickstream_schema.avro", "ip";
    "clickstream_codes", "clickstream_codes_schema.avro", "code";
    "clickstream_users", "clickstream_users_schema.avro", "user_id";
    "credit_cards", "credit_cards.avro", "card_id";
    "device_information", "device_information.avro", "device_ip";
    "fleet_mgmt_description", "fleet_mgmt_description.avro", "vehicle_id";
    "fleet_mgmt_location", "fleet_mgmt_location.avro", "vehicle_id";
    "fleet_mgmt_sensors", "fleet_mgmt_sensors.avro", "vehicle_id";
    "gaming_games", "gaming_games.avro", "id";
    "gaming_player_activity", "gaming_player_activity.avro", "player_id";
    "gaming_players", "gaming_players.avro", "player_id";
    "insurance_customer_activity", "insurance_customer_activity.avro", "activity_id";
    "insurance_customers", "insurance_customers.avro", "customer_id";
    "insurance_offers", "insurance_offers.avro", "offer_id";
    "inventory", "inventory.avro", "id";
    "orders", "orders_schema.avro", "orderid";
    "pageviews", "pageviews_schema.avro", "viewtime";
    "payroll_bonus", "payroll_bonus.avro", "employee_id";
    "payroll_employee", "payroll_employee.avro", "employee_id";
    "payroll_employee_location", "payroll_employee_location.avro", "employee_id";
    "pizza_orders", "pizza_orders.avro", "store_id";
    "pizza_orders_cancelled", "pizza_orders_cancelled.avro", "store_id";
    "pizza_orders_completed", "pizza_orders_completed.avro", "store_id";
    "product", "product.avro", "id";
    "purchases", "purchase.avro", "id";
    "ratings", "ratings_schema.avro", "rating_id";
    "shoe_clickstream", "shoe_clickstream.avro", "product_id";
    "shoe_customers", "shoe_customers.avro", "id";
    "shoe_orders", "shoe_orders.avro", "order_id";
    "shoes", "shoes.avro", "id";
    "siem_logs", "siem_logs.avro", "hostname";
    "stock_trades", "stock_trades_schema.avro", "symbol";
    "stores", "stores.avro", "store_id";
    "syslog_logs", "syslog_logs.avro", "host";
    "transactions", "transactions.avro", "transaction_id";
    "users", "users_schema.avro", "userid";
    "users_", "users_array_map_schema.avro", "userid";
    "stock_bids", "", "";
    "taxi_rides", "", "ride_id";
}

/// A quick-start by its name, whatever the case.
pub(crate) fn find(name: &str) -> Option<&'static Quickstart> {
    ALL.iter().find(|quickstart| quickstart.name.eq_ignore_ascii_case(name))
}

/// The quick-start whose schema Confluent's connector carries in a file of that name.
pub(crate) fn of_file(file: &str) -> Option<&'static Quickstart> {
    ALL.iter().find(|quickstart| !file.is_empty() && quickstart.file == file)
}

#[cfg(test)]
mod tests;

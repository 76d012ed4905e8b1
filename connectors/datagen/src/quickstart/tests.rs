use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use longshore_api::data::{DATE, DECIMAL, Schema, Struct, TIMESTAMP, Type, Value, conforms};

use super::*;
use crate::generator::{Files, Generator, Plan};

/// Name, key field, record name, and fields with their types, as users of Confluent's connector know them. `?` marks an
/// optional field.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    (
        "campaign_finance",
        "candidate_id",
        "datagen.campaign_finance",
        "time:int64 candidate_id:string party_affiliation:string contribution:int32",
    ),
    (
        "clickstream",
        "ip",
        "clickstream.events",
        "ip:string userid:int32 remote_user:string time:string _time:int64 request:string status:string bytes:string referrer:string agent:string",
    ),
    ("clickstream_codes", "code", "clickstream.codes", "code:int32 definition:string"),
    (
        "clickstream_users",
        "user_id",
        "clickstream.users",
        "user_id:int32 username:string registered_at:int64 first_name:string last_name:string city:string level:string",
    ),
    (
        "credit_cards",
        "card_id",
        "datagen.example.users",
        "card_id:int32 card_number:int64 cvv:int32 expiration_date:string",
    ),
    (
        "device_information",
        "device_ip",
        "device_information.device_information",
        "device_ip:string mac_address:string owner:string",
    ),
    (
        "fleet_mgmt_description",
        "vehicle_id",
        "fleet_mgmt.fleet_mgmt_description",
        "vehicle_id:int32 driver_name:string license_plate:string",
    ),
    (
        "fleet_mgmt_location",
        "vehicle_id",
        "fleet_mgmt.fleet_mgmt_location",
        "vehicle_id:int32 location:fleet_mgmt.location{latitude:float64 longitude:float64} ts:timestamp",
    ),
    (
        "fleet_mgmt_sensors",
        "vehicle_id",
        "fleet_mgmt.fleet_mgmt_sensors",
        "vehicle_id:int32 engine_temperature:int32 average_rpm:int32",
    ),
    ("gaming_games", "id", "gaming.gaming_games", "id:int32 room_name:string created_date:timestamp"),
    (
        "gaming_player_activity",
        "player_id",
        "gaming.gaming_player_activity",
        "player_id:int32 game_room_id:int32 points:int32 coordinates:string",
    ),
    ("gaming_players", "player_id", "gaming.gaming_players", "player_id:int32 player_name:string ip:string"),
    (
        "insurance_customer_activity",
        "activity_id",
        "insurance.insurance_customer_activity",
        "activity_id:int32 customer_id:int32 activity_type:string propensity_to_churn:float64 ip_address:string",
    ),
    (
        "insurance_customers",
        "customer_id",
        "insurance.insurance_customers",
        "customer_id:int32 first_name:string last_name:string email:string gender:string income:int32 fico:int32 years_active:int32",
    ),
    ("insurance_offers", "offer_id", "insurance.insurance_offers", "offer_id:int32 offer_name:string offer_url:string"),
    ("inventory", "id", "ksql.inventory", "id:int64 quantity:int64 productid:int64"),
    (
        "orders",
        "orderid",
        "ksql.orders",
        "ordertime:int64 orderid:int32 itemid:string orderunits:float64 address:ksql.address{city:string state:string zipcode:int64}",
    ),
    ("pageviews", "viewtime", "ksql.pageviews", "viewtime:int64 userid:string pageid:string"),
    ("payroll_bonus", "employee_id", "payroll.payroll_bonus", "employee_id:int32 bonus:int32 ts:timestamp"),
    (
        "payroll_employee",
        "employee_id",
        "payroll.payroll_employee",
        "employee_id:int32 first_name:string last_name:string age:int32 ssn:string hourly_rate:int32 gender:string email:string",
    ),
    (
        "payroll_employee_location",
        "employee_id",
        "payroll.payroll_employee_location",
        "employee_id:int32 lab:string department_id:int32 arrival_date:date",
    ),
    (
        "pizza_orders",
        "store_id",
        "pizza_orders.pizza_orders",
        "store_id:int32 store_order_id:int32 coupon_code:int32 date:date status:string order_lines:[pizza_orders.order_line{product_id:int32 category:string quantity:int32 unit_price:float64 net_price:float64}]",
    ),
    (
        "pizza_orders_cancelled",
        "store_id",
        "pizza_orders.pizza_orders_cancelled",
        "store_id:int32 store_order_id:int32 date:date status:string",
    ),
    (
        "pizza_orders_completed",
        "store_id",
        "pizza_orders.pizza_orders_completed",
        "store_id:int32 store_order_id:int32 date:date status:string rack_time_secs:int32 order_delivery_time_secs:int32",
    ),
    ("product", "id", "ksql.product", "id:int64 name:string description:string price:float64"),
    (
        "purchases",
        "id",
        "datagen.example.purchase",
        "id:int64 item_type:string quantity:int64 price_per_unit:decimal(2)",
    ),
    (
        "ratings",
        "rating_id",
        "ksql.ratings",
        "rating_id:int64 user_id:int32 stars:int32 route_id:int32 rating_time:int64 channel:string message:string",
    ),
    (
        "shoe_clickstream",
        "product_id",
        "shoes.shoe_clickstream",
        "product_id:string user_id:string view_time:int32 page_url:string ip:string ts:timestamp",
    ),
    (
        "shoe_customers",
        "id",
        "shoes.shoe_customers",
        "id:string first_name:string last_name:string email:string phone:string street_address:string state:string zip_code:string country:string country_code:string",
    ),
    (
        "shoe_orders",
        "order_id",
        "shoes.shoe_orders",
        "order_id:int32 product_id:string customer_id:string ts:timestamp",
    ),
    ("shoes", "id", "shoes.shoe_product", "id:string brand:string name:string sale_price:int32 rating:float64"),
    (
        "siem_logs",
        "hostname",
        "siem_logs.siem_logs",
        "hostname:string action:string l4:string access_group:string source:siem_logs.source{ip:string port:int32} destination:siem_logs.destination{ip:string port:int32}",
    ),
    (
        "stock_trades",
        "symbol",
        "ksql.StockTrade",
        "side:string quantity:int32 symbol:string price:int32 account:string userid:string",
    ),
    ("stores", "store_id", "datagen.example.stores", "store_id:int32 city:string state:string"),
    (
        "syslog_logs",
        "host",
        "syslogs.syslog_logs",
        "name:string type:string message:string host:string version:string tag:string level:int32 facility:string severity:int32 appName:string remoteAddress:string rawMessage:string processId:string messageId:string deviceVendor:string deviceProduct:string deviceVersion:string ts:int64",
    ),
    (
        "transactions",
        "transaction_id",
        "datagen.example.transactions",
        "transaction_id:int64 card_id:int64 user_id:string purchase_id:int64 store_id:int32",
    ),
    ("users", "userid", "ksql.users", "registertime:int64 userid:string regionid:string gender:string"),
    (
        "users_",
        "userid",
        "ksql.users",
        "registertime:int64 userid:string regionid:string gender:string interests:[string] contactinfo:<string>",
    ),
    ("stock_bids", "", "longshore.stock_bids", "symbol:string price:float64 time:string"),
    (
        "taxi_rides",
        "ride_id",
        "longshore.taxi_rides",
        "ride_id:int64 taxi_id:string driver:string pickup_time:timestamp pickup_zone:string dropoff_zone:string passengers:int32 distance_km:float64 duration_s:int32 payment:string fare:decimal(2) tip:decimal(2)?",
    ),
];

fn shape(schema: &Arc<Schema>) -> String {
    let shape = match (schema.ty(), schema.name()) {
        (_, Some(DECIMAL)) => format!("decimal({})", schema.decimal_scale().unwrap()),
        (_, Some(TIMESTAMP)) => "timestamp".into(),
        (_, Some(DATE)) => "date".into(),
        (Type::Array, _) => format!("[{}]", shape(schema.value_schema().unwrap())),
        (Type::Map, _) => format!("<{}>", shape(schema.value_schema().unwrap())),
        (Type::Struct, Some(name)) => format!("{name}{{{}}}", fields(schema)),
        (ty, _) => ty.name().into(),
    };
    format!("{shape}{}", if schema.is_optional() { "?" } else { "" })
}

fn fields(schema: &Schema) -> String {
    let fields: Vec<_> = schema.fields().iter().map(|f| format!("{}:{}", f.name(), shape(f.schema()))).collect();
    fields.join(" ")
}

fn plan(name: &str) -> Plan {
    let quickstart = find(name).unwrap();
    Plan::compile(quickstart.schema, quickstart.key_field, Files::Read).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn records(name: &str, count: usize) -> Vec<Struct> {
    let mut generator = Generator::new(Arc::new(plan(name)), 5, 0, &[]);
    (0..count).map(|_| generator.next().1.value.as_struct().unwrap().clone()).collect()
}

/// All values that a field takes in many records.
fn domain(name: &str, field: &str) -> HashSet<String> {
    records(name, 3000).iter().map(|record| format!("{:?}", record.get(field).unwrap())).collect()
}

#[test]
fn every_name_has_the_fields_that_users_know() {
    assert_eq!(KNOWN.iter().map(|row| row.0).collect::<Vec<_>>(), ALL.iter().map(|q| q.name).collect::<Vec<_>>());
    for (name, key, record, expected) in KNOWN {
        let plan = plan(name);
        assert_eq!(find(name).unwrap().key_field, *key, "{name}");
        assert_eq!(plan.schema().name(), Some(*record), "{name}");
        assert_eq!(fields(plan.schema()), *expected, "{name}");
    }
}

#[test]
fn a_thousand_records_of_each_conform_to_their_schema() {
    for quickstart in ALL {
        let plan = Arc::new(plan(quickstart.name));
        let mut generator = Generator::new(Arc::clone(&plan), 1, 0, &[]);
        let mut distinct = HashSet::new();
        for _ in 0..1000 {
            let (key, value) = generator.next();
            conforms(key.schema.as_ref().unwrap(), &key.value).unwrap_or_else(|e| panic!("{}: {e}", quickstart.name));
            conforms(plan.schema(), &value.value).unwrap_or_else(|e| panic!("{}: {e}", quickstart.name));
            if !quickstart.key_field.is_empty() {
                assert_eq!(Some(&key.value), value.value.as_struct().unwrap().get(quickstart.key_field));
            }
            distinct.insert(format!("{:?}", value.value));
        }
        assert!(distinct.len() > 4, "{} has only {} records", quickstart.name, distinct.len());
    }
}

#[test]
fn topics_that_are_joined_share_their_keys() {
    let joins = [
        ("pageviews", "userid", "users", "userid"),
        ("stock_trades", "userid", "users", "userid"),
        ("transactions", "user_id", "users", "userid"),
        ("users_", "userid", "users", "userid"),
        ("insurance_customer_activity", "customer_id", "insurance_customers", "customer_id"),
        ("gaming_player_activity", "player_id", "gaming_players", "player_id"),
        ("payroll_bonus", "employee_id", "payroll_employee", "employee_id"),
        ("payroll_employee_location", "employee_id", "payroll_employee", "employee_id"),
        ("shoe_orders", "product_id", "shoes", "id"),
        ("shoe_orders", "customer_id", "shoe_customers", "id"),
        ("shoe_clickstream", "product_id", "shoes", "id"),
        ("shoe_clickstream", "user_id", "shoe_customers", "id"),
        ("syslog_logs", "host", "device_information", "device_ip"),
        ("siem_logs", "hostname", "device_information", "device_ip"),
        ("transactions", "store_id", "stores", "store_id"),
        ("clickstream", "userid", "clickstream_users", "user_id"),
    ];
    for (topic, field, other, key) in joins {
        let (values, keys) = (domain(topic, field), domain(other, key));
        assert!(values.is_subset(&keys), "{topic}.{field} has values that {other}.{key} has not");
    }
    // The types differ here, as they do in Confluent's connector.
    let digits = |name, field| -> HashSet<String> {
        domain(name, field).iter().map(|text| text.chars().filter(char::is_ascii_digit).skip(2).collect()).collect()
    };
    assert!(digits("transactions", "card_id").is_subset(&digits("credit_cards", "card_id")));
    let plain = |name, field: &str| -> HashSet<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.as_i64().unwrap().to_string(), Into::into);
        records(name, 3000).iter().map(|record| text(record.get(field).unwrap())).collect()
    };
    assert!(plain("clickstream", "status").is_subset(&plain("clickstream_codes", "code")));
}

#[test]
fn pizza_orders_end_either_way() {
    let numbers = |name| -> Vec<_> {
        records(name, 4).iter().map(|r| r.get("store_order_id").unwrap().as_i64().unwrap()).collect()
    };
    assert_eq!(numbers("pizza_orders"), [1000, 1001, 1002, 1003]);
    assert_eq!(numbers("pizza_orders_completed"), [1000, 1002, 1004, 1006]);
    assert_eq!(numbers("pizza_orders_cancelled"), [1001, 1003, 1005, 1007]);
}

#[test]
fn stock_bids_are_what_the_tour_shows() {
    let records = records("stock_bids", 2000);
    let mut symbols: HashMap<String, usize> = HashMap::new();
    for record in &records {
        *symbols.entry(record.get("symbol").unwrap().as_str().unwrap().to_string()).or_default() += 1;
        let Value::Float64(price) = record.get("price").unwrap() else { panic!("no price") };
        assert!((80.0..720.0).contains(price) && (price * 100.0 - (price * 100.0).round()).abs() < 1e-6, "{price}");
    }
    assert_eq!(symbols.len(), 4);
    assert_eq!(records[3].get("time").unwrap().as_str(), Some("2026-01-02T14:30:00.750Z"));
}

#[test]
fn names_are_found_in_any_case_and_files_by_their_name() {
    assert_eq!(find("Stock_Trades").map(|q| q.name), Some("stock_trades"));
    assert_eq!(find("nothing"), None);
    assert_eq!(find(""), None);
    assert_eq!(of_file("users_schema.avro").map(|q| q.name), Some("users"));
    assert_eq!(of_file("users_array_map_schema.avro").map(|q| q.name), Some("users_"));
    assert_eq!(of_file(""), None);
}

#[test]
fn the_readme_lists_them_all() {
    let mut table = String::from("| name | key | fields |\n|---|---|---|\n");
    for quickstart in ALL {
        let key = match quickstart.key_field {
            "" => "a random UUID".to_string(),
            field => format!("`{field}`"),
        };
        let plan = plan(quickstart.name);
        let field = |f: &longshore_api::data::Field| format!("`{}` {}", f.name(), described(f.schema()));
        let fields: Vec<_> = plan.schema().fields().iter().map(field).collect();
        table.push_str(&format!("| `{}` | {key} | {} |\n", quickstart.name, fields.join(", ")));
    }
    let readme = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    longshore_contract::readme::is_fresh(readme, "<!-- quick-starts -->", "<!-- end of quick-starts -->", &table)
        .unwrap();
}

/// A type in words, names of records left out.
fn described(schema: &Arc<Schema>) -> String {
    let words = match schema.ty() {
        Type::Struct => {
            let inner = schema.fields().iter().map(|f| format!("`{}` {}", f.name(), described(f.schema())));
            format!("struct ({})", inner.collect::<Vec<_>>().join(", "))
        }
        Type::Array => format!("array of {}", described(schema.value_schema().unwrap())),
        Type::Map => format!("map of {}", described(schema.value_schema().unwrap())),
        _ => return shape(schema).replace('?', " or null"),
    };
    if schema.is_optional() { format!("{words} or null") } else { words }
}

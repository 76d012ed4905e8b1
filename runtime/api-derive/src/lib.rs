//! The derives behind `longshore_api::config`.
#![forbid(unsafe_code)]
mod attributes;
mod choice;
mod config;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a `ConnectorConfig`.
///
/// Each field is a key. Its doc comment is the documentation users read; a field without one does not compile. The
/// key is the field's name with dots for underscores unless `key` says otherwise. Attributes, all optional:
///
/// `#[config(key = "…", default = …, importance = High | Medium | Low, ty = Int, group = "…", order = 1,
/// width = Short, display = "…", min = 1, max = 10, one_of = ["…"], non_empty, rule = path, recommended = ["…"],
/// dependents = ["…"])]`
///
/// A field without `default` is required unless its type is an `Option`. On the struct,
/// `#[config(check = path)]` names a `fn(&Self) -> Vec<Problem>` for rules that span several keys.
#[proc_macro_derive(ConnectorConfig, attributes(config))]
pub fn connector_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    config::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum without data a configuration value. A variant's text is its name in lower case, or what
/// `#[config(name = "…")]` says.
#[proc_macro_derive(ConfigChoice, attributes(config))]
pub fn config_choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

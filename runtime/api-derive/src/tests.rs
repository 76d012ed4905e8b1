use syn::parse_quote;

use crate::{choice, config};

fn refusal(input: &syn::DeriveInput) -> String {
    config::expand(input).unwrap_err().to_string()
}

#[test]
fn a_field_without_a_doc_comment_does_not_compile() {
    let documented = parse_quote! {
        struct Config {
            /// Where records go.
            topic: String,
        }
    };
    assert!(config::expand(&documented).is_ok());
    let silent = parse_quote! {
        struct Config {
            topic: String,
        }
    };
    assert!(refusal(&silent).contains("`topic` needs a doc comment"), "{}", refusal(&silent));
    let blank = parse_quote! {
        struct Config {
            #[doc = "  "]
            topic: String,
        }
    };
    assert!(refusal(&blank).contains("needs a doc comment"));
}

#[test]
fn what_the_attribute_does_not_know_is_named() {
    let misspelt = parse_quote! {
        struct Config {
            /// Where records go.
            #[config(defualt = "x")]
            topic: String,
        }
    };
    assert!(refusal(&misspelt).contains("unknown key"), "{}", refusal(&misspelt));
    let computed = parse_quote! {
        struct Config {
            /// Where records go.
            #[config(default = topic())]
            topic: String,
        }
    };
    assert!(refusal(&computed).contains("expected a literal"), "{}", refusal(&computed));
}

#[test]
fn only_structs_with_named_fields_and_enums_without_data() {
    assert!(refusal(&parse_quote! { struct Config(String); }).contains("named fields"));
    assert!(refusal(&parse_quote! { enum Config { A } }).contains("named fields"));
    let with_data = parse_quote! {
        enum Mode {
            Fast(u8),
        }
    };
    assert!(choice::expand(&with_data).unwrap_err().to_string().contains("without data"));
}

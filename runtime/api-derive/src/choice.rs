//! `#[derive(ConfigChoice)]`.
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, LitStr};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "ConfigChoice is for enums without data"));
    };
    let (mut names, mut variants) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "ConfigChoice is for enums without data"));
        }
        let mut name = variant.ident.to_string().to_lowercase();
        for attribute in variant.attrs.iter().filter(|a| a.path().is_ident("config")) {
            attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("name") {
                    return Err(meta.error("a variant takes #[config(name = \"…\")] only"));
                }
                name = meta.value()?.parse::<LitStr>()?.value();
                Ok(())
            })?;
        }
        names.push(name);
        variants.push(&variant.ident);
    }
    let ident = &input.ident;
    Ok(quote! {
        impl ::longshore_api::config::FromConfig for #ident {
            const TYPE: ::longshore_api::config::ConfigType = ::longshore_api::config::ConfigType::String;
            const CHOICES: &'static [&'static str] = &[#(#names),*];

            fn from_config(text: &str) -> ::std::result::Result<Self, ::std::string::String> {
                match text.trim() {
                    #(#names => ::std::result::Result::Ok(Self::#variants),)*
                    _ => ::std::result::Result::Err(::std::format!(
                        "String must be one of: {}",
                        <Self as ::longshore_api::config::FromConfig>::CHOICES.join(", ")
                    )),
                }
            }
        }
    })
}

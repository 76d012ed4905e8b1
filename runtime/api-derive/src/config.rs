//! `#[derive(ConnectorConfig)]`.
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Field, Fields, Path};

use crate::attributes::{KeyAttributes, documentation};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "ConnectorConfig is for structs with named fields"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(&input.ident, "ConnectorConfig is for structs with named fields"));
    };
    let (mut keys, mut reads, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for field in &fields.named {
        let Some(name) = &field.ident else { continue };
        let attributes = KeyAttributes::read(&field.attrs)?;
        let key = attributes.key.clone().unwrap_or_else(|| name.to_string().replace('_', "."));
        keys.push(definition(field, name, &key, &attributes)?);
        reads.push(read(field, name, &key, &attributes));
        names.push(name);
    }
    let ident = &input.ident;
    let check = struct_check(input)?.map(|path| quote!(problems.extend(#path(&config));));
    Ok(quote! {
        impl ::longshore_api::config::ConnectorConfig for #ident {
            fn config_def() -> ::longshore_api::config::ConfigDef {
                ::longshore_api::config::ConfigDef::new(::std::vec![#(#keys),*])
            }

            fn from_props(
                props: &::longshore_api::config::Props,
            ) -> ::std::result::Result<Self, ::std::vec::Vec<::longshore_api::config::Problem>> {
                let mut problems = <Self as ::longshore_api::config::ConnectorConfig>::config_def().problems(props);
                #(#reads)*
                match (#(#names,)*) {
                    (#(::std::option::Option::Some(#names),)*) if problems.is_empty() => {
                        let config = Self { #(#names),* };
                        #check
                        if problems.is_empty() {
                            ::std::result::Result::Ok(config)
                        } else {
                            ::std::result::Result::Err(problems)
                        }
                    }
                    _ => ::std::result::Result::Err(problems),
                }
            }
        }
    })
}

fn definition(field: &Field, name: &Ident, key: &str, attributes: &KeyAttributes) -> syn::Result<TokenStream> {
    let documentation = documentation(&field.attrs);
    if documentation.is_empty() {
        let message = format!("the field `{name}` needs a doc comment: it is the documentation users read");
        return Err(syn::Error::new_spanned(name, message));
    }
    let ty = &field.ty;
    let kafka_type = match &attributes.ty {
        Some(ident) => quote!(::longshore_api::config::ConfigType::#ident),
        None => quote!(<#ty as ::longshore_api::config::FromConfig>::TYPE),
    };
    let default = match &attributes.default {
        Some(text) => quote!(::longshore_api::config::Default::Value(#text.into())),
        None => quote!(if <#ty as ::longshore_api::config::FromConfig>::OPTIONAL {
            ::longshore_api::config::Default::Null
        } else {
            ::longshore_api::config::Default::Required
        }),
    };
    let importance = attributes.importance.clone().unwrap_or_else(|| Ident::new("High", Span::call_site()));
    let validator = validator(ty, attributes);
    let group = attributes.group.as_ref().map(|group| {
        let order = attributes.order.as_ref().map_or_else(|| quote!(-1), |order| quote!(#order));
        let width = attributes.width.clone().unwrap_or_else(|| Ident::new("None", Span::call_site()));
        let display = attributes.display.clone().unwrap_or_else(|| key.to_string());
        quote!(key = key.in_group(#group, #order, ::longshore_api::config::Width::#width, #display);)
    });
    let recommended = match &attributes.recommended {
        Some(list) => {
            let values = &list.elems;
            quote!(key = key.recommending([#values]);)
        }
        None => quote!(key = key.recommending(<#ty as ::longshore_api::config::FromConfig>::CHOICES.iter().copied());),
    };
    let dependents = attributes.dependents.as_ref().map(|list| {
        let values = list.elems.iter();
        quote!(key.dependents = ::std::vec![#(#values.into()),*];)
    });
    Ok(quote!({
        #[allow(unused_mut)]
        let mut key = ::longshore_api::config::ConfigKey::new(
            #key, #kafka_type, #default, ::longshore_api::config::Importance::#importance, #documentation,
        ).checked(#validator);
        #group
        #recommended
        #dependents
        key
    }))
}

fn validator(ty: &syn::Type, attributes: &KeyAttributes) -> TokenStream {
    let bound = |bound: &Option<syn::Expr>| match bound {
        Some(value) => quote!(::std::option::Option::Some(#value as f64)),
        None => quote!(::std::option::Option::None),
    };
    if let Some(rule) = &attributes.rule {
        return quote!(::longshore_api::config::Validator::Rule(#rule));
    }
    if let Some(list) = &attributes.one_of {
        let values = list.elems.iter();
        return quote!(::longshore_api::config::Validator::OneOf(::std::vec![#(#values.into()),*]));
    }
    if attributes.min.is_some() || attributes.max.is_some() {
        let (min, max) = (bound(&attributes.min), bound(&attributes.max));
        return quote!(::longshore_api::config::Validator::Range { min: #min, max: #max });
    }
    if attributes.non_empty {
        return quote!(::longshore_api::config::Validator::NonEmpty);
    }
    // The type's own parser is the rule, so that a choice or a number of another width is checked by `validate` too.
    quote!(::longshore_api::config::Validator::Rule(
        |text| <#ty as ::longshore_api::config::FromConfig>::from_config(text).map(|_| ())
    ))
}

fn read(field: &Field, name: &Ident, key: &str, attributes: &KeyAttributes) -> TokenStream {
    let ty = &field.ty;
    let default = match &attributes.default {
        Some(text) => quote!(::std::option::Option::Some(#text)),
        None => quote!(::std::option::Option::None),
    };
    quote! {
        let given: ::std::option::Option<&str> = props.get(#key).map(::std::string::String::as_str);
        let #name: ::std::option::Option<#ty> = match given.or(#default) {
            ::std::option::Option::None => <#ty as ::longshore_api::config::FromConfig>::missing(),
            ::std::option::Option::Some(text) => {
                match <#ty as ::longshore_api::config::FromConfig>::from_config(text) {
                    ::std::result::Result::Ok(value) => ::std::option::Option::Some(value),
                    ::std::result::Result::Err(why) => {
                        // Already found by the key's own check, unless that check is another rule.
                        if !problems.iter().any(|problem| problem.key == #key) {
                            problems.push(::longshore_api::config::Problem::new(#key, ::std::format!(
                                "Invalid value for configuration {}: {why}", #key
                            )));
                        }
                        ::std::option::Option::None
                    }
                }
            }
        };
    }
}

fn struct_check(input: &DeriveInput) -> syn::Result<Option<Path>> {
    let mut check = None;
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("config")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("check") {
                return Err(meta.error("a struct takes #[config(check = path)] only"));
            }
            check = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(check)
}

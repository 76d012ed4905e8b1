//! Reads `#[config(…)]` and doc comments.
use syn::{Attribute, Expr, ExprArray, ExprLit, Ident, Lit, Meta, Path};

/// What stood in the `#[config(…)]` of a field.
#[derive(Default)]
pub(crate) struct KeyAttributes {
    pub(crate) key: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) importance: Option<Ident>,
    pub(crate) ty: Option<Ident>,
    pub(crate) group: Option<String>,
    pub(crate) order: Option<Expr>,
    pub(crate) width: Option<Ident>,
    pub(crate) display: Option<String>,
    pub(crate) min: Option<Expr>,
    pub(crate) max: Option<Expr>,
    pub(crate) one_of: Option<ExprArray>,
    pub(crate) non_empty: bool,
    pub(crate) rule: Option<Path>,
    pub(crate) recommended: Option<ExprArray>,
    pub(crate) dependents: Option<ExprArray>,
}

impl KeyAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("config")) {
            attribute.parse_nested_meta(|meta| {
                let Some(name) = meta.path.get_ident().map(ToString::to_string) else {
                    return Err(meta.error("expected a name"));
                };
                match name.as_str() {
                    "key" => found.key = Some(text(&meta.value()?.parse()?)?),
                    "default" => found.default = Some(text(&meta.value()?.parse()?)?),
                    "importance" => found.importance = Some(meta.value()?.parse()?),
                    "ty" => found.ty = Some(meta.value()?.parse()?),
                    "group" => found.group = Some(text(&meta.value()?.parse()?)?),
                    "order" => found.order = Some(meta.value()?.parse()?),
                    "width" => found.width = Some(meta.value()?.parse()?),
                    "display" => found.display = Some(text(&meta.value()?.parse()?)?),
                    "min" => found.min = Some(meta.value()?.parse()?),
                    "max" => found.max = Some(meta.value()?.parse()?),
                    "one_of" => found.one_of = Some(meta.value()?.parse()?),
                    "non_empty" => found.non_empty = true,
                    "rule" => found.rule = Some(meta.value()?.parse()?),
                    "recommended" => found.recommended = Some(meta.value()?.parse()?),
                    "dependents" => found.dependents = Some(meta.value()?.parse()?),
                    _ => return Err(meta.error("unknown key in #[config(…)]")),
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// The doc comment as one paragraph.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|a| a.path().is_ident("doc")).filter_map(|a| match &a.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value().trim().to_string()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_string()
}

/// A literal, or a negated one, as the text a user would write.
fn text(value: &Expr) -> syn::Result<String> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Str(s) => Ok(s.value()),
            Lit::Int(n) => Ok(n.base10_digits().to_string()),
            Lit::Float(n) => Ok(n.base10_digits().to_string()),
            Lit::Bool(b) => Ok(b.value.to_string()),
            other => Err(syn::Error::new_spanned(other, "expected a string, number or boolean")),
        },
        Expr::Unary(unary) => Ok(format!("-{}", text(&unary.expr)?)),
        other => Err(syn::Error::new_spanned(other, "expected a literal")),
    }
}

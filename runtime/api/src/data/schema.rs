//! Schemas: immutable, shared by `Arc`, compared by pointer first.
use std::sync::{Arc, OnceLock};

use super::validate::conforms;
use super::value::Value;
use crate::error::{ConnectError, Result};

/// The twelve physical types of Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Type {
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Boolean,
    String,
    Bytes,
    Array,
    Map,
    Struct,
}

impl Type {
    /// The lower-case name that Connect uses in JSON envelopes, such as `int32`; floats are `float32`/`float64`
    /// here and `float`/`double` in the JSON envelope, which the JSON converter translates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Array => "array",
            Self::Map => "map",
            Self::Struct => "struct",
        }
    }

    /// Whether a value of this type holds no other values.
    pub fn is_primitive(self) -> bool {
        !matches!(self, Self::Array | Self::Map | Self::Struct)
    }
}

/// A named member of a struct schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    name: Arc<str>,
    schema: Arc<Schema>,
}

impl Field {
    /// The field's name, unique in its struct.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The schema of the field's value.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }
}

/// What a value may be. Built by [`SchemaBuilder`], immutable afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    pub(super) ty: Type,
    pub(super) optional: bool,
    pub(super) name: Option<Arc<str>>,
    pub(super) version: Option<i32>,
    pub(super) doc: Option<Arc<str>>,
    pub(super) parameters: Vec<(Arc<str>, Arc<str>)>,
    pub(super) default: Option<Value>,
    pub(super) fields: Vec<Field>,
    pub(super) key: Option<Arc<Schema>>,
    pub(super) value: Option<Arc<Schema>>,
}

macro_rules! shared_primitives {
    ($($required:ident, $optional:ident, $ty:ident, $text:literal;)*) => {
        impl Schema {
            $(
                #[doc = concat!("The shared schema of a required ", $text, ".")]
                pub fn $required() -> Arc<Schema> {
                    static SHARED: OnceLock<Arc<Schema>> = OnceLock::new();
                    Arc::clone(SHARED.get_or_init(|| Arc::new(Schema::plain(Type::$ty, false))))
                }

                #[doc = concat!("The shared schema of an optional ", $text, ".")]
                pub fn $optional() -> Arc<Schema> {
                    static SHARED: OnceLock<Arc<Schema>> = OnceLock::new();
                    Arc::clone(SHARED.get_or_init(|| Arc::new(Schema::plain(Type::$ty, true))))
                }
            )*
        }
    };
}
shared_primitives! {
    int8, optional_int8, Int8, "8-bit integer";
    int16, optional_int16, Int16, "16-bit integer";
    int32, optional_int32, Int32, "32-bit integer";
    int64, optional_int64, Int64, "64-bit integer";
    float32, optional_float32, Float32, "32-bit float";
    float64, optional_float64, Float64, "64-bit float";
    boolean, optional_boolean, Boolean, "boolean";
    string, optional_string, String, "string";
    bytes, optional_bytes, Bytes, "byte string";
}

impl Schema {
    fn plain(ty: Type, optional: bool) -> Self {
        Self {
            ty,
            optional,
            name: None,
            version: None,
            doc: None,
            parameters: Vec::new(),
            default: None,
            fields: Vec::new(),
            key: None,
            value: None,
        }
    }

    /// The physical type.
    pub fn ty(&self) -> Type {
        self.ty
    }

    /// Whether null is allowed.
    pub fn is_optional(&self) -> bool {
        self.optional
    }

    /// The logical or record name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The version of the named schema.
    pub fn version(&self) -> Option<i32> {
        self.version
    }

    /// Human documentation.
    pub fn doc(&self) -> Option<&str> {
        self.doc.as_deref()
    }

    /// The value that stands for a missing one.
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// Free parameters, in the order they were added.
    pub fn parameters(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.parameters
    }

    /// One free parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(k, _)| &**k == name).map(|(_, v)| &**v)
    }

    /// The fields of a struct, in order; empty for other types.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The position of a struct's field.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| &*f.name == name)
    }

    /// A struct's field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| &*f.name == name)
    }

    /// The schema of a map's keys.
    pub fn key_schema(&self) -> Option<&Arc<Schema>> {
        self.key.as_ref()
    }

    /// The schema of a map's values or an array's elements.
    pub fn value_schema(&self) -> Option<&Arc<Schema>> {
        self.value.as_ref()
    }

    /// A builder that starts from a copy of this schema; change what differs, then build.
    pub fn to_builder(&self) -> SchemaBuilder {
        SchemaBuilder(self.clone())
    }

    /// Whether two schemas are the same, trying the pointers first.
    pub fn same(a: &Arc<Schema>, b: &Arc<Schema>) -> bool {
        Arc::ptr_eq(a, b) || a == b
    }
}

/// Builds a [`Schema`]. Every method gives the builder back.
#[derive(Debug, Clone)]
#[must_use]
pub struct SchemaBuilder(Schema);

macro_rules! builders {
    ($($name:ident, $ty:ident;)*) => {
        $(
            #[doc = concat!("Starts a required `", stringify!($name), "` schema.")]
            pub fn $name() -> Self {
                Self(Schema::plain(Type::$ty, false))
            }
        )*
    };
}

impl SchemaBuilder {
    builders! { int8, Int8; int16, Int16; int32, Int32; int64, Int64; float32, Float32; float64, Float64;
    boolean, Boolean; string, String; bytes, Bytes; }

    /// Starts a required schema of any primitive type.
    pub fn of(ty: Type) -> Self {
        Self(Schema::plain(ty, false))
    }

    /// Starts a required struct schema; `record("Tick")` is the same with a name.
    pub fn structure() -> Self {
        Self(Schema::plain(Type::Struct, false))
    }

    /// Starts a required, named struct schema.
    pub fn record(name: &str) -> Self {
        Self::structure().name(name)
    }

    /// Starts a required array of `element`.
    pub fn array(element: Arc<Schema>) -> Self {
        let mut schema = Schema::plain(Type::Array, false);
        schema.value = Some(element);
        Self(schema)
    }

    /// Starts a required map from `key` to `value`.
    pub fn map(key: Arc<Schema>, value: Arc<Schema>) -> Self {
        let mut schema = Schema::plain(Type::Map, false);
        schema.key = Some(key);
        schema.value = Some(value);
        Self(schema)
    }

    /// Allows null.
    pub fn optional(mut self) -> Self {
        self.0.optional = true;
        self
    }

    /// Says whether null is allowed.
    pub fn set_optional(mut self, optional: bool) -> Self {
        self.0.optional = optional;
        self
    }

    /// Sets the logical or record name.
    pub fn name(mut self, name: &str) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// Sets or clears the name.
    pub fn set_name(mut self, name: Option<&str>) -> Self {
        self.0.name = name.map(Into::into);
        self
    }

    /// Sets the version.
    pub fn version(mut self, version: i32) -> Self {
        self.0.version = Some(version);
        self
    }

    /// Sets or clears the version.
    pub fn set_version(mut self, version: Option<i32>) -> Self {
        self.0.version = version;
        self
    }

    /// Sets the documentation.
    pub fn doc(mut self, doc: &str) -> Self {
        self.0.doc = Some(doc.into());
        self
    }

    /// Adds a free parameter.
    pub fn parameter(mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.0.parameters.push((name.into(), value.into()));
        self
    }

    /// Sets the default value; checked by [`build`](Self::build).
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.0.default = Some(value.into());
        self
    }

    /// Adds a field to a struct.
    pub fn field(mut self, name: impl Into<Arc<str>>, schema: Arc<Schema>) -> Self {
        self.0.fields.push(Field { name: name.into(), schema });
        self
    }

    /// Finishes the schema.
    ///
    /// # Errors
    /// A data error when two fields share a name, a field stands in a non-struct, or the default does not conform.
    pub fn try_build(self) -> Result<Arc<Schema>> {
        let schema = self.0;
        if schema.ty != Type::Struct && !schema.fields.is_empty() {
            return Err(ConnectError::data(format!("a {} schema cannot have fields", schema.ty.name())));
        }
        for (i, field) in schema.fields.iter().enumerate() {
            if schema.fields[..i].iter().any(|other| other.name == field.name) {
                return Err(ConnectError::data(format!("the schema has two fields named \"{}\"", field.name)));
            }
        }
        if let Some(default) = &schema.default {
            conforms(&schema, default)
                .map_err(|e| ConnectError::data(format!("the default value does not fit its schema: {e}")))?;
        }
        Ok(Arc::new(schema))
    }

    /// Finishes a schema whose shape is written in the program.
    ///
    /// # Panics
    /// Where [`try_build`](Self::try_build) answers an error: use that one for schemas that come from outside.
    #[allow(clippy::panic)]
    pub fn build(self) -> Arc<Schema> {
        match self.try_build() {
            Ok(schema) => schema,
            Err(error) => panic!("invalid schema in the program: {error}"),
        }
    }
}

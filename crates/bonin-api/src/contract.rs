//! The macros that state the contract: one declaration gives the Rust type, its JSON and its OpenAPI schema.
//!
//! `utoipa`'s derive would need a `nullable = false`, a `skip_serializing_if` and a `value_type` on almost
//! every field, and cannot give a `$ref` a description of its own. Here a field is written once, under
//! `required` or `optional`, and its Korean doc comment is the description that readers of the API see.

use serde_json::Value;
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, ObjectBuilder, Ref, RefBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{Object, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Schemas by name, as `utoipa` collects them.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;

/// How a Rust type appears as a property of a JSON object.
pub(crate) trait Field {
    /// The property's schema: inline for plain values, a `$ref` for components.
    fn field_schema() -> RefOr<Schema>;

    /// Adds the components that the property refers to.
    fn collect(_schemas: &mut Schemas) {}
}

/// A closed list of values, each with its spelling on the wire.
pub(crate) trait WireEnum: Copy + 'static {
    /// The value that is spelled so.
    fn of_wire(text: &str) -> Option<Self>;

    /// `A, B, C`, for messages.
    fn allowed() -> String;
}

fn plain(kind: Type, format: Option<KnownFormat>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(kind)
        .format(format.map(SchemaFormat::KnownFormat))
        .build()
        .into()
}

macro_rules! plain_fields {
    ($($ty:ty => $kind:ident $(, $format:ident)?;)+) => {$(
        impl Field for $ty {
            fn field_schema() -> RefOr<Schema> {
                #[allow(unused_mut, unused_assignments)]
                let mut format = None;
                $(format = Some(KnownFormat::$format);)?
                plain(Type::$kind, format)
            }
        }
    )+};
}

plain_fields! {
    String => String;
    bool => Boolean;
    i32 => Integer, Int32;
    jiff::Timestamp => String, DateTime;
    jiff::civil::Date => String, Date;
    std::net::IpAddr => String;
}

impl<T: Field> Field for Vec<T> {
    fn field_schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(T::field_schema()).build().into()
    }

    fn collect(schemas: &mut Schemas) {
        T::collect(schemas);
    }
}

/// The text of doc comments: one line each, as `macro_rules!` hands them over.
pub(crate) fn described(lines: &[&str]) -> String {
    lines
        .iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// A property's schema with a description of its own; a `$ref` may have one beside it since OpenAPI 3.1.
pub(crate) fn describe(schema: RefOr<Schema>, lines: &[&str]) -> RefOr<Schema> {
    let description = Some(described(lines));
    match schema {
        RefOr::Ref(Ref { ref_location, .. }) => RefBuilder::new()
            .ref_location(ref_location)
            .description(description)
            .into(),
        RefOr::T(Schema::Object(mut object)) => {
            object.description = description;
            object.into()
        }
        RefOr::T(Schema::Array(mut array)) => {
            array.description = description;
            array.into()
        }
        other => other,
    }
}

/// The schema of a string with a closed list of values.
pub(crate) fn enumeration(values: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(values.into_iter().map(Value::from)))
        .build()
}

/// `#/components/schemas/{name}` of a component.
pub(crate) fn reference<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// Adds a component and all that it refers to, each once.
pub(crate) fn collect_component<T: ToSchema + PartialSchema>(schemas: &mut Schemas) {
    let name = T::name();
    if schemas.iter().all(|(known, _)| *known != name) {
        schemas.push((name.into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// A string with a closed list of values: the enum, its JSON, its component schema.
macro_rules! wire_enum {
    ($(#[doc = $doc:literal])+ pub enum $name:ident { $($variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[doc = concat!("`", $wire, "`")] #[serde(rename = $wire)] $variant,)+
        }

        impl $name {
            /// Every value, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value as it is spelled on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// The value that is spelled so on the wire, if there is one. Upper and lower case differ.
            #[must_use]
            pub fn from_wire(text: &str) -> Option<Self> {
                match text { $($wire => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::contract::WireEnum for $name {
            fn of_wire(text: &str) -> Option<Self> { Self::from_wire(text) }
            fn allowed() -> String { [$($wire),+].join(", ") }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let mut schema = $crate::contract::enumeration([$($wire),+]);
                schema.description = Some($crate::contract::described(&[$($doc),+]));
                schema.into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
        }

        impl $crate::contract::Field for $name {
            fn field_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::contract::reference::<Self>()
            }
            fn collect(schemas: &mut $crate::contract::Schemas) {
                $crate::contract::collect_component::<Self>(schemas);
            }
        }
    };
}

/// A string that is always the same: a discriminator's value.
macro_rules! wire_constant {
    ($(#[doc = $doc:literal])+ pub struct $name:ident = $wire:literal;) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            #[doc = concat!("`", $wire, "`")]
            #[default]
            #[serde(rename = $wire)]
            Value,
        }

        impl $crate::contract::Field for $name {
            fn field_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::contract::enumeration([$wire]).into()
            }
        }
    };
}

/// A JSON object: the struct, its JSON (what is absent is left out, never null), its component schema.
///
/// `name as "wireName": Type` under `required` or `optional`; an optional field becomes an `Option`.
macro_rules! wire_struct {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:path),+)])?
        pub struct $name:ident {
            $(required {$(
                $(#[doc = $rdoc:literal])+
                $rname:ident as $rwire:literal : $rty:ty
            ),+ $(,)?})?
            $(optional {$(
                $(#[doc = $odoc:literal])+
                $oname:ident as $owire:literal : $oty:ty
            ),+ $(,)?})?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $(#[derive($($derive),+)])?
        pub struct $name {
            $($(
                $(#[doc = $rdoc])+
                #[serde(rename = $rwire)]
                pub $rname: $rty,
            )+)?
            $($(
                $(#[doc = $odoc])+
                #[serde(rename = $owire, skip_serializing_if = "Option::is_none")]
                pub $oname: Option<$oty>,
            )+)?
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::Object)
                    .description(Some($crate::contract::described(&[$($doc),+])))
                    $($(
                        .property($rwire, $crate::contract::describe(<$rty as $crate::contract::Field>::field_schema(), &[$($rdoc),+]))
                        .required($rwire)
                    )+)?
                    $($(
                        .property($owire, $crate::contract::describe(<$oty as $crate::contract::Field>::field_schema(), &[$($odoc),+]))
                    )+)?
                    .build()
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn schemas(schemas: &mut $crate::contract::Schemas) {
                let _ = &schemas;
                $($(<$rty as $crate::contract::Field>::collect(schemas);)+)?
                $($(<$oty as $crate::contract::Field>::collect(schemas);)+)?
            }
        }

        impl $crate::contract::Field for $name {
            fn field_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::contract::reference::<Self>()
            }
            fn collect(schemas: &mut $crate::contract::Schemas) {
                $crate::contract::collect_component::<Self>(schemas);
            }
        }
    };
}

pub(crate) use {wire_constant, wire_enum, wire_struct};

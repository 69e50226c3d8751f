//! How many times the server's base resources a runtime asks for.

use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::body::BodyError;

/// The least factor: what is below cannot be told from nothing.
const LEAST: f64 = 0.001;
/// The largest factor. Clients know 1, 2, 4 and 8; what is far beyond is a mistake that no machine could serve.
const LARGEST: f64 = 64.0;

/// A multiple of the server's base resources, from 0.001 to 64 (contract T48), kept in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceFactor(u32);

impl ResourceFactor {
    /// The factor in thousandths, from 1 to 64,000; 1000 is once the base.
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// The factor of this many thousandths; none outside of 1 to 64,000.
    pub const fn of_thousandths(thousandths: u32) -> Option<Self> {
        match thousandths {
            1..=64_000 => Some(Self(thousandths)),
            _ => None,
        }
    }

    /// From a number, or from a text that holds one.
    pub(super) fn parse(value: &Value) -> Result<Self, BodyError> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            other @ (Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(BodyError::must_be(
                    "resource_factor",
                    "a number from 0.001 to 64",
                    other,
                ));
            }
        };
        number.and_then(Self::from_number).ok_or_else(|| {
            BodyError::of_field("resource_factor", "must be a number from 0.001 to 64")
        })
    }

    /// None outside the range; not-a-number is outside of every range.
    fn from_number(number: f64) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of this range is from 1 to 64,000 in thousandths"
        )]
        (LEAST..=LARGEST)
            .contains(&number)
            .then(|| Self((number * 1000.0).round() as u32))
    }
}

/// A number, or a text that holds one.
impl PartialSchema for ResourceFactor {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(LEAST))
            .maximum(Some(LARGEST));
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(
            r"^(([1-9]|[1-5][0-9]|6[0-3])(\.[0-9]+)?|64(\.0+)?|0\.[0-9]{0,2}[1-9][0-9]*)$",
        ));
        let factor = AnyOfBuilder::new()
            .item(Schema::from(number))
            .item(Schema::from(text))
            .description(Some("A number from 0.001 to 64, or a text that holds one."));
        Schema::from(factor).into()
    }
}

impl ToSchema for ResourceFactor {}

/// A whole number where it is one: what every client sends.
impl Serialize for ResourceFactor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            serializer.serialize_u32(self.0 / 1000)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 1000.0)
        }
    }
}

impl Default for ResourceFactor {
    /// Once the base resources.
    fn default() -> Self {
        Self(1000)
    }
}

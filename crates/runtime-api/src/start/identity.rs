//! Which session a start request is for.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::body::{BodyError, Fields};

/// The longest session id, in bytes (contract §3.1).
const LONGEST: usize = 255;

/// The caller's name for the session, compared byte for byte: 1 to 255 bytes of UTF-8 without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name, exactly as sent.
    pub id: String,
    /// The field that it came in.
    pub field: IdentityField,
}

/// An object with the one field that it came in.
impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(self.field.as_str(), &self.id)?;
        object.end()
    }
}

/// The fields that generations of clients name their session in, by precedence (contract §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityField {
    /// `session_id`: V0 from 0.13, V1, SDK.
    SessionId,
    /// `name`: V0 0.9.
    Name,
    /// `runtime_id`: V0 0.10 to 0.12, which mean their session by it.
    RuntimeId,
}

impl IdentityField {
    const BY_PRECEDENCE: [Self; 3] = [Self::SessionId, Self::Name, Self::RuntimeId];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionId => "session_id",
            Self::Name => "name",
            Self::RuntimeId => "runtime_id",
        }
    }
}

impl Identity {
    /// The first of the three fields that is present; each must be a name or nothing. `""` is absent.
    pub(super) fn parse(fields: &mut Fields) -> Result<Option<Self>, BodyError> {
        let mut first = None;
        for field in IdentityField::BY_PRECEDENCE {
            let found = match fields.take(field.as_str()) {
                None => None,
                Some(Value::String(id)) if id.is_empty() => None,
                Some(Value::String(id)) => Some(Self::checked(id, field)?),
                Some(other) => return Err(BodyError::must_be(field.as_str(), "a string", &other)),
            };
            first = first.or(found);
        }
        Ok(first)
    }

    fn checked(id: String, field: IdentityField) -> Result<Self, BodyError> {
        if id.len() > LONGEST {
            let message = format!("must be at most {LONGEST} bytes long, and has {}", id.len());
            return Err(BodyError::of_field(field.as_str(), message));
        }
        if id.chars().any(char::is_control) {
            return Err(BodyError::of_field(
                field.as_str(),
                "must not contain control characters",
            ));
        }
        Ok(Self { id, field })
    }
}

//! The environment of a start request.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::body::BodyError;

/// How much of a refused name an error shows, in characters.
const SHOWN_NAME: usize = 64;

/// Variables of a runtime: names that are not empty and have neither `=` nor NUL, values without NUL.
///
/// Values are secrets as often as not, so `Debug` shows names only.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of one variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The variables as a map, for whoever keeps them.
    pub fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }

    /// The same with one variable more, or with another value for it.
    ///
    /// # Errors
    /// A name that is empty or has `=` or NUL, a value that has NUL.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, BodyError> {
        let (name, value) = variable(name.to_owned(), Value::from(value))?;
        self.0.insert(name, value);
        Ok(self)
    }

    /// From the field `environment`. Numbers and booleans become their JSON text (contract §3.1); a variable that is
    /// `null` is absent, like any other field.
    pub(crate) fn parse(field: Option<Value>) -> Result<Self, BodyError> {
        match field {
            None => Ok(Self::default()),
            Some(Value::Object(variables)) => variables
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| variable(name, value))
                .collect::<Result<_, _>>()
                .map(Self),
            Some(other) => Err(BodyError::must_be(
                "environment",
                "an object of strings",
                &other,
            )),
        }
    }
}

/// By the rules of a start request.
impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<Value>::deserialize(deserializer)?;
        Self::parse(value).map_err(serde::de::Error::custom)
    }
}

/// As a request may send it.
impl PartialSchema for Environment {
    fn schema() -> RefOr<Schema> {
        let scalar = [Type::String, Type::Number, Type::Boolean, Type::Null];
        let value = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter(scalar))
            .pattern(Some(r"^[^\x00]*$"));
        let name = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .pattern(Some(r"^[^=\x00]+$"));
        let variables = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "Variables by name. Numbers and booleans become their text; a variable that is `null` is left out.",
            ))
            .property_names(Some(Schema::from(name)))
            .additional_properties(Some(AdditionalProperties::<Schema>::from(Schema::from(value))));
        Schema::from(variables).into()
    }
}

impl ToSchema for Environment {}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")?;
        f.debug_set().entries(self.names()).finish()
    }
}

fn variable(name: String, value: Value) -> Result<(String, String), BodyError> {
    if name.is_empty() {
        return Err(BodyError::of_field(
            "environment",
            "has a variable without a name",
        ));
    }
    if name.contains(['=', '\0']) {
        return Err(BodyError::of_field(
            path(&name),
            "has a name with `=` or NUL, which no program could read",
        ));
    }
    match value {
        Value::String(text) if text.contains('\0') => Err(BodyError::of_field(
            path(&name),
            "must not contain a NUL character",
        )),
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        Value::Bool(truth) => Ok((name, truth.to_string())),
        other @ (Value::Null | Value::Array(_) | Value::Object(_)) => Err(BodyError::must_be(
            path(&name),
            "a string, a number or a boolean",
            &other,
        )),
    }
}

/// The path of a variable, printable and short, and only up to a `=`, for what follows that was meant as a value.
fn path(name: &str) -> String {
    let shown = name.split(['=', '\0']).next().unwrap_or_default();
    let shown: String = shown.chars().take(SHOWN_NAME).collect();
    format!("environment.{}", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_become_text_and_null_is_absent() {
        let sent = json!({"A": "x", "B": "", "C": 60000, "D": 0.5, "E": true, "F": null});
        let environment = Environment::parse(Some(sent)).unwrap();
        let variables: Vec<_> = environment.iter().collect();
        assert_eq!(
            variables,
            [
                ("A", "x"),
                ("B", ""),
                ("C", "60000"),
                ("D", "0.5"),
                ("E", "true")
            ]
        );
        assert_eq!(Environment::parse(None).unwrap(), Environment::default());
    }

    #[test]
    fn a_refused_variable_is_named_and_its_value_is_not() {
        let table = [
            (
                json!([]),
                "environment must be an object of strings, not an array",
            ),
            (
                json!("A=x"),
                "environment must be an object of strings, not a string",
            ),
            (
                json!({"A": ["x"]}),
                "environment.A must be a string, a number or a boolean, not an array",
            ),
            (
                json!({"A": {}}),
                "environment.A must be a string, a number or a boolean, not an object",
            ),
            (
                json!({"": "x"}),
                "environment has a variable without a name",
            ),
            (
                json!({"A=secret": "x"}),
                "environment.A has a name with `=` or NUL, which no program could read",
            ),
            (
                json!({"A\0secret": "x"}),
                "environment.A has a name with `=` or NUL, which no program could read",
            ),
            (
                json!({"A\nB": []}),
                "environment.A\\nB must be a string, a number or a boolean, not an array",
            ),
            (
                json!({"A": "se\0cret"}),
                "environment.A must not contain a NUL character",
            ),
        ];
        for (sent, expected) in table {
            assert_eq!(
                Environment::parse(Some(sent)).unwrap_err().to_string(),
                expected
            );
        }
    }

    #[test]
    fn an_environment_is_read_back() {
        let environment = Environment::default().with("A", "x").unwrap();
        let environment = environment.with("B", "").unwrap();
        let json = serde_json::to_string(&environment).unwrap();
        assert_eq!(json, r#"{"A":"x","B":""}"#);
        assert_eq!(
            serde_json::from_str::<Environment>(&json).unwrap(),
            environment
        );
        assert!(environment.with("A=B", "x").is_err());
    }

    #[test]
    fn debug_shows_names_only() {
        let environment =
            Environment::parse(Some(json!({"OPENAI_API_KEY": "sk-secret", "B": "c"}))).unwrap();
        assert_eq!(
            format!("{environment:?}"),
            r#"Environment{"B", "OPENAI_API_KEY"}"#
        );
    }
}

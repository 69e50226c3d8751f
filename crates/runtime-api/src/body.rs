//! Reading a request body field by field, with errors that name the field.
//!
//! The walk is by hand over [`Value`] and not by `Deserialize`: the sentences should say what a client has to send,
//! and must never quote what it did send, which may be a key.

use serde_json::error::Category;
use serde_json::{Map, Value};

/// Why a body or a query cannot be used: one sentence, without the values that were sent.
///
/// Clients see it as the `detail` of a 400 (contract §1.6).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", .field.as_ref().map_or_else(String::new, |field| format!("{field} ")))]
pub struct BodyError {
    field: Option<String>,
    message: String,
}

impl BodyError {
    /// An error of one field. `field` is its path (`command[2]`, `environment.PORT`); `message` goes on after it:
    /// *must be a string, not a number*.
    pub fn of_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            message: message.into(),
        }
    }

    /// An error of the body as a whole; `message` is the whole sentence.
    pub fn of_body(message: impl Into<String>) -> Self {
        Self {
            field: None,
            message: message.into(),
        }
    }

    /// Path of the field; none when the whole body is at fault.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// `field must be {expected}, not {what was sent}`.
    pub(crate) fn must_be(field: impl Into<String>, expected: &str, sent: &Value) -> Self {
        Self::of_field(field, format!("must be {expected}, not {}", kind_of(sent)))
    }
}

/// The fields of a JSON object; each is taken once, and `null` is absent (contract §1.9).
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Parses a body that must be a JSON object. Nesting is bounded by the parser.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(other) => Err(BodyError::of_body(format!(
                "the body must be a JSON object, not {}",
                kind_of(&other)
            ))),
            Err(error) => Err(BodyError::of_body(syntax_error(bytes, &error))),
        }
    }

    /// The field's value.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// The field as text that a program can be given: without NUL. `""` is absent.
    pub(crate) fn take_text(&mut self, name: &str) -> Result<Option<String>, BodyError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => Err(BodyError::of_field(
                name,
                "must not contain a NUL character",
            )),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(other) => Err(BodyError::must_be(name, "a string", &other)),
        }
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

/// The parser's own text is left out: it may quote the body.
fn syntax_error(bytes: &[u8], error: &serde_json::Error) -> String {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return "the body is empty: send a JSON object".to_owned();
    }
    let what = match error.classify() {
        Category::Eof => "the body ends in the middle of its JSON",
        Category::Syntax | Category::Data | Category::Io => "the body is not valid JSON in UTF-8",
    };
    format!(
        "{what} (line {}, column {}): send a JSON object",
        error.line(),
        error.column()
    )
}

/// The value as a whole number up to `largest`. JSON knows one kind of numbers: `5.0` is 5.
pub(crate) fn whole(value: &Value, largest: u32) -> Option<u32> {
    if let Some(number) = value.as_u64() {
        return u32::try_from(number)
            .ok()
            .filter(|number| *number <= largest);
    }
    let number = value.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number of this range fits"
    )]
    ((0.0..=f64::from(largest)).contains(&number) && number.fract() == 0.0).then_some(number as u32)
}

/// What a value is, in words.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_object_gets_a_sentence_without_its_content() {
        let table: [(&[u8], &str); 8] = [
            (b"", "the body is empty: send a JSON object"),
            (b" \r\n", "the body is empty: send a JSON object"),
            (b"null", "the body must be a JSON object, not null"),
            (b"[{}]", "the body must be a JSON object, not an array"),
            (
                b"\"secret\"",
                "the body must be a JSON object, not a string",
            ),
            (
                b"{\"a\": ",
                "the body ends in the middle of its JSON (line 1, column 6): send a JSON object",
            ),
            (
                b"{\"a\": secret}",
                "the body is not valid JSON in UTF-8 (line 1, column 7): send a JSON object",
            ),
            (
                b"{\"a\": \"\xff\"}",
                "the body is not valid JSON in UTF-8 (line 1, column 8): send a JSON object",
            ),
        ];
        for (body, expected) in table {
            let error = Fields::parse(body).err().unwrap();
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.field(), None);
        }
    }

    #[test]
    fn whole_numbers_have_two_writings() {
        let table = [
            ("0", Some(0)),
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("0.7e1", Some(7)),
            ("-0.0", Some(0)),
            ("8", None),
            ("8.0", None),
            ("1.5", None),
            ("-1", None),
            ("-1.0", None),
            ("18446744073709551616", None),
            ("1e300", None),
            ("\"7\"", None),
            ("true", None),
        ];
        for (text, expected) in table {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(whole(&value, 7), expected, "{text}");
        }
    }

    #[test]
    fn nesting_without_end_is_an_error_and_not_a_crash() {
        let body = "[".repeat(1 << 20);
        assert!(Fields::parse(body.as_bytes()).is_err());
    }

    #[test]
    fn null_and_empty_text_are_absent() {
        let mut fields = Fields::parse(br#"{"a": null, "b": "", "c": "x"}"#).unwrap();
        assert_eq!(fields.take_text("a"), Ok(None));
        assert_eq!(fields.take_text("b"), Ok(None));
        assert_eq!(fields.take_text("c"), Ok(Some("x".to_owned())));
        assert_eq!(fields.take_text("d"), Ok(None));
    }
}

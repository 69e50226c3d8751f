//! The command of a start request: as it was sent, and what must run.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::body::BodyError;

mod shell;

/// The command as it was sent, which every response echoes (contract §4). `null` and an absent command are `""`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Command {
    /// One text; `""` keeps the image's entry point.
    Text(String),
    /// One word an element; none keeps the image's entry point.
    Words(Vec<String>),
}

impl Command {
    /// From the field `command`.
    pub(crate) fn parse(field: Option<Value>) -> Result<Self, BodyError> {
        match field {
            None => Ok(Self::default()),
            Some(Value::String(text)) if text.contains('\0') => Err(has_nul("command")),
            Some(Value::String(text)) => Ok(Self::Text(text)),
            Some(Value::Array(words)) => words
                .into_iter()
                .enumerate()
                .map(|(at, word)| element(at, word))
                .collect::<Result<_, _>>()
                .map(Self::Words),
            Some(other) => Err(BodyError::must_be(
                "command",
                "a string or an array of strings",
                &other,
            )),
        }
    }
}

impl Default for Command {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Reads what [`Serialize`] wrote, and `null`.
impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<Value>::deserialize(deserializer)?;
        Self::parse(value).map_err(serde::de::Error::custom)
    }
}

/// The finer rules, such as that quotes are closed, are not told by a schema.
impl PartialSchema for Command {
    fn schema() -> RefOr<Schema> {
        let text = || {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(r"^[^\x00]*$"))
        };
        let words = ArrayBuilder::new()
            .prefix_items([Schema::from(text().min_length(Some(1)))])
            .items(text());
        let command = AnyOfBuilder::new()
            .item(Schema::from(text()))
            .item(Schema::from(words))
            .description(Some(
                "One text or one word an element. A text is split by the quoting rules of a shell, or run by one where \
                 it has operators.",
            ));
        Schema::from(command).into()
    }
}

impl ToSchema for Command {}

/// Arguments may hold keys, so only their number is shown.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Words(words) => write!(f, "Words({} words)", words.len()),
        }
    }
}

/// What must run in the runtime (contract §3.3).
#[derive(Clone, PartialEq, Eq)]
pub enum Entrypoint {
    /// The image's own entry point.
    Image {
        /// Arguments after the entry point; empty: the image's own.
        args: Vec<String>,
    },
    /// This program and its arguments in place of the image's entry point; the first word is not empty.
    Exec(Vec<String>),
}

impl Entrypoint {
    /// A program and its arguments.
    pub fn exec<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self::Exec(words.into_iter().map(Into::into).collect())
    }

    /// What `command` asks for:
    ///
    /// - nothing (`null`, `""`, white space, `[]`) keeps the entry point of the image;
    /// - an array runs element for element, without a shell;
    /// - a string is split into words by the quoting rules of POSIX, or goes to `/bin/sh -c` when it has what only a
    ///   shell understands: operators, expansions (`$`, back quotes), more than one line, a comment, or an assignment
    ///   *before* the program. Between the words an assignment is a word like any other, and so are `*`, `?` and `~`;
    /// - words that begin with an option are arguments of the image's entry point.
    ///
    /// # Errors
    /// A quote that is not closed, a backslash at the end, or a program without a name.
    pub fn of(command: &Command) -> Result<Self, BodyError> {
        match command {
            Command::Words(words) => Self::of_words(words.clone(), "command[0]"),
            Command::Text(text) => match shell::read(text)? {
                shell::Reading::Words(words) => Self::of_words(words, "command"),
                shell::Reading::Script => Ok(Self::exec(["/bin/sh", "-c", text])),
            },
        }
    }

    fn of_words(words: Vec<String>, first_field: &str) -> Result<Self, BodyError> {
        match words.first() {
            None => Ok(Self::Image { args: Vec::new() }),
            Some(program) if program.is_empty() => Err(BodyError::of_field(
                first_field,
                "must begin with the name of a program, not with an empty word",
            )),
            Some(option) if option.starts_with('-') => Ok(Self::Image { args: words }),
            Some(_) => Ok(Self::Exec(words)),
        }
    }
}

/// Arguments may hold keys, so only their number is shown.
impl fmt::Debug for Entrypoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { args } => write!(f, "Image({} args)", args.len()),
            Self::Exec(words) => write!(f, "Exec({} words)", words.len()),
        }
    }
}

fn element(at: usize, word: Value) -> Result<String, BodyError> {
    match word {
        Value::String(text) if text.contains('\0') => Err(has_nul(format!("command[{at}]"))),
        Value::String(text) => Ok(text),
        other => Err(BodyError::must_be(
            format!("command[{at}]"),
            "a string",
            &other,
        )),
    }
}

fn has_nul(field: impl Into<String>) -> BodyError {
    BodyError::of_field(field, "must not contain a NUL character")
}

#[cfg(test)]
mod tests;

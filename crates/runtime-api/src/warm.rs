//! Warm configurations: what sandboxes are kept ready of (contract §6.3).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::body::{BodyError, Fields, whole};
use crate::command::{Command, Entrypoint};
use crate::environment::Environment;
use crate::start::{image, numeric_id};

/// Longest name of a configuration, in bytes.
const LONGEST_NAME: usize = 255;

/// The configurations that hold. None makes clients use their built-in default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct WarmConfigs {
    /// The configurations.
    pub configs: Vec<WarmConfig>,
}

/// One configuration. A client that fails to read one fails to start any conversation, so `name`, `image`, `command`,
/// `environment` and `working_dir` are never left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WarmConfig {
    /// Its name.
    pub name: String,
    /// What stands in it.
    #[serde(flatten)]
    pub spec: WarmSpec,
    /// Where it comes from.
    #[schema(required)]
    #[serde(default)]
    pub source: WarmSource,
}

/// Where a configuration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WarmSource {
    /// The operator's file.
    #[default]
    Config,
    /// An administrator's call; it goes before the file's of the same name.
    Db,
}

/// What stands in a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WarmSpec {
    /// The image, which becomes the `image` of a start request: not empty, without white space or control characters.
    pub image: String,
    /// The command, one word an element; `null` for the image's own.
    #[schema(required)]
    pub command: Option<Vec<String>>,
    /// Variables: strings only.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub environment: Environment,
    /// Working directory.
    pub working_dir: String,
    /// How many sandboxes are kept ready.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// User id; 0 is a value.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<u32>,
    /// Group id.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<u32>,
    /// Group that the disk is writable for.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<u32>,
    /// A mount that is handed on as it is.
    #[schema(value_type = serde_json::Value)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuse_s3_mount: Option<Mount>,
}

impl WarmSpec {
    /// The fields that are read, and those that go with them in an answer.
    pub const FIELDS: [&str; 11] = [
        "name",
        "source",
        "image",
        "command",
        "environment",
        "working_dir",
        "count",
        "run_as_user",
        "run_as_group",
        "fs_group",
        "fuse_s3_mount",
    ];

    /// Parses the body of a `PUT`. The name is the path's: `name` and `source` in the body are ignored like unknown
    /// fields, so that an entry can be sent back as it was read.
    ///
    /// # Errors
    /// The first field that breaks its rule, or the body when it is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, BodyError> {
        Self::read(Fields::parse(body)?)
    }

    /// As [`parse`](Self::parse), from an object that was parsed already.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_object(fields: Map<String, Value>) -> Result<Self, BodyError> {
        Self::read(Fields::from(fields))
    }

    fn read(mut fields: Fields) -> Result<Self, BodyError> {
        Ok(Self {
            image: image(fields.take("image"))?,
            command: command(fields.take("command"))?,
            environment: Environment::parse(fields.take("environment"))?,
            working_dir: fields.take_text("working_dir")?.ok_or_else(|| {
                BodyError::of_field(
                    "working_dir",
                    "is missing: send a directory, such as \"/workspace\"",
                )
            })?,
            count: fields
                .take("count")
                .map(|value| count(&value))
                .transpose()?,
            run_as_user: numeric_id(&mut fields, "run_as_user")?,
            run_as_group: numeric_id(&mut fields, "run_as_group")?,
            fs_group: numeric_id(&mut fields, "fs_group")?,
            fuse_s3_mount: fields.take("fuse_s3_mount").map(Mount),
        })
    }
}

impl WarmConfig {
    /// Whether `name` can be a configuration's: 1 to 255 bytes without control characters.
    ///
    /// # Errors
    /// It cannot.
    pub fn check_name(name: &str) -> Result<(), BodyError> {
        if (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control) {
            Ok(())
        } else {
            Err(BodyError::of_field(
                "name",
                format!("must be 1 to {LONGEST_NAME} bytes of UTF-8 without control characters"),
            ))
        }
    }
}

/// The body of a `PUT`, as a client may send it. The name is the path's; `name` and `source` are ignored, so that a
/// configuration can be sent back as it was read.
#[derive(Debug, ToSchema)]
#[schema(as = WarmConfigRequest)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct WarmConfigShape {
    /// The image: not empty, without white space or control characters.
    #[schema(
        min_length = 1,
        pattern = r"^[^\s\x00-\x1f\x7f-\x9f]+$",
        example = "agent-server:1"
    )]
    image: String,
    /// The command; nothing (`null`, `""` and `[]`) for the image's own.
    command: Option<Command>,
    /// Variables.
    environment: Option<Environment>,
    /// Working directory.
    #[schema(min_length = 1, pattern = r"^[^\x00]+$", example = "/workspace")]
    working_dir: String,
    /// How many runtimes are kept ready.
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    count: Option<u32>,
    /// User id; 0 is a value.
    #[schema(minimum = 0, maximum = 2_147_483_647_u32)]
    run_as_user: Option<u32>,
    /// Group id.
    #[schema(minimum = 0, maximum = 2_147_483_647_u32)]
    run_as_group: Option<u32>,
    /// Group that the disk is writable for.
    #[schema(minimum = 0, maximum = 2_147_483_647_u32)]
    fs_group: Option<u32>,
    /// A mount that is handed on as it is.
    fuse_s3_mount: Option<Value>,
}

/// JSON that is kept and handed on unread. It may hold keys, so `Debug` shows nothing.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mount(Value);

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mount(…)")
    }
}

/// Clients read an array or `null` and fail on a text, so a text is taken apart as a start request's is.
fn command(field: Option<Value>) -> Result<Option<Vec<String>>, BodyError> {
    let sent = Command::parse(field)?;
    let words = match (Entrypoint::of(&sent)?, sent) {
        (_, Command::Words(words)) => words,
        (Entrypoint::Exec(words), Command::Text(_)) => words,
        (Entrypoint::Image { args }, Command::Text(_)) => args,
    };
    Ok(Some(words).filter(|words| !words.is_empty()))
}

fn count(value: &Value) -> Result<u32, BodyError> {
    whole(value, u32::MAX)
        .ok_or_else(|| BodyError::of_field("count", "must be a whole number that is not negative"))
}

#[cfg(test)]
mod tests;

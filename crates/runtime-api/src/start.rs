//! `POST /start`: the request that makes a runtime (contract §3.1).

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::{BodyError, Fields, whole};
use crate::command::{Command, Entrypoint};
use crate::environment::Environment;

mod identity;
mod resource_factor;
mod schema;

pub use identity::{Identity, IdentityField};
pub use resource_factor::ResourceFactor;

/// The largest user and group id that Kubernetes takes (`IsValidUserID` of its API validation).
const LARGEST_ID: u32 = i32::MAX.cast_unsigned();

/// A start request in which every field is checked. `None` means that the server's or the image's default holds.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRequest {
    /// Image reference: not empty, without white space or control characters.
    pub image: String,
    /// The command as sent, for the echo in responses.
    pub command: Command,
    /// What the command asks to run.
    pub entrypoint: Entrypoint,
    /// Working directory, in the terms of the image.
    pub working_dir: Option<String>,
    /// Variables of the runtime.
    pub environment: Environment,
    /// Which session it serves; none: the server makes a name.
    pub identity: Option<Identity>,
    /// Share of the server's base resources.
    pub resource_factor: Option<ResourceFactor>,
    /// Runtime class.
    pub runtime_class: Option<String>,
    /// User id; 0 is a value (contract T10).
    pub run_as_user: Option<u32>,
    /// Group id.
    pub run_as_group: Option<u32>,
    /// Group that the disk is writable for.
    pub fs_group: Option<u32>,
    /// When the image is pulled.
    pub image_pull_policy: Option<ImagePullPolicy>,
}

impl StartRequest {
    /// A request for a runtime of this image, with nothing else asked for. Fields that are not tied to another are set
    /// as they are: `StartRequest { run_as_user: Some(0), ..StartRequest::of_image("i") }`.
    pub fn of_image(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            command: Command::default(),
            entrypoint: Entrypoint::Image { args: Vec::new() },
            working_dir: None,
            environment: Environment::default(),
            identity: None,
            resource_factor: None,
            runtime_class: None,
            run_as_user: None,
            run_as_group: None,
            fs_group: None,
            image_pull_policy: None,
        }
    }

    /// The same for this session, named in the field `session_id`.
    #[must_use]
    pub fn in_session(mut self, session: impl Into<String>) -> Self {
        self.identity = Some(Identity {
            id: session.into(),
            field: IdentityField::SessionId,
        });
        self
    }

    /// The same with this command.
    ///
    /// # Errors
    /// Those of [`Entrypoint::of`].
    pub fn with_command(mut self, command: Command) -> Result<Self, BodyError> {
        self.entrypoint = Entrypoint::of(&command)?;
        self.command = command;
        Ok(self)
    }

    /// Parses the body of `POST /start`. Unknown fields are ignored; `null` is absent, and so is `""` where an
    /// empty text could mean nothing.
    ///
    /// # Errors
    /// The first field that breaks its rule, or the body when it is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::parse(body)?;
        let command = Command::parse(fields.take("command"))?;
        Ok(Self {
            image: image(fields.take("image"))?,
            entrypoint: Entrypoint::of(&command)?,
            command,
            working_dir: fields.take_text("working_dir")?,
            environment: Environment::parse(fields.take("environment"))?,
            identity: Identity::parse(&mut fields)?,
            resource_factor: fields
                .take("resource_factor")
                .map(|value| ResourceFactor::parse(&value))
                .transpose()?,
            runtime_class: fields.take_text("runtime_class")?,
            run_as_user: numeric_id(&mut fields, "run_as_user")?,
            run_as_group: numeric_id(&mut fields, "run_as_group")?,
            fs_group: numeric_id(&mut fields, "fs_group")?,
            image_pull_policy: fields
                .take("image_pull_policy")
                .map(|value| ImagePullPolicy::parse(&value))
                .transpose()?,
        })
    }
}

/// What [`StartRequest::parse`] reads: absent fields are left out, the session stands in the field that it came in, and
/// the command stands as it was sent.
impl Serialize for StartRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            image: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            command: Option<&'a Command>,
            #[serde(skip_serializing_if = "Option::is_none")]
            working_dir: Option<&'a str>,
            environment: &'a Environment,
            #[serde(flatten)]
            identity: Option<Identity>,
            #[serde(skip_serializing_if = "Option::is_none")]
            resource_factor: Option<ResourceFactor>,
            #[serde(skip_serializing_if = "Option::is_none")]
            runtime_class: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            run_as_user: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            run_as_group: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            fs_group: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            image_pull_policy: Option<ImagePullPolicy>,
        }

        Wire {
            image: &self.image,
            command: Some(&self.command).filter(|command| **command != Command::default()),
            working_dir: self.working_dir.as_deref(),
            environment: &self.environment,
            identity: self.identity.clone(),
            resource_factor: self.resource_factor,
            runtime_class: self.runtime_class.as_deref(),
            run_as_user: self.run_as_user,
            run_as_group: self.run_as_group,
            fs_group: self.fs_group,
            image_pull_policy: self.image_pull_policy,
        }
        .serialize(serializer)
    }
}

/// Whether the runtime of this request must be shown with Title-case `pod_status` (contract §5.2): clients 0.10 to
/// 0.14 compare it exactly, and they are the ones that use `requests` and send no `resource_factor`.
pub fn is_legacy(user_agent: Option<&str>, request: &StartRequest) -> bool {
    request.resource_factor.is_none()
        && user_agent.is_some_and(|agent| agent.starts_with("python-requests/"))
}

/// When an image is pulled, in the words of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ImagePullPolicy {
    /// At every boot.
    Always,
    /// When the node lacks it.
    IfNotPresent,
    /// Never.
    Never,
}

impl ImagePullPolicy {
    fn parse(value: &Value) -> Result<Self, BodyError> {
        match value.as_str() {
            Some("Always") => Ok(Self::Always),
            Some("IfNotPresent") => Ok(Self::IfNotPresent),
            Some("Never") => Ok(Self::Never),
            Some(_) | None => Err(BodyError::of_field(
                "image_pull_policy",
                "must be one of Always, IfNotPresent and Never",
            )),
        }
    }
}

/// The field `image`.
pub(crate) fn image(field: Option<Value>) -> Result<String, BodyError> {
    match field {
        None => Err(BodyError::of_field(
            "image",
            "is missing: send the image reference as a string",
        )),
        Some(Value::String(text)) if text.is_empty() => Err(BodyError::of_field(
            "image",
            "is empty: send the image reference as a string",
        )),
        Some(Value::String(text))
            if text
                .chars()
                .any(|letter| letter.is_whitespace() || letter.is_control()) =>
        {
            Err(BodyError::of_field(
                "image",
                "must be an image reference without white space or control characters",
            ))
        }
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(BodyError::must_be(
            "image",
            "an image reference as a string",
            &other,
        )),
    }
}

/// A field with the id of a user or a group.
pub(crate) fn numeric_id(fields: &mut Fields, name: &str) -> Result<Option<u32>, BodyError> {
    let Some(value) = fields.take(name) else {
        return Ok(None);
    };
    let id = whole(&value, LARGEST_ID);
    match (id, &value) {
        (Some(id), _) => Ok(Some(id)),
        (None, Value::Number(_)) => Err(BodyError::of_field(
            name,
            format!("must be a whole number from 0 to {LARGEST_ID}"),
        )),
        (None, other) => Err(BodyError::must_be(
            name,
            &format!("a whole number from 0 to {LARGEST_ID}"),
            other,
        )),
    }
}

#[cfg(test)]
mod tests;

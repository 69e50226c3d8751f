//! What a start request looks like on the wire, for the OpenAPI document. [`StartRequest`] holds what was made of it.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::{ImagePullPolicy, ResourceFactor, StartRequest};
use crate::command::Command;
use crate::environment::Environment;

/// A start: an image, whose session it is, and how it should run. Every field may be `null`, which means the same as
/// leaving it out; fields that are not listed are ignored.
///
/// The session is named by the first of `session_id`, `name` and `runtime_id` that is there and not empty; without one
/// the server makes a name.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Shape {
    /// Image reference, without white space or control characters.
    #[schema(
        min_length = 1,
        pattern = r"^[^\s\x00-\x1f\x7f-\x9f]+$",
        example = "registry.example.com/agent-server:1.58.2-python"
    )]
    image: String,
    /// Replaces the entry point of the image; nothing (`null`, `""` and `[]`) keeps it.
    command: Option<Command>,
    /// Working directory, in the terms of the image.
    #[schema(pattern = r"^[^\x00]*$", example = "/workspace")]
    working_dir: Option<String>,
    /// Variables of the runtime.
    environment: Option<Environment>,
    /// The caller's name for its session, compared byte for byte: at most 255 bytes of UTF-8 without control characters.
    #[schema(
        max_length = 255,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$",
        example = "4Zr0bQk7TnUeXw2mLs9PdA"
    )]
    session_id: Option<String>,
    /// The session, as clients 0.9 name it.
    #[schema(max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    name: Option<String>,
    /// The session, as clients 0.10 to 0.12 name it.
    #[schema(max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    runtime_id: Option<String>,
    /// Multiple of the server's base resources.
    resource_factor: Option<ResourceFactor>,
    /// Runtime class, such as `sysbox-runc`; one that is not there falls back to the server's default.
    #[schema(pattern = r"^[^\x00]*$")]
    runtime_class: Option<String>,
    /// User id; 0 is a value.
    #[schema(minimum = 0, maximum = 2_147_483_647_u32)]
    run_as_user: Option<u32>,
    /// Group id.
    #[schema(minimum = 0, maximum = 2_147_483_647_u32)]
    run_as_group: Option<u32>,
    /// Group that the disk is writable for.
    #[schema(minimum = 0, maximum = 2_147_483_647_u32)]
    fs_group: Option<u32>,
    /// When the image is pulled.
    image_pull_policy: Option<ImagePullPolicy>,
}

impl PartialSchema for StartRequest {
    fn schema() -> RefOr<Schema> {
        Shape::schema()
    }
}

impl ToSchema for StartRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("StartRequest")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Shape::schemas(schemas);
    }
}

//! Images: where they are, whether they are there, and that none is built here.

use runtime_api::{ImageExists, RegistryPrefix};
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::HttpMethod::{Get, Post};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::call::{Call, call, schema_of};
use super::refusals::{KEYED, Refusal};

pub(super) const TAG: &str = "images";

pub(super) fn calls() -> Vec<Call> {
    vec![registry_prefix(), image_exists(), build(), build_status()]
}

fn registry_prefix() -> Call {
    call(
        Get,
        "/registry_prefix",
        "registry_prefix",
        TAG,
        "Ask where images live",
    )
    .gives(
        "200",
        "The prefix of their references",
        schema_of::<RegistryPrefix>(),
        Some(json!({"registry_prefix": "registry.example.com/openhands"})),
    )
    .refuses(KEYED)
    .done()
}

fn image_exists() -> Call {
    let image = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1));
    call(
        Get,
        "/image_exists",
        "image_exists",
        TAG,
        "Ask whether an image could be started",
    )
    .in_query("image", "The image reference", Required::True, image)
    .gives(
        "200",
        "Whether it exists, and what is known of it",
        schema_of::<ImageExists>(),
        Some(json!({
            "exists": true,
            "image": {"upload_time": "2026-01-05T10:00:00Z", "image_size_bytes": 1_834_022_912_u64}
        })),
    )
    .refuses([Refusal::Invalid])
    .refuses(KEYED)
    .done()
}

fn build() -> Call {
    call(Post, "/build", "build", TAG, "Build an image")
        .about("This server has no builder: clients that name an image need none.")
        .refuses([Refusal::NotImplemented])
        .refuses(KEYED)
        .done()
}

fn build_status() -> Call {
    let build = ObjectBuilder::new().schema_type(Type::String);
    call(
        Get,
        "/build_status",
        "build_status",
        TAG,
        "Ask how a build goes",
    )
    .about("This server has no builder, and so no builds.")
    .in_query("build_id", "The build", Required::False, build)
    .refuses([Refusal::NotFound])
    .refuses(KEYED)
    .done()
}

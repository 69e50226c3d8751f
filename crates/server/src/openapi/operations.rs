//! The server itself.

use runtime_api::Health;
use serde_json::json;
use utoipa::openapi::path::HttpMethod::Get;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::call::{Call, call, schema_of};
use super::refusals::Refusal;

pub(super) const TAG: &str = "server";

pub(super) fn calls() -> Vec<Call> {
    vec![
        health("/health", "health"),
        health("/liveness", "liveness"),
        health("/readiness", "readiness"),
        document(),
    ]
}

fn health(path: &'static str, id: &str) -> Call {
    call(Get, path, id, TAG, "Ask whether the server answers")
        .open()
        .gives(
            "200",
            "It does",
            schema_of::<Health>(),
            Some(json!({"status": "ok"})),
        )
        .refuses([Refusal::Internal, Refusal::TimedOut])
        .done()
}

fn document() -> Call {
    let document = ObjectBuilder::new()
        .schema_type(Type::Object)
        .required("openapi")
        .property("openapi", ObjectBuilder::new().schema_type(Type::String));
    call(Get, "/openapi.json", "openapi", TAG, "Read this document")
        .open()
        .gives("200", "This document", Schema::from(document), None)
        .refuses([Refusal::Internal, Refusal::TimedOut])
        .done()
}

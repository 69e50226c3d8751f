//! Warm configurations and administrators.

use runtime_api::{
    AdminApiKey, AdminChallenge, AdminLogin, AdminToken, Message, WarmConfig, WarmConfigShape,
    WarmConfigs,
};
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::HttpMethod::{self, Delete, Get, Post, Put};
use utoipa::openapi::schema::{ArrayBuilder, Schema};

use super::call::{Call, Describing, call, schema_of};
use super::examples;
use super::refusals::{BODY, KEYED, Refusal};

pub(super) const TAG: &str = "admin";

const CONFIG: &str = "/api/admin/warm-runtime-configs/{name}";

pub(super) fn calls() -> Vec<Call> {
    vec![
        warm_configs(),
        challenge(),
        login(),
        api_keys(),
        put_config(),
        delete_config(),
    ]
}

fn warm_configs() -> Call {
    call(
        Get,
        "/api/warm-runtime-configs",
        "warm_configs",
        TAG,
        "List the warm configurations",
    )
    .about("Those of administrators go before the operator's of the same name.")
    .gives(
        "200",
        "What runtimes are kept ready of; nothing makes clients use their built-in default",
        schema_of::<WarmConfigs>(),
        Some(json!({"configs": []})),
    )
    .refuses(KEYED)
    .done()
}

/// What every call of administrators may be answered with.
fn of_admin(method: HttpMethod, path: &'static str, id: &str, summary: &str) -> Describing {
    call(method, path, id, TAG, summary)
        .refuses([Refusal::Forbidden])
        .refuses([
            Refusal::TooMany,
            Refusal::Internal,
            Refusal::Unavailable,
            Refusal::TimedOut,
        ])
}

fn challenge() -> Call {
    of_admin(
        Get,
        "/api/admin/challenge",
        "admin_challenge",
        "Ask for a challenge",
    )
    .about("It can be answered once, and soon.")
    .open()
    .gives(
        "200",
        "What the password is proved with",
        schema_of::<AdminChallenge>(),
        Some(json!({"challenge": "0f3b9c52", "salt": "a1d07e44", "iterations": 10000})),
    )
    .done()
}

fn login() -> Call {
    let example = json!({"challenge": "0f3b9c52", "hash": "5be0c1"});
    of_admin(
        Post,
        "/api/admin/login",
        "admin_login",
        "Log in as an administrator",
    )
    .open()
    .takes::<AdminLogin>(Required::True, example)
    .gives(
        "200",
        "The token of the calls that follow",
        schema_of::<AdminToken>(),
        None,
    )
    .refuses(BODY)
    .refuses([Refusal::Unauthorized])
    .done()
}

fn api_keys() -> Call {
    of_admin(
        Get,
        "/api/admin/api-keys",
        "admin_api_keys",
        "List the keys of the API",
    )
    .for_admin()
    .gives(
        "200",
        "Every key; its text is there only where it stands in the configuration",
        Schema::from(ArrayBuilder::new().items(schema_of::<AdminApiKey>())),
        None,
    )
    .refuses([Refusal::Unauthorized])
    .done()
}

fn put_config() -> Call {
    of_config(
        Put,
        "admin_put_warm_config",
        "Make or change a warm configuration",
    )
    .takes::<WarmConfigShape>(Required::True, examples::warm_config())
    .gives(
        "200",
        "The configuration as it is stored",
        schema_of::<WarmConfig>(),
        None,
    )
    .refuses(BODY)
    .done()
}

fn delete_config() -> Call {
    of_config(
        Delete,
        "admin_delete_warm_config",
        "Remove an administrator's warm configuration",
    )
    .about("Where the operator's file has one of the same name, it holds again.")
    .gives("200", "It was removed", schema_of::<Message>(), None)
    .refuses([Refusal::Invalid, Refusal::NotFound])
    .done()
}

fn of_config(method: HttpMethod, id: &str, summary: &str) -> Describing {
    of_admin(method, CONFIG, id, summary)
        .for_admin()
        .in_path(
            "name",
            "The name: 1 to 255 bytes without control characters",
            "v1_current",
        )
        .refuses([Refusal::Unauthorized])
}

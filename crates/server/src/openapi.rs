//! The API as an OpenAPI 3.1 document: served at `/openapi.json`, and committed as `docs/openapi.json`.
//!
//! Schemas come from the types of `runtime-api`; what each path does stands in a file per tag. A test walks the table of
//! routes, so that none can be missing here, and the other way round.

mod admin;
mod call;
mod examples;
mod images;
mod operations;
mod refusals;
mod runtimes;

use runtime_api::{
    AdminApiKey, AdminChallenge, AdminLogin, AdminToken, Command, Environment, ErrorBody,
    ErrorCode, Health, ImageExists, ImageFacts, ImagePullPolicy, LifecycleRequest, Message,
    PodStatusText, RegistryPrefix, ResourceFactor, Runtime, RuntimeEvent, RuntimeEvents,
    RuntimeList, RuntimeLogs, StartRequest, Status, WarmConfig, WarmConfigShape, WarmConfigs,
    WarmSource, WarmSpec,
};
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::path::Paths;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ComponentsBuilder, Info, OpenApi, OpenApiBuilder, Server, Tag};

use call::{ADMIN_TOKEN, API_KEY, key};

/// What is true of every call.
const ABOUT: &str = "\
Sandboxes for agents: one is started for a session, paused, resumed and stopped, and looked at. A sandbox is called a \
*runtime* here.

Every call but the health and this document needs the header `X-API-Key`. Fields of a request that are not listed are \
ignored, and so are parameters; `null` means the same as leaving a field out. An error, whatever raised it, is an object \
with the sentence in `detail` and a stable word in `error`. Slashes that are doubled or trail are not there. A method \
that a path does not take is answered with 405 and the header `Allow`; `HEAD` is answered wherever `GET` is.";

/// The document of a server whose paths begin with `path_prefix`, which is empty for none.
pub(crate) fn document(path_prefix: &str) -> OpenApi {
    let base = format!("/{}", path_prefix.trim_matches('/'));
    OpenApiBuilder::new()
        .info(info())
        .servers(Some([Server::new(base)]))
        .paths(paths())
        .components(Some(components()))
        .security(Some([key()]))
        .tags(Some(tags()))
        .build()
}

/// Its text, as it is served.
pub(crate) fn text(path_prefix: &str) -> String {
    // Every key of it is a text, so it is always written.
    document(path_prefix).to_pretty_json().unwrap_or_default() + "\n"
}

fn info() -> Info {
    InfoBuilder::new()
        .title("pinfold")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(
            LicenseBuilder::new()
                .name("Apache-2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ))
        .build()
}

fn tags() -> [Tag; 4] {
    [
        (
            runtimes::TAG,
            "Starting, pausing, resuming, stopping and looking at runtimes",
        ),
        (images::TAG, "Images that runtimes are started from"),
        (
            admin::TAG,
            "Warm configurations and the calls of administrators",
        ),
        (operations::TAG, "The server itself; without a key"),
    ]
    .map(|(name, about)| {
        TagBuilder::new()
            .name(name)
            .description(Some(about))
            .build()
    })
}

fn paths() -> Paths {
    let mut paths = Paths::new();
    let calls = [
        runtimes::calls(),
        images::calls(),
        admin::calls(),
        operations::calls(),
    ];
    for call in calls.into_iter().flatten() {
        paths.add_path_operation(call.path, vec![call.method], call.operation);
    }
    paths
}

fn components() -> Components {
    let components = ComponentsBuilder::new()
        .schema_from::<AdminApiKey>()
        .schema_from::<AdminChallenge>()
        .schema_from::<AdminLogin>()
        .schema_from::<AdminToken>()
        .schema_from::<Command>()
        .schema_from::<Environment>()
        .schema_from::<ErrorBody>()
        .schema_from::<ErrorCode>()
        .schema_from::<Health>()
        .schema_from::<ImageExists>()
        .schema_from::<ImageFacts>()
        .schema_from::<ImagePullPolicy>()
        .schema_from::<LifecycleRequest>()
        .schema_from::<Message>()
        .schema_from::<PodStatusText>()
        .schema_from::<RegistryPrefix>()
        .schema_from::<ResourceFactor>()
        .schema_from::<Runtime>()
        .schema_from::<RuntimeEvent>()
        .schema_from::<RuntimeEvents>()
        .schema_from::<RuntimeList>()
        .schema_from::<RuntimeLogs>()
        .schema_from::<StartRequest>()
        .schema_from::<Status>()
        .schema_from::<WarmConfig>()
        .schema_from::<WarmConfigShape>()
        .schema_from::<WarmConfigs>()
        .schema_from::<WarmSource>()
        .schema_from::<WarmSpec>()
        .security_scheme(
            API_KEY,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "X-API-Key",
                "A key of the API, as the operator gives them out",
            ))),
        )
        .security_scheme(
            ADMIN_TOKEN,
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        );
    refusals::add_to(components).build()
}

#[cfg(test)]
mod tests;

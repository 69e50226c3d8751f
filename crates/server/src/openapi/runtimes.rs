//! Runtimes: what they are made, changed and looked at with.

use runtime_api::{
    LifecycleRequest, Runtime, RuntimeEvents, RuntimeList, RuntimeLogs, StartRequest,
};
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::HttpMethod::{Get, Post};
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};

use super::call::{Call, Describing, call, schema_of};
use super::examples;
use super::refusals::{BODY, KEYED, Refusal};
use crate::handlers::logs;

pub(super) const TAG: &str = "runtimes";

pub(super) fn calls() -> Vec<Call> {
    vec![
        start(),
        ends("/stop", "stop", "Stop a runtime: compute and disk go"),
        ends(
            "/pause",
            "pause",
            "Pause a runtime: compute goes, the disk stays",
        ),
        resume(),
        list(),
        runtime(),
        logs(),
        events(),
        batch(),
        session(),
    ]
}

fn start() -> Call {
    call(Post, "/start", "start", TAG, "Give a session its runtime")
        .about(
            "The session's open runtime, or a new one where it has none; a paused one is resumed. The answer comes at \
             once or, where the runtime gets ready soon, a moment later; a runtime that is starting is then polled.",
        )
        .takes::<StartRequest>(Required::True, examples::start())
        .gives_with(
            "201",
            "The runtime, an old or a new one",
            schema_of::<Runtime>(),
            Some(examples::runtime()),
            links(),
        )
        .refuses(BODY)
        .refuses(KEYED)
        .done()
}

/// What can be done with a runtime that was started.
fn links() -> [(&'static str, Link); 5] {
    const ID: &str = "$response.body#/runtime_id";
    const SESSION: &str = "$response.body#/session_id";

    let acts = |id: &str| {
        Link::builder()
            .operation_id(id)
            .request_body(Some(json!({"runtime_id": ID})))
            .build()
    };
    let shows = |id: &str, value: &str| {
        Link::builder()
            .operation_id(id)
            .parameter("id", value)
            .build()
    };
    [
        ("Pause", acts("pause")),
        ("Resume", acts("resume")),
        ("Stop", acts("stop")),
        ("Runtime", shows("runtime", ID)),
        ("Session", shows("session", SESSION)),
    ]
}

fn ends(path: &'static str, id: &str, summary: &str) -> Call {
    let nothing = ObjectBuilder::new()
        .schema_type(Type::Object)
        .max_properties(Some(0));
    let either = AnyOfBuilder::new()
        .item(schema_of::<Runtime>())
        .item(Schema::from(nothing));
    call(Post, path, id, TAG, summary)
        .about(
            "Answered as soon as the wish is recorded; to ask again changes nothing. Without an id nothing is done, for \
             clients close what they failed to start. An id that no runtime has is tried as a session's.",
        )
        .takes::<LifecycleRequest>(Required::False, examples::runtime_id())
        .gives(
            "200",
            "The runtime; an empty object where no id was sent",
            Schema::from(either),
            None,
        )
        .refuses(BODY)
        .refuses([Refusal::NotFound])
        .refuses(KEYED)
        .done()
}

fn resume() -> Call {
    call(Post, "/resume", "resume", TAG, "Resume a runtime on its disk")
        .about(
            "A paused or failed runtime starts again with the image, command and variables that it was started with; \
             one that is starting or running is left alone.",
        )
        .takes::<LifecycleRequest>(Required::True, examples::runtime_id())
        .gives(
            "200",
            "The whole runtime, with its key and URL",
            schema_of::<Runtime>(),
            Some(examples::runtime()),
        )
        .refuses(BODY)
        .refuses([Refusal::NotFound])
        .refuses(KEYED)
        .done()
}

fn list() -> Call {
    let states = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["live", "open", ""]));
    call(Get, "/list", "list", TAG, "List runtimes")
        .in_query(
            "state",
            "`live`, as nothing does, for those that are starting or running; `open` for all that are not stopped",
            Required::False,
            states,
        )
        .gives(
            "200",
            "All of them, without pages",
            schema_of::<RuntimeList>(),
            Some(json!({"runtimes": [examples::runtime()], "total": 1})),
        )
        .refuses([Refusal::Invalid])
        .refuses(KEYED)
        .done()
}

fn runtime() -> Call {
    of_runtime("/runtime/{id}", "runtime", "Look at a runtime")
        .gives(
            "200",
            "The runtime",
            schema_of::<Runtime>(),
            Some(examples::runtime()),
        )
        .done()
}

fn logs() -> Call {
    let bytes = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(logs::MOST))
        .default(Some(json!(logs::DEFAULT)));
    of_runtime(
        "/runtime/{id}/logs",
        "logs",
        "Read the end of what a runtime wrote",
    )
    .in_query("bytes", "How much of it, in bytes", Required::False, bytes)
    .gives(
        "200",
        "The end of its log",
        schema_of::<RuntimeLogs>(),
        Some(json!({"logs": "listening on port 60000\n"})),
    )
    .done()
}

fn events() -> Call {
    let event = json!({
        "at": "2026-01-05T10:00:00.000Z", "kind": "created", "by": "client", "message": "the sandbox was started"
    });
    of_runtime(
        "/runtime/{id}/events",
        "events",
        "Look at what happened to a runtime, and why",
    )
    .gives(
        "200",
        "Its timeline, oldest first",
        schema_of::<RuntimeEvents>(),
        Some(json!({"events": [event]})),
    )
    .done()
}

/// A look at one runtime.
fn of_runtime(path: &'static str, id: &str, summary: &str) -> Describing {
    call(Get, path, id, TAG, summary)
        .in_path(
            "id",
            "The runtime; where there is none of this name, the session",
            examples::RUNTIME_ID,
        )
        .refuses([Refusal::Invalid, Refusal::NotFound])
        .refuses(KEYED)
}

fn batch() -> Call {
    let ids = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String));
    call(Get, "/sessions/batch", "batch", TAG, "Look at the runtimes of many sessions")
        .about(
            "Sessions that are not known are left out; the paused and stopped runtimes of others are not. Ids may also \
             be joined by commas where no session has the whole text as its id.",
        )
        .in_query("ids", "The sessions, one a parameter", Required::False, ids)
        .gives(
            "200",
            "The runtimes, in no order",
            Schema::from(ArrayBuilder::new().items(schema_of::<Runtime>())),
            Some(json!([examples::runtime()])),
        )
        .refuses(KEYED)
        .done()
}

fn session() -> Call {
    call(
        Get,
        "/sessions/{id}",
        "session",
        TAG,
        "Look at the runtime of a session",
    )
    .about("Its open runtime, else the newest that was stopped.")
    .in_path(
        "id",
        "The session, exactly as it was named at the start",
        examples::SESSION_ID,
    )
    .gives(
        "200",
        "The runtime",
        schema_of::<Runtime>(),
        Some(examples::runtime()),
    )
    .refuses([Refusal::Invalid, Refusal::NotFound])
    .refuses(KEYED)
    .done()
}

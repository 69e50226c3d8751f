//! Every family of released clients (contract §8): its calls in its order, with its bodies and headers, and its own judgement
//! of the answers. The commands are those of the clients; the tiny program stands where theirs would.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::server::Server;
use crate::support::wait::{SOON, until};

/// `requests`, the library of V0 until 0.30.0.
const REQUESTS: &str = "python-requests/2.32.3";
/// `httpx`, the library of later V0, V1 and the SDK.
const HTTPX: &str = "python-httpx/0.28.1";

/// A client of one family.
struct Client<'a> {
    server: &'a Server,
    user_agent: &'static str,
    /// The tightest limit that the family puts on a call.
    limit: Duration,
}

impl<'a> Client<'a> {
    const fn new(server: &'a Server, user_agent: &'static str, seconds: u64) -> Self {
        Self {
            server,
            user_agent,
            limit: Duration::from_secs(seconds),
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        let headers = [
            ("X-API-Key", self.server.key.as_str()),
            ("User-Agent", self.user_agent),
            ("Accept", "*/*"),
            ("Content-Type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let call = self.server.call_with(method, path, &headers, body);
        tokio::time::timeout(self.limit, call)
            .await
            .unwrap_or_else(|_| panic!("{method} {path} took longer than the client waits"))
    }

    async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, body).await
    }

    /// What a client asks before a build that it does not need.
    async fn image_is_there(&self) {
        let prefix = self.get("/registry_prefix").await.expect(200);
        assert!(!prefix["registry_prefix"].as_str().unwrap().is_empty());
        let image = self.get("/image_exists?image=tiny").await.expect(200);
        assert_eq!(image["exists"], true);
        // V0 logs both, the size divided.
        assert!(image["image"]["image_size_bytes"].is_number());
        assert!(image["image"]["upload_time"].is_string());
    }

    /// Reads until one of these words stands in the field, as it stands there. Words beside `waits` end the client.
    async fn poll(&self, path: &str, field: &str, wanted: &str, waits: &[&str]) -> Value {
        until(wanted, SOON, async || {
            let runtime = self.get(path).await.expect(200);
            let word = runtime[field].as_str().unwrap().to_owned();
            if word == wanted {
                return Ok(runtime);
            }
            assert!(waits.contains(&word.as_str()), "{word} ends the client");
            Err(word)
        })
        .await
    }

    /// The sandbox's own probe, asked without headers.
    async fn alive(&self, runtime: &Value, path: &str) {
        let url = format!("{}{path}", runtime["url"].as_str().unwrap());
        until("the sandbox to answer", SOON, async || {
            let reply = self.server.http.get(&url).await?;
            if reply.status == 200 {
                Ok(())
            } else {
                Err(reply.status.to_string())
            }
        })
        .await;
    }

    /// `X-Session-API-Key` is what V0 sets from there, so it must be text.
    fn key(runtime: &Value) -> &str {
        let key = runtime["session_api_key"].as_str().unwrap();
        assert!(key.len() >= 32);
        key
    }
}

#[tokio::test]
async fn v0_0_9_names_its_session_and_compares_codes_exactly() {
    let server = Server::start().await;
    let client = Client::new(&server, REQUESTS, 120);
    client.image_is_there().await;
    let name = "oh-remote-runtime-session-0123456789abcdef0123456789abcdef-0123456789";
    let start = json!({
        "image": "tiny", "working_dir": "/openhands/code/", "environment": {}, "name": name,
        "command": "/openhands/micromamba/bin/micromamba run -n openhands PYTHONUNBUFFERED=1 poetry run python -u -m \
                    openhands.runtime.client.client 60000 --working-dir /openhands/code",
    });
    let started = client.post("/start", start).await;
    assert_eq!(started.status, 201);
    let runtime = started.json();
    client.alive(&runtime, "/alive").await;
    let stop = client
        .post("/stop", json!({"runtime_id": runtime["runtime_id"]}))
        .await;
    assert_eq!(stop.status, 200);
    server.finish().await;
}

#[tokio::test]
async fn v0_0_10_to_0_12_looks_up_by_session_in_the_runtime_route_and_reads_title_case() {
    let server = Server::start().await;
    let client = Client::new(&server, REQUESTS, 15);
    assert_eq!(client.get("/runtime/sid-1").await.status, 404);
    client.image_is_there().await;
    let start = json!({
        "image": "tiny", "command": "agent --port 60000", "working_dir": "/openhands/code/",
        "environment": {"DEBUG": "true"}, "runtime_id": "sid-1",
    });
    let started = client.post("/start", start).await;
    assert_eq!(started.status, 201);
    let runtime = started.json();
    Client::key(&runtime);
    let path = format!("/runtime/{}", runtime["runtime_id"].as_str().unwrap());
    let ready = client
        .poll(&path, "pod_status", "Ready", &["Pending", "Running"])
        .await;
    assert_eq!(ready["runtime_id"], runtime["runtime_id"]);
    client.alive(&runtime, "/alive").await;
    // The next process of the same session finds it, and resumes it when it was paused.
    let found = client.get("/runtime/sid-1").await.expect(200);
    assert_eq!(found["runtime_id"], runtime["runtime_id"]);
    let id = json!({"runtime_id": runtime["runtime_id"]});
    assert_eq!(client.post("/resume", id.clone()).await.status, 200);
    assert_eq!(client.post("/stop", id).await.status, 200);
    let gone = client.get("/runtime/sid-1").await.expect(200);
    assert_eq!(gone["pod_status"], "Not Found");
    server.finish().await;
}

#[tokio::test]
async fn v0_0_13_to_0_24_polls_its_session() {
    let server = Server::start().await;
    let client = Client::new(&server, REQUESTS, 10);
    for (session, factor, ready, waits) in [
        // 0.13 and 0.14.
        ("old", None, "Ready", &["Pending", "Running"]),
        // From 0.17 on.
        ("new", Some(1), "ready", &["pending", "running"]),
    ] {
        let path = format!("/sessions/{session}");
        assert_eq!(client.get(&path).await.status, 404);
        let mut start = json!({
            "image": "tiny", "command": ["agent", "--port", "60000"], "working_dir": "/openhands/code/",
            "environment": {}, "session_id": session,
        });
        if let Some(factor) = factor {
            start["resource_factor"] = json!(factor);
        }
        let runtime = client.post("/start", start).await.expect(201);
        let polled = client.poll(&path, "pod_status", ready, waits).await;
        assert_eq!(polled["runtime_id"], runtime["runtime_id"]);
        client.alive(&polled, "/alive").await;
        client
            .post("/stop", json!({"runtime_id": runtime["runtime_id"]}))
            .await
            .expect(200);
    }
    // `close()` after a failed start.
    client
        .post("/stop", json!({"runtime_id": null}))
        .await
        .expect(200);
    server.finish().await;
}

#[tokio::test]
async fn v0_0_25_to_0_62_polls_its_runtime_and_resumes_a_paused_one() {
    let server = Server::start().await;
    let client = Client::new(&server, HTTPX, 10);
    let missing = client.get("/sessions/sid").await;
    assert_eq!(missing.status, 404);
    // `.get("detail")` of the parsed error.
    assert!(missing.json().get("detail").is_some_and(Value::is_string));
    client.image_is_there().await;
    let start = json!({
        "image": "tiny",
        "command": ["/openhands/micromamba/bin/micromamba", "run", "-n", "openhands", "poetry", "run", "python", "-u", "-m",
            "openhands.runtime.action_execution_server", "60000", "--working-dir", "/workspace", "--plugins", "agent_skills",
            "--username", "openhands", "--user-id", "1000"],
        "working_dir": "/openhands/code/", "environment": {"DEBUG": "true"}, "session_id": "sid",
        "resource_factor": 1, "runtime_class": "sysbox-runc",
    });
    let runtime = client.post("/start", start).await.expect(201);
    let path = format!("/runtime/{}", runtime["runtime_id"].as_str().unwrap());
    let waits = ["not found", "pending", "running"];
    let ready = client.poll(&path, "pod_status", "ready", &waits).await;
    assert_eq!(ready["runtime_id"], runtime["runtime_id"]);
    assert!(ready["restart_count"].as_u64().is_some() && ready["restart_reasons"].is_array());
    assert!(
        ready["work_hosts"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_u64)
    );
    Client::key(&ready);
    client.alive(&ready, "/alive").await;

    client
        .post("/pause", json!({"runtime_id": runtime["runtime_id"]}))
        .await
        .expect(200);
    let url = format!("{}/execute_action", runtime["url"].as_str().unwrap());
    let paused = server.http.send("POST", &url, &[], "{}").await.unwrap();
    assert_eq!(paused.status, 503, "which makes it resume");
    let looked_up = client.get("/sessions/sid").await.expect(200);
    assert_eq!(looked_up["status"], "paused");
    client
        .post("/resume", json!({"runtime_id": runtime["runtime_id"]}))
        .await
        .expect(200);
    let again = client.poll(&path, "pod_status", "ready", &waits).await;
    // The key of the resume's answer is ignored: the old one must do.
    assert_eq!(Client::key(&again), Client::key(&runtime));
    client
        .post("/stop", json!({"runtime_id": runtime["runtime_id"]}))
        .await
        .expect(200);
    server.finish().await;
}

#[tokio::test]
async fn v1_lists_starts_looks_up_and_pauses_the_oldest() {
    let server = Server::start().await;
    let client = Client::new(&server, HTTPX, 15);
    let list = client.get("/list").await.expect(200);
    assert_eq!(list, json!({"runtimes": [], "total": 0}));
    let spec = client.get("/api/warm-runtime-configs").await.expect(200);
    assert!(spec["configs"].is_array());
    let session = "4Zr0bQk7TnUeXw2mLs9PdA";
    let start = json!({
        "image": "tiny", "command": ["/usr/local/bin/openhands-agent-server", "--port", "60000"],
        "working_dir": "/workspace", "session_id": session, "resource_factor": 1,
        "run_as_user": 10001, "run_as_group": 10001, "fs_group": 10001,
        "environment": {"OH_VSCODE_PORT": "60001", "LOG_JSON": "true", "LMNR_BASE_URL": "", "WORKER_1": "12000",
            "WORKER_2": "12001", "OH_WEBHOOKS_0_BASE_URL": "https://app.example.com/api/v1/webhooks",
            "OH_ALLOW_CORS_ORIGINS_0": "https://app.example.com"},
    });
    let runtime = client.post("/start", start).await.expect(201);
    let path = format!("/sessions/{session}");
    let running = client.poll(&path, "status", "running", &["starting"]).await;
    assert_eq!(running["pod_status"], "ready");
    client.alive(&running, "/alive").await;
    // Webhooks are authenticated by the key in the list, pages by the ids of a batch.
    let list = client.get("/list").await.expect(200);
    assert_eq!(
        list["runtimes"][0]["session_api_key"],
        runtime["session_api_key"]
    );
    let batch = client
        .get(&format!("/sessions/batch?ids={session}&ids=unknown"))
        .await
        .expect(200);
    assert_eq!(batch.as_array().unwrap().len(), 1);

    let id = json!({"runtime_id": runtime["runtime_id"]});
    client.post("/pause", id.clone()).await.expect(200);
    assert_eq!(client.get("/list").await.expect(200)["total"], 0);
    let resumed = client.post("/resume", id.clone()).await.expect(200);
    assert_eq!(
        Client::key(&resumed),
        Client::key(&runtime),
        "its hash is stored"
    );
    client.poll(&path, "status", "running", &["starting"]).await;
    client.post("/stop", id).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["status"], "stopped");
    for call in ["/pause", "/resume", "/stop"] {
        let unknown = client
            .post(call, json!({"runtime_id": "abcdefghijklmnop"}))
            .await;
        assert_eq!(
            unknown.status, 404,
            "{call}: it is not there, and its row goes"
        );
    }
    server.finish().await;
}

#[tokio::test]
async fn the_enterprise_server_reads_the_command_to_tell_old_from_new() {
    let server = Server::start().await;
    let client = Client::new(&server, HTTPX, 15);
    assert_eq!(client.get("/sessions/ent").await.status, 404);
    let start = json!({
        "image": "tiny", "working_dir": "/openhands/code/", "session_id": "ent", "resource_factor": 1,
        "command": ["python", "-u", "-m", "openhands.server"], "environment": {"port": "60000", "WORK_PORT_1": "12000"},
    });
    client.post("/start", start).await.expect(201);
    let running = client
        .poll("/sessions/ent", "status", "running", &["starting"])
        .await;
    // `'openhands.server' not in command`: a list or a text, never nothing.
    let command = running["command"].as_array().unwrap();
    assert!(command.contains(&json!("openhands.server")));
    // One without a command is the other kind, and no exception.
    client
        .post(
            "/start",
            json!({"image": "tiny", "session_id": "plain", "command": null}),
        )
        .await
        .expect(201);
    assert_eq!(
        client.get("/sessions/plain").await.expect(200)["command"],
        ""
    );
    assert_eq!(client.get("/list").await.expect(200)["total"], 2);
    client
        .post("/pause", json!({"runtime_id": running["runtime_id"]}))
        .await
        .expect(200);
    assert_eq!(
        client.get("/sessions/ent").await.expect(200)["status"],
        "paused"
    );
    server.finish().await;
}

/// And the evaluation harness, which doubles the factor after each failure.
#[tokio::test]
async fn the_sdk_waits_for_its_session_and_stops_twice() {
    let server = Server::start().await;
    let client = Client::new(&server, HTTPX, 30);
    for factor in [None, Some(2), Some(8)] {
        let session = format!(
            "agent-server-0123456789abcdef0123456789abcde{}",
            factor.unwrap_or(1)
        );
        let path = format!("/sessions/{session}");
        assert_eq!(
            client.get(&path).await.status,
            404,
            "anything else is fatal"
        );
        let mut start = json!({
            "image": "tiny", "command": "/usr/local/bin/openhands-agent-server --port 60000", "working_dir": "/",
            "environment": {"FORWARDED": "1"}, "session_id": session, "run_as_user": 10001, "fs_group": 10001,
            "image_pull_policy": "IfNotPresent", "runtime_class": "sysbox-runc",
        });
        if let Some(factor) = factor {
            start["resource_factor"] = json!(factor);
        }
        let runtime = client.post("/start", start).await.expect(201);
        let waits = ["not found", "pending", "running"];
        let ready = client.poll(&path, "pod_status", "ready", &waits).await;
        assert!(
            ready["restart_count"]
                .as_u64()
                .is_some_and(|count| count == 0)
        );
        client.alive(&ready, "/health").await;
        for _ in 0..2 {
            client
                .post("/stop", json!({"runtime_id": runtime["runtime_id"]}))
                .await
                .expect(200);
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn a_third_party_asks_health_and_runs_as_root() {
    let server = Server::start().await;
    let client = Client::new(&server, REQUESTS, 30);
    assert!(client.get("/health").await.expect(200).is_object());
    let session = "riff.user-1.Project_2";
    let start =
        json!({"image": "tiny", "session_id": session, "run_as_user": 0, "resource_factor": 1});
    let runtime = client.post("/start", start).await.expect(201);
    client
        .poll(
            &format!("/sessions/{session}"),
            "status",
            "running",
            &["starting"],
        )
        .await;
    let refused = client.post("/start", json!({"session_id": session})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"].is_string(), "it reads `error`");
    client
        .post("/stop", json!({"runtime_id": runtime["runtime_id"]}))
        .await
        .expect(200);
    server.finish().await;
}

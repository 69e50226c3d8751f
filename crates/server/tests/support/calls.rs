//! What tests ask of a server and its sandboxes, and what they wait for.

use bytes::Bytes;
use serde_json::{Value, json};

use super::http::Reply;
use super::runtime::Runtime;
use super::server::{GONE, Server};
use super::wait::{SOON, until};

impl Server {
    /// A call with the key.
    pub(crate) async fn call(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Reply {
        self.call_with(method, path, &[("X-API-Key", &self.key)], body)
            .await
    }

    /// A call with these headers alone.
    pub(crate) async fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let url = format!("{}{path}", self.url);
        let reply = self.http.send(method, &url, headers, body).await;
        reply.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, body.to_string()).await
    }

    /// `/start` with this body, which must be answered with 201.
    pub(crate) async fn start_with(&self, body: Value) -> Runtime {
        let runtime = Runtime::checked(self.post("/start", body).await.expect(201));
        self.told.lock().unwrap().push(runtime.key().to_owned());
        runtime
    }

    /// A tiny sandbox of this session; may still be starting.
    pub(crate) async fn start_session(&self, session: &str) -> Runtime {
        self.start_with(json!({"image": "tiny", "session_id": session}))
            .await
    }

    /// A tiny sandbox that runs.
    pub(crate) async fn running(&self, session: &str) -> Runtime {
        let started = self.start_session(session).await;
        self.wait_for(started.id(), "running").await
    }

    /// A tiny sandbox with these arguments that runs.
    pub(crate) async fn running_with(&self, session: &str, args: &[&str]) -> Runtime {
        let mut command = vec!["tiny"];
        command.extend_from_slice(args);
        let body = json!({"image": "tiny", "session_id": session, "command": command});
        let started = self.start_with(body).await;
        self.wait_for(started.id(), "running").await
    }

    /// `/pause`, `/resume` or `/stop`, which must be answered with 200.
    pub(crate) async fn intend(&self, what: &str, id: &str) -> Runtime {
        let reply = self.post(what, json!({"runtime_id": id})).await;
        Runtime::checked(reply.expect(200))
    }

    pub(crate) async fn runtime(&self, id: &str) -> Runtime {
        Runtime::checked(self.get(&format!("/runtime/{id}")).await.expect(200))
    }

    pub(crate) async fn list(&self) -> Vec<Runtime> {
        let list = self.get("/list").await.expect(200);
        let runtimes = list["runtimes"].as_array().unwrap();
        assert_eq!(list["total"], runtimes.len());
        runtimes.iter().cloned().map(Runtime::checked).collect()
    }

    /// Waits for this status.
    pub(crate) async fn wait_for(&self, id: &str, status: &str) -> Runtime {
        self.wait_until(id, status, |runtime| runtime.status() == status)
            .await
    }

    /// Waits until the runtime is as wanted.
    pub(crate) async fn wait_until(
        &self,
        id: &str,
        what: &str,
        wanted: impl Fn(&Runtime) -> bool,
    ) -> Runtime {
        until(what, SOON, async || {
            let runtime = self.runtime(id).await;
            if wanted(&runtime) {
                Ok(runtime)
            } else {
                Err(runtime.0.to_string())
            }
        })
        .await
    }

    /// Waits until no process of the sandbox is left.
    pub(crate) async fn wait_gone(&self, id: &str) {
        until("no process of the sandbox", GONE, async || {
            let left: Vec<_> = self
                .processes()
                .into_iter()
                .filter(|process| process.sandbox.as_deref() == Some(id))
                .collect();
            if left.is_empty() {
                Ok(())
            } else {
                Err(format!("{left:?}"))
            }
        })
        .await;
    }

    /// Asks the sandbox through the gateway.
    pub(crate) async fn ask(&self, runtime: &Runtime, path: &str) -> Reply {
        let url = format!("{}{path}", runtime.url());
        let reply = self.http.get(&url).await;
        reply.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs a shell command in the sandbox.
    pub(crate) async fn exec(&self, runtime: &Runtime, script: &str) -> String {
        let url = format!("{}/exec", runtime.url());
        let headers = [("X-Session-API-Key", runtime.key())];
        let reply = self
            .http
            .send("POST", &url, &headers, script.to_owned())
            .await;
        let reply = reply.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text()
    }

    /// The last of what the sandbox wrote.
    pub(crate) async fn logs(&self, id: &str) -> String {
        let path = format!("/runtime/{id}/logs?bytes=4194304");
        let logs = self.get(&path).await.expect(200);
        logs["logs"].as_str().unwrap().to_owned()
    }

    /// The number of the sandbox's process.
    pub(crate) async fn pid_of(&self, runtime: &Runtime) -> u32 {
        self.ask(runtime, "/pid").await.text().parse().unwrap()
    }
}

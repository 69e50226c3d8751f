//! `kill -9` while clients want this and that: after the restart each session is where its last acknowledged intent, or
//! the one that was under way, wants it.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use crate::support::processes;
use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::{KEY, Setup};
use crate::support::wait::{SOON, until};

const ROUNDS: u64 = 10;
const SESSIONS: u64 = 6;

/// Small and good enough for a shuffle (Knuth's MMIX).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    Start,
    Pause,
    Resume,
    Stop,
}

impl Intent {
    fn status(self) -> &'static str {
        match self {
            Self::Start | Self::Resume => "running",
            Self::Pause => "paused",
            Self::Stop => "stopped",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Start => "/start",
            Self::Pause => "/pause",
            Self::Resume => "/resume",
            Self::Stop => "/stop",
        }
    }
}

/// What one client knows of its session.
#[derive(Debug)]
struct Session {
    name: String,
    dice: Dice,
    /// As of the last answer.
    runtime: Option<Runtime>,
    acknowledged: Option<Intent>,
    /// Sent, and not answered when the server was killed.
    under_way: Option<Intent>,
}

impl Session {
    /// One thing after another, until the server is gone.
    async fn live(&mut self, server: &Server) {
        loop {
            let intent = match (&self.acknowledged, self.dice.roll(5)) {
                (None | Some(Intent::Stop), _) | (_, 0) => Intent::Start,
                (_, 1) => Intent::Stop,
                (_, 2 | 3) => Intent::Pause,
                _ => Intent::Resume,
            };
            self.under_way = Some(intent);
            let Ok(runtime) = self.want(server, intent).await else {
                return;
            };
            self.runtime = Some(runtime);
            self.acknowledged = Some(intent);
            self.under_way = None;
            tokio::time::sleep(Duration::from_millis(self.dice.roll(60))).await;
        }
    }

    async fn want(&self, server: &Server, intent: Intent) -> Result<Runtime, String> {
        let body = match (intent, &self.runtime) {
            (Intent::Pause | Intent::Resume | Intent::Stop, Some(runtime)) => {
                json!({"runtime_id": runtime.id()})
            }
            _ => json!({"image": "tiny", "session_id": self.name}),
        };
        let url = format!("{}{}", server.url(), intent.path());
        let headers = [("X-API-Key", KEY)];
        let reply = server
            .http
            .send("POST", &url, &headers, body.to_string())
            .await?;
        let status = if intent == Intent::Start { 201 } else { 200 };
        Ok(Runtime::checked(reply.expect(status)))
    }

    /// Where it is now, which must be where somebody wanted it.
    async fn check(&mut self, server: &Server) {
        let wanted: Vec<&str> = [self.acknowledged, self.under_way]
            .into_iter()
            .flatten()
            .map(Intent::status)
            .collect();
        let path = format!("/sessions/{}", self.name);
        let now = until("a wanted state", SOON, async || {
            let reply = server.get(&path).await;
            if reply.status == 404 && self.acknowledged.is_none() {
                return Ok(None);
            }
            let now = Runtime::checked(reply.expect(200));
            assert_ne!(now.status(), "error", "{now:?}");
            if wanted.contains(&now.status()) {
                Ok(Some(now))
            } else {
                Err(format!("{wanted:?} wanted: {now:?}"))
            }
        })
        .await;
        if let (Some(now), Some(before)) = (&now, &self.runtime)
            && self.under_way != Some(Intent::Start)
        {
            assert_eq!(now.identity(), before.identity());
        }
        self.acknowledged = now.as_ref().map(|now| match now.status() {
            "running" => Intent::Start,
            "paused" => Intent::Pause,
            _ => Intent::Stop,
        });
        self.runtime = now;
        self.under_way = None;
    }
}

/// What runs is wanted, and what is wanted runs.
async fn check_processes(server: &Server, sessions: &[Session]) {
    until(
        "the processes that are wanted and no others",
        SOON,
        async || {
            let processes = server.processes();
            for session in sessions {
                let Some(runtime) = &session.runtime else {
                    continue;
                };
                let runs = processes
                    .iter()
                    .any(|process| process.sandbox.as_deref() == Some(runtime.id()));
                if runs != (runtime.status() == "running") {
                    return Err(format!("{runtime:?} has {processes:?}"));
                }
            }
            let known = |id: &str| {
                let mut runtimes = sessions
                    .iter()
                    .filter_map(|session| session.runtime.as_ref());
                runtimes.any(|runtime| runtime.id() == id)
            };
            match processes
                .iter()
                .find(|process| !process.sandbox.as_deref().is_some_and(known))
            {
                None => Ok(()),
                Some(stray) => Err(format!("nobody knows {stray:?}")),
            }
        },
    )
    .await;
}

#[tokio::test]
async fn every_session_is_where_it_was_wanted_last() {
    let mut server = Server::with(Setup {
        extra: "hold = \"100ms\"\n".to_owned(),
        ..Setup::default()
    })
    .await;
    let mut sessions: Vec<Session> = (0..SESSIONS)
        .map(|number| Session {
            name: format!("s{number}"),
            dice: Dice(number),
            runtime: None,
            acknowledged: None,
            under_way: None,
        })
        .collect();
    let mut dice = Dice(42);
    for _ in 0..ROUNDS {
        let kill = async {
            tokio::time::sleep(Duration::from_millis(100 + dice.roll(400))).await;
            processes::kill(server.pid());
        };
        let clients = sessions.iter_mut().map(|session| session.live(&server));
        tokio::join!(kill, join_all(clients));
        server.kill9();
        server.restart().await;
        for session in &mut sessions {
            session.check(&server).await;
        }
        check_processes(&server, &sessions).await;
    }
    server.finish().await;
}

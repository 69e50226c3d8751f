//! The agent client against a server that follows a script.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use agent_client::HttpAgent;
use runtime_core::sandbox::AgentState;
use runtime_core::{Agent as _, AgentError, Endpoint, Init, SessionKey};

const READY: AgentState = AgentState::Ready { idle: None };
const NO_SUCH_PATH: (u16, &str) = (404, r#"{"detail":"Not Found"}"#);
const ALIVE: (u16, &str) = (200, r#"{"status":"ok"}"#);

/// A request as the script's server got it.
#[derive(Debug)]
struct Seen {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// Number of the connection that it came over.
    connection: usize,
}

/// Answers the requests that come, in their order, and ends.
struct Script {
    at: Endpoint,
    server: JoinHandle<Vec<Seen>>,
}

impl Script {
    fn of<const N: usize>(answers: [(u16, &str); N]) -> Self {
        Self::with_header("X-Nothing: 1", answers)
    }

    fn with_header<const N: usize>(header: &'static str, answers: [(u16, &str); N]) -> Self {
        let mut replies: Vec<String> = answers
            .iter()
            .map(|(status, body)| {
                let length = body.len();
                format!(
                    "HTTP/1.1 {status} Said\r\n{header}\r\nContent-Length: {length}\r\n\r\n{body}"
                )
            })
            .collect();
        replies.reverse();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = Endpoint::new(&format!("http://{}/", listener.local_addr().unwrap()));
        let closes = header.eq_ignore_ascii_case("connection: close");
        let server = std::thread::spawn(move || {
            let mut seen = Vec::new();
            for connection in 0.. {
                if replies.is_empty() {
                    break;
                }
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                while !replies.is_empty()
                    && let Some(request) = read(&mut stream, connection)
                {
                    seen.push(request);
                    let reply = replies.pop().unwrap();
                    stream.get_mut().write_all(reply.as_bytes()).unwrap();
                    if closes {
                        break;
                    }
                }
            }
            seen
        });
        Self { at, server }
    }

    /// What was asked; every answer of the script must have been used.
    fn seen(self) -> Vec<Seen> {
        self.server.join().unwrap()
    }
}

fn read(stream: &mut BufReader<TcpStream>, connection: usize) -> Option<Seen> {
    let mut line = String::new();
    if stream.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Some(Seen {
        line: line.trim_end().to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
        connection,
    })
}

fn quick() -> HttpAgent {
    HttpAgent::new(Duration::from_millis(50), Duration::from_millis(50))
}

fn init() -> Init {
    Init {
        init_key: "throw-away".to_owned().into(),
        session_key: SessionKey::from("session".to_owned()),
        secret_key: "lasting".to_owned().into(),
        environment: BTreeMap::from([("NAME".to_owned(), "valué".to_owned().into())]),
    }
}

async fn probe<const N: usize>(answers: [(u16, &str); N]) -> AgentState {
    let script = Script::of(answers);
    let state = HttpAgent::default().probe(&script.at).await;
    script.seen();
    state
}

async fn bind<const N: usize>(answers: [(u16, &str); N]) -> (Result<(), AgentError>, Vec<Seen>) {
    let script = Script::of(answers);
    let bound = HttpAgent::default().bind(&script.at, &init()).await;
    (bound, script.seen())
}

#[tokio::test]
async fn an_agent_that_is_alive_and_not_deferred_is_ready() {
    assert_eq!(probe([ALIVE, NO_SUCH_PATH]).await, READY);
}

#[tokio::test]
async fn an_action_server_that_refuses_unknown_paths_is_ready() {
    assert_eq!(probe([ALIVE, (403, "{}")]).await, READY);
}

#[tokio::test]
async fn a_program_that_answers_every_path_is_ready() {
    assert_eq!(probe([(200, "hello"), (200, "hello")]).await, READY);
}

#[tokio::test]
async fn a_deferred_agent_is_dormant_until_it_says_ready() {
    for (state, meaning) in [
        ("dormant", AgentState::Dormant),
        ("initializing", AgentState::Dormant),
        ("ready", READY),
    ] {
        let body = format!(r#"{{"state":"{state}","error":null}}"#);
        assert_eq!(probe([ALIVE, (200, &body)]).await, meaning, "{state}");
    }
}

#[tokio::test]
async fn an_action_server_that_is_not_initialised_is_silent() {
    assert_eq!(
        probe([(200, r#"{"status":"not initialized"}"#)]).await,
        AgentState::Silent
    );
}

#[tokio::test]
async fn any_status_but_200_is_silence() {
    for status in [204, 301, 401, 404, 500, 503] {
        assert_eq!(probe([(status, "")]).await, AgentState::Silent, "{status}");
    }
}

#[tokio::test]
async fn an_agent_that_fails_to_tell_its_state_is_silent() {
    assert_eq!(probe([ALIVE, (500, "")]).await, AgentState::Silent);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_silence() {
    assert_eq!(
        probe([(200, &"x".repeat(65 * 1024))]).await,
        AgentState::Silent
    );
}

#[tokio::test]
async fn an_agent_that_does_not_answer_or_listen_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = Endpoint::new(&format!("http://{}", listener.local_addr().unwrap()));
    assert_eq!(quick().probe(&at).await, AgentState::Silent);
    drop(listener);
    assert_eq!(HttpAgent::default().probe(&at).await, AgentState::Silent);
}

#[tokio::test]
async fn what_is_no_http_address_is_silent() {
    for base in ["", "127.0.0.1", "https://127.0.0.1:1", "http://"] {
        assert_eq!(
            quick().probe(&Endpoint::new(base)).await,
            AgentState::Silent,
            "{base}"
        );
    }
}

#[tokio::test]
async fn a_probe_uses_one_connection_where_the_agent_keeps_it() {
    let script = Script::of([ALIVE, NO_SUCH_PATH]);
    HttpAgent::default().probe(&script.at).await;
    let seen = script.seen();
    assert_eq!(seen[0].line, "GET /alive HTTP/1.1");
    assert!(seen[0].headers["host"].starts_with("127.0.0.1:"));
    assert_eq!(seen[1].line, "GET /api/init HTTP/1.1");
    assert_eq!([seen[0].connection, seen[1].connection], [0, 0]);
}

#[tokio::test]
async fn a_probe_uses_a_second_connection_where_the_agent_closes_the_first() {
    let script = Script::with_header("Connection: close", [ALIVE, NO_SUCH_PATH]);
    assert_eq!(HttpAgent::default().probe(&script.at).await, READY);
    assert_eq!(script.seen()[1].connection, 1);
}

#[tokio::test]
async fn the_path_of_an_endpoint_comes_first() {
    let script = Script::of([ALIVE, NO_SUCH_PATH]);
    let at = Endpoint::new(&format!("{}/abc/runtime/", script.at));
    assert_eq!(HttpAgent::default().probe(&at).await, READY);
    assert_eq!(script.seen()[0].line, "GET /abc/runtime/alive HTTP/1.1");
}

#[tokio::test]
async fn the_idle_time_comes_from_the_server_info() {
    let script = Script::of([(200, r#"{"uptime":7.5,"idle_time":2.25,"version":"1"}"#)]);
    let idle = HttpAgent::default().idle(&script.at).await.unwrap();
    assert_eq!(idle, Some(Duration::from_millis(2250)));
    assert_eq!(script.seen()[0].line, "GET /server_info HTTP/1.1");
}

#[tokio::test]
async fn an_agent_that_tells_no_idle_time_has_none() {
    for answer in [(200, r#"{"uptime":7}"#), NO_SUCH_PATH] {
        let script = Script::of([answer]);
        assert_eq!(HttpAgent::default().idle(&script.at).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_agent_that_cannot_be_asked_has_no_idle_time_of_zero() {
    let script = Script::of([(503, "")]);
    assert!(matches!(
        HttpAgent::default().idle(&script.at).await,
        Err(AgentError::Unexpected { status: 503, .. })
    ));
    let nobody = Endpoint::new("http://127.0.0.1:9");
    assert!(matches!(
        quick().idle(&nobody).await,
        Err(AgentError::Unreachable(_))
    ));
}

#[tokio::test]
async fn an_initialisation_carries_the_keys_and_the_environment() {
    let (bound, seen) = bind([(200, r#"{"state":"ready","error":null}"#)]).await;
    bound.unwrap();
    assert_eq!(seen[0].line, "POST /api/init HTTP/1.1");
    assert_eq!(seen[0].headers["x-init-api-key"], "throw-away");
    assert_eq!(seen[0].headers["content-type"], "application/json");
    assert_eq!(
        seen[0].body,
        r#"{"session_api_keys":["session"],"secret_key":"lasting","env":{"NAME":"valué"}}"#
    );
}

#[tokio::test]
async fn an_agent_that_is_not_deferred_is_bound() {
    bind([NO_SUCH_PATH]).await.0.unwrap();
}

#[tokio::test]
async fn telling_it_twice_is_no_error() {
    bind([(400, "{}"), (200, r#"{"state":"ready"}"#)])
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn an_earlier_call_that_is_still_under_way_is_not_yet_success() {
    let (bound, _) = bind([(400, "{}"), (200, r#"{"state":"initializing"}"#)]).await;
    assert!(matches!(
        bound,
        Err(AgentError::Unexpected { status: 400, .. })
    ));
}

#[tokio::test]
async fn after_a_lost_answer_the_new_key_shows_that_it_is_done() {
    let (bound, seen) = bind([
        (401, "{}"),
        (400, "{}"),
        (200, r#"{"state":"ready","error":null}"#),
    ])
    .await;
    bound.unwrap();
    assert_eq!(seen[1].headers["x-init-api-key"], "lasting");
    assert_eq!(seen[2].line, "GET /api/init HTTP/1.1");
}

#[tokio::test]
async fn an_agent_that_knows_neither_key_is_not_bound() {
    let (bound, _) = bind([(401, "{}"), (401, "{}")]).await;
    assert!(matches!(
        bound,
        Err(AgentError::Unexpected { status: 401, .. })
    ));
}

#[tokio::test]
async fn a_failed_initialisation_is_an_error_without_keys() {
    let (bound, _) = bind([(500, r#"{"detail":"OSError: disk full"}"#)]).await;
    let error = bound.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the agent answered 500 to POST /api/init"
    );
    assert!(!format!("{error:?}").contains("throw-away"));
}

#[tokio::test]
async fn an_initialisation_does_not_wait_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = Endpoint::new(&format!("http://{}", listener.local_addr().unwrap()));
    assert!(matches!(
        quick().bind(&at, &init()).await,
        Err(AgentError::Unreachable(_))
    ));
}

//! What is answered to which path.

use std::io;
use std::time::{Duration, Instant};

use crate::Agent;
use crate::message::{Connection, Next, Request, quoted};
use crate::{children, sockets, streams};

/// Where the server puts the key that clients must send.
const SESSION_KEY: &str = "OH_SESSION_API_KEYS_0";
const CORS: &str = "Access-Control-Allow-Origin: https://sandbox.example\r\n\
                    Access-Control-Allow-Methods: GET, PATCH\r\n";

/// Whether the request bears the session key, or there is none.
fn may_enter(request: &Request) -> bool {
    std::env::var(SESSION_KEY).map_or(true, |key| {
        request.header("x-session-api-key") == Some(&key)
    })
}

/// Answers one request.
pub(crate) fn answer(
    agent: &Agent,
    mut connection: Connection,
    request: &Request,
) -> io::Result<Next> {
    let path = request.path();
    if !matches!(path, "/alive" | "/health" | "/server_info")
        && let Ok(mut last) = agent.last_used.lock()
    {
        *last = Instant::now();
    }
    match path {
        // These read or replace the body themselves.
        "/exec" if may_enter(request) => return children::exec(connection, request),
        "/upload" => return streams::upload(connection, request),
        "/ws" => return sockets::web_socket(connection, request),
        "/upgrade" => return sockets::echo(connection),
        _ => {}
    }
    let mut body_bytes = 0;
    connection.read_body(request, |part| body_bytes += part.len())?;
    match path {
        _ if request.method == "OPTIONS" => connection.reply(204, CORS, b""),
        "/alive" => alive(agent, connection),
        "/health" => connection.json(r#"{"status":"ok"}"#),
        "/server_info" => server_info(agent, connection),
        "/exec" => connection.reply(401, "", b"no key"),
        "/args" => {
            let args: Vec<String> = std::env::args().map(|arg| quoted(&arg)).collect();
            connection.json(&format!("[{}]", args.join(",")))
        }
        "/cwd" => {
            let cwd = std::env::current_dir()?;
            connection.reply(200, "", cwd.to_string_lossy().as_bytes())
        }
        "/pid" => connection.reply(200, "", std::process::id().to_string().as_bytes()),
        "/sse" => streams::events(connection, request),
        "/download" => streams::download(connection, request),
        "/slow" => {
            let wait = Duration::from_millis(request.number("ms").unwrap_or(1000));
            std::thread::sleep(wait);
            connection.reply(200, "", b"at last")
        }
        "/redirect" => {
            connection.reply(302, "Location: /there\r\nSet-Cookie: a=b; Path=/\r\n", b"")
        }
        "/log" => {
            for line in 1..=request.number("lines").unwrap_or(1_u32) {
                println!("line {line:06}");
            }
            connection.reply(200, "", b"")
        }
        "/exit" => exit(connection, request),
        "/abort" => std::process::abort(),
        "/spawn-daemon" => children::spawn_daemon(connection),
        _ if path.starts_with("/echo") => echo(connection, request, body_bytes),
        _ => by_prefix(connection, path),
    }
}

/// Ends the program, at once or after a while.
fn exit(connection: Connection, request: &Request) -> io::Result<Next> {
    let code = request.number("code").unwrap_or(0);
    let Some(wait) = request.number("ms") else {
        connection.reply(200, "Connection: close\r\n", b"")?;
        std::process::exit(code)
    };
    crate::spawn(move || {
        std::thread::sleep(Duration::from_millis(wait));
        std::process::exit(code)
    })?;
    connection.reply(200, "", b"")
}

fn by_prefix(connection: Connection, path: &str) -> io::Result<Next> {
    if let Some(name) = path.strip_prefix("/env/") {
        return match std::env::var(name) {
            Ok(value) => connection.reply(200, "", value.as_bytes()),
            Err(_) => connection.reply(404, "", b"not set"),
        };
    }
    let status = path
        .strip_prefix("/status/")
        .and_then(|status| status.parse().ok());
    connection.reply(status.unwrap_or(404), "X-From: sandbox\r\n", b"as told")
}

fn alive(agent: &Agent, connection: Connection) -> io::Result<Next> {
    if agent.started.elapsed() < agent.options.alive_after {
        return connection.reply(503, "", b"not yet");
    }
    connection.json(&agent.options.alive_body)
}

fn server_info(agent: &Agent, connection: Connection) -> io::Result<Next> {
    let idle = agent
        .last_used
        .lock()
        .map_or(Duration::ZERO, |last| last.elapsed());
    connection.json(&format!(
        r#"{{"uptime":{},"idle_time":{}}}"#,
        agent.started.elapsed().as_secs_f64(),
        idle.as_secs_f64()
    ))
}

fn echo(connection: Connection, request: &Request, body_bytes: usize) -> io::Result<Next> {
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("[{},{}]", quoted(name), quoted(value)))
        .collect();
    connection.json(&format!(
        r#"{{"method":{},"target":{},"headers":[{}],"body_bytes":{body_bytes}}}"#,
        quoted(&request.method),
        quoted(&request.target),
        headers.join(",")
    ))
}

//! For how long an agent has had nothing to do: `GET /server_info` (contract §9.3).

use std::time::Duration;

use http::StatusCode;
use runtime_core::{AgentError, Endpoint};
use serde::Deserialize;

use crate::http::{Conversation, Line};

const SERVER_INFO: Line = "GET /server_info";

#[derive(Deserialize)]
struct ServerInfo {
    /// Seconds.
    idle_time: Option<f64>,
}

/// Asks for the idle time; none when the agent does not tell one.
pub(crate) async fn idle(at: &Endpoint) -> Result<Option<Duration>, AgentError> {
    let answer = Conversation::with(at)?.ask(SERVER_INFO).await?;
    match answer.status {
        StatusCode::OK => parse(&answer.body),
        StatusCode::NOT_FOUND => Ok(None),
        _ => Err(answer.unexpected(SERVER_INFO)),
    }
}

fn parse(body: &[u8]) -> Result<Option<Duration>, AgentError> {
    let unreadable = || AgentError::Unreadable {
        request: SERVER_INFO,
    };
    let info: ServerInfo = serde_json::from_slice(body).map_err(|_not_json| unreadable())?;
    info.idle_time
        // A wall clock that was set back makes it negative: the last activity is then a moment ago.
        .map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)))
        .transpose()
        .map_err(|_out_of_range| unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_a_duration_and_nothing_stays_nothing() {
        let idle = |body: &str| parse(body.as_bytes()).unwrap();
        assert_eq!(
            idle(r#"{"uptime": 9, "idle_time": 1.5}"#),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            idle(r#"{"idle_time": 1200}"#),
            Some(Duration::from_secs(1200))
        );
        assert_eq!(idle(r#"{"idle_time": -3}"#), Some(Duration::ZERO));
        assert_eq!(idle(r#"{"idle_time": null}"#), None);
        assert_eq!(idle(r#"{"uptime": 9}"#), None);
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for body in [
            "",
            "<html>",
            "[]",
            r#"{"idle_time": "3"}"#,
            r#"{"idle_time": 1e300}"#,
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}

//! Credential helpers: programs `docker-credential-NAME` that are asked on standard input.
//!
//! Asked through tokio, so that one that waits for a person (a locked key ring) is ended with the look-up that asked it.

use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::Credentials;

/// For one answer.
const BOUND: Duration = Duration::from_secs(5);
/// The largest answer; tokens have some thousand bytes.
const LARGEST: u64 = 64 << 10;
/// What helpers say for a registry that they do not know; the protocol has no other sign.
const UNKNOWN: &str = "credentials not found";
/// The user name that stands for an identity token.
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: SecretString,
}

/// Asks the helper for `server`; none where it knows no credentials.
///
/// # Errors
/// Why it cannot be asked. What it printed is not told: it may be a secret.
pub(super) async fn ask(name: &str, server: &str) -> Result<Option<Credentials>, String> {
    let program = format!("docker-credential-{name}");
    if name.contains('/') {
        return Err(format!("`{program}` is not the name of a program"));
    }
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let (succeeded, output) = tokio::time::timeout(BOUND, answer(&mut child, server))
        .await
        .map_err(|_elapsed| format!("{program} did not answer within {} s", BOUND.as_secs()))?
        .map_err(|error| format!("cannot ask {program}: {error}"))?;
    if !succeeded {
        return if String::from_utf8_lossy(&output).contains(UNKNOWN) {
            Ok(None)
        } else {
            Err(format!("{program} failed"))
        };
    }
    let answer: Answer = serde_json::from_slice(&output)
        .map_err(|_quoting| format!("{program} gave an answer that cannot be read"))?;
    Ok(Some(if answer.username == TOKEN {
        Credentials::IdentityToken(answer.secret)
    } else {
        Credentials::Password {
            name: answer.username,
            password: answer.secret,
        }
    }))
}

async fn answer(child: &mut Child, server: &str) -> std::io::Result<(bool, Vec<u8>)> {
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its input has its own reasons; what it answers counts.
        input.write_all(server.as_bytes()).await.ok();
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LARGEST).read_to_end(&mut output).await?;
    }
    Ok((child.wait().await?.success(), output))
}

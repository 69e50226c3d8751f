//! The few HTTP calls that the commands make: one request, one connection, to a server of this machine.
//!
//! Nothing but `http://` and JSON is needed here, and a real client would be the largest part of this crate's build.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The largest answer that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body of an answer that must have this status.
    pub(crate) fn json(&self, status: u16) -> Result<Value> {
        if self.status != status {
            bail!(
                "answered {} instead of {status}: {}",
                self.status,
                String::from_utf8_lossy(&self.body)
            );
        }
        serde_json::from_slice(&self.body).context("the answer is no JSON")
    }
}

/// One `GET`. The whole call takes at most `bound`.
pub(crate) fn get(url: &str, headers: &[(&str, &str)], bound: Duration) -> Result<Reply> {
    call("GET", url, headers, &[], bound).with_context(|| format!("GET {url} failed"))
}

/// One `POST` of a JSON document. The whole call takes at most `bound`.
pub(crate) fn post(
    url: &str,
    headers: &[(&str, &str)],
    body: &Value,
    bound: Duration,
) -> Result<Reply> {
    call("POST", url, headers, body.to_string().as_bytes(), bound)
        .with_context(|| format!("POST {url} failed"))
}

fn call(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    bound: Duration,
) -> Result<Reply> {
    let deadline = Instant::now() + bound;
    let rest = url
        .strip_prefix("http://")
        .context("only http:// is spoken here")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut head =
        format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    head.push_str("\r\n");

    let address = authority
        .to_socket_addrs()?
        .next()
        .context("the host has no address")?;
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    parse(&read_to_end(&stream, deadline)?)
}

fn left(deadline: Instant) -> Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        bail!("timed out");
    }
    Ok(left)
}

fn read_to_end(stream: &TcpStream, deadline: Instant) -> Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut block = [0; 8192];
    let mut stream = stream.take(LARGEST);
    loop {
        stream.get_ref().set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut block)? {
            0 => return Ok(answer),
            n => answer.extend(block.iter().take(n)),
        }
    }
}

/// An answer as it came over the wire, the connection closed after it.
fn parse(raw: &[u8]) -> Result<Reply> {
    let (head, body) = split(raw, b"\r\n\r\n").context("the answer has no end of its headers")?;
    let head = str::from_utf8(head).context("the headers are no text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let code = status
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1));
    let status = code
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("no status line: {status:?}"))?;

    let header = |wanted: &str| {
        let mut fields = lines.clone().filter_map(|line| line.split_once(':'));
        fields
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    };
    let body = if header("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    {
        unchunk(body)?
    } else if let Some(length) = header("content-length") {
        body.get(..length.parse()?)
            .context("the connection closed amid the body")?
            .to_vec()
    } else {
        body.to_vec()
    };
    Ok(Reply { status, body })
}

/// The chunked coding of RFC 9112 §7.1, extensions and trailers ignored.
fn unchunk(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (size, after) = split(rest, b"\r\n").context("the connection closed before a chunk")?;
        let size = str::from_utf8(size)?
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let size =
            usize::from_str_radix(size, 16).with_context(|| format!("no chunk size: {size:?}"))?;
        if size == 0 {
            return Ok(body);
        }
        let (chunk, after) = after
            .split_at_checked(size)
            .context("the connection closed amid a chunk")?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").context("a chunk has no end")?;
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let begin = bytes.windows(at.len()).position(|window| window == at)?;
    Some((bytes.get(..begin)?, bytes.get(begin + at.len()..)?))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use serde_json::json;

    use super::*;

    fn body(raw: &str) -> Result<String> {
        Ok(String::from_utf8(parse(raw.as_bytes())?.body)?)
    }

    #[test]
    fn a_body_ends_where_its_length_says() {
        assert_eq!(
            body("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}trailing").unwrap(),
            "{}"
        );
        assert_eq!(
            body("HTTP/1.0 200 OK\r\n\r\nto the end").unwrap(),
            "to the end"
        );
        assert!(body("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{}").is_err());
    }

    #[test]
    fn chunks_are_joined() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(
            body(&format!(
                "{head}3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"
            ))
            .unwrap(),
            "abc0123456789"
        );
        for cut in [
            "",
            "3\r\nab",
            "3\r\nabc",
            "z\r\n",
            "ffffffffffffffff\r\nabc",
        ] {
            assert!(body(&format!("{head}{cut}")).is_err(), "{cut:?}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for raw in [
            "",
            "HTTP/1.1 200 OK",
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
        ] {
            assert!(parse(raw.as_bytes()).is_err(), "{raw:?}");
        }
        assert!(get("https://127.0.0.1/", &[], Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_wrong_status_is_told_with_the_body() {
        let reply = Reply {
            status: 404,
            body: b"{\"detail\":\"gone\"}".to_vec(),
        };
        assert_eq!(reply.json(404).unwrap(), json!({"detail": "gone"}));
        assert_eq!(
            reply.json(200).unwrap_err().to_string(),
            "answered 404 instead of 200: {\"detail\":\"gone\"}"
        );
    }

    #[test]
    fn a_post_carries_headers_and_body() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/start", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"{\"image\":\"i\"}") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                seen.extend(byte);
            }
            stream
                .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
                .unwrap();
            String::from_utf8(seen).unwrap()
        });
        let reply = post(
            &url,
            &[("X-API-Key", "k")],
            &json!({"image": "i"}),
            Duration::from_secs(10),
        )
        .unwrap();
        assert_eq!(reply.json(201).unwrap(), json!({}));
        let seen = server.join().unwrap();
        assert!(
            seen.starts_with("POST /start HTTP/1.1\r\n") && seen.contains("\r\nX-API-Key: k\r\n"),
            "{seen}"
        );
    }

    #[test]
    fn a_silent_server_does_not_hold_us() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert!(get(&url, &[], Duration::from_millis(20)).is_err());
    }
}

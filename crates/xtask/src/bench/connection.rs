//! One kept connection to the server: what it costs the client must not spoil the figure, so bodies are read and not
//! looked at.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// For one answer to come or go on.
const ANSWER: Duration = Duration::from_secs(30);
/// Room for the head of an answer.
const HEAD: usize = 16 << 10;

/// A connection and the room for its answers, which is kept too.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    /// From sending to the head.
    pub(crate) first_byte: Duration,
    /// From sending to the end of the body.
    pub(crate) whole: Duration,
}

impl Connection {
    /// Connects to the server of a URL without a path.
    ///
    /// # Errors
    /// Nobody listens there.
    pub(crate) fn open(url: &str) -> Result<Self> {
        let stream = TcpStream::connect(authority(url)?)
            .with_context(|| format!("cannot connect to {url}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        Ok(Self {
            stream,
            buffer: vec![0; HEAD],
        })
    }

    /// Sends a request, made by [`request`], and reads its answer.
    ///
    /// # Errors
    /// The connection broke, or the answer does not tell its length.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let sent = Instant::now();
        self.stream.write_all(request)?;
        let (head, read) = self.read_head()?;
        let first_byte = sent.elapsed();
        let text = str::from_utf8(self.buffer.get(..head).unwrap_or_default())?;
        let (status, length) = (status(text)?, content_length(text)?);

        let end = head + length;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        if read < end {
            let missing = self.buffer.get_mut(read..end).unwrap_or_default();
            self.stream
                .read_exact(missing)
                .context("the connection closed amid the body")?;
        }
        Ok(Answer {
            status,
            body: self.buffer.get(head..end).unwrap_or_default(),
            first_byte,
            whole: sent.elapsed(),
        })
    }

    /// Where the head ends, and how much was read with it.
    fn read_head(&mut self) -> Result<(usize, usize)> {
        let mut read = 0;
        loop {
            let room = self.buffer.get_mut(read..).unwrap_or_default();
            ensure!(!room.is_empty(), "the head of the answer has no end");
            match self.stream.read(room) {
                Ok(0) => bail!("the connection closed before an answer"),
                Ok(length) => read += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("no answer"),
            }
            let seen = self.buffer.get(..read).unwrap_or_default();
            // A body that came along may be large; the head stands at the front.
            if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok((end + 4, read));
            }
        }
    }

    /// The connection as it is, for what is no HTTP any more.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

impl Answer<'_> {
    /// The body of an answer that must have this status.
    ///
    /// # Errors
    /// It has another one.
    pub(crate) fn expect(&self, status: u16) -> Result<&[u8]> {
        if self.status != status {
            let body = String::from_utf8_lossy(self.body);
            bail!("answered {} instead of {status}: {body}", self.status);
        }
        Ok(self.body)
    }
}

/// A request as it goes over the wire. No body: `Value::Null`.
pub(crate) fn request(
    method: &str,
    url: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Vec<u8>> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", authority(url)?);
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    if !body.is_empty() {
        request.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    request.push_str("\r\n");
    request.push_str(&body);
    Ok(request.into_bytes())
}

fn authority(url: &str) -> Result<&str> {
    url.strip_prefix("http://")
        .context("only http:// is spoken here")
}

fn status(head: &str) -> Result<u16> {
    let code = head
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    Ok(code
        .with_context(|| format!("no status line: {head:?}"))?
        .parse()?)
}

/// What switches protocols has no body and no length.
fn content_length(head: &str) -> Result<usize> {
    if head.starts_with("HTTP/1.1 101 ") {
        return Ok(0);
    }
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = found.with_context(|| format!("no length in {head:?}"))?;
    Ok(length.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one connection with these parts, one after each request.
    fn answering(answers: &'static [&'static str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in answers {
                let mut asked = [0; 1024];
                assert_ne!(stream.read(&mut asked).unwrap(), 0);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        url
    }

    #[test]
    fn answers_are_read_one_after_the_other() {
        let url = answering(&[
            "HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nfirst",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        ]);
        let mut connection = Connection::open(&url).unwrap();
        let get = request("GET", &url, "/", &[("X-API-Key", "k")], &Value::Null).unwrap();
        assert_eq!(
            connection.send(&get).unwrap().expect(201).unwrap(),
            b"first"
        );
        let error = connection.send(&get).unwrap().expect(200).unwrap_err();
        assert_eq!(error.to_string(), "answered 404 instead of 200: no");
        // The server has closed, or is about to.
        assert!(connection.send(&get).is_err());
    }

    #[test]
    fn a_body_has_its_length() {
        let body = serde_json::json!({"a": 1});
        let post = request("POST", "http://h:1", "/start", &[], &body).unwrap();
        assert_eq!(
            String::from_utf8(post).unwrap(),
            "POST /start HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
        );
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        let url = answering(&["HTTP/1.1 200 OK\r\n\r\nto the end"]);
        let mut connection = Connection::open(&url).unwrap();
        assert!(connection.send(b"GET / HTTP/1.1\r\n\r\n").is_err());
    }
}

//! Requests and answers on one connection.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;

/// The largest head that is read, in bytes: more than any gateway lets through.
const LARGEST_HEAD: u64 = 256 << 10;
const BUFFER: usize = 4 << 10;

pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    /// The request was `HEAD`: its answer has no body.
    head_only: bool,
}

/// What comes after an answer.
pub(crate) enum Next {
    /// The connection is good for another request.
    Request(Connection),
    /// It is used up.
    End,
}

/// A request's head; its body is still to be read.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as they came.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_str())
    }

    /// A number of the query.
    pub(crate) fn number<T: std::str::FromStr>(&self, wanted: &str) -> Option<T> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == wanted)?.1.parse().ok()
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            reader: BufReader::with_capacity(BUFFER, stream),
            head_only: false,
        })
    }

    /// The next request; none at the end.
    pub(crate) fn next_request(&mut self) -> io::Result<Option<Request>> {
        let mut head = self.reader.by_ref().take(LARGEST_HEAD);
        let mut line = || -> io::Result<String> {
            let mut line = String::new();
            head.read_line(&mut line)?;
            Ok(line.trim_end().to_owned())
        };
        let first = line()?;
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Ok(None);
        };
        let mut headers = Vec::new();
        while let Some((name, value)) = line()?.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        self.head_only = method == "HEAD";
        Ok(Some(Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
        }))
    }

    /// Reads the whole body and gives each part to `each`.
    pub(crate) fn read_body(
        &mut self,
        request: &Request,
        mut each: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        if request
            .header("expect")
            .is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue"))
        {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if !request.is_chunked() {
            let length = request.header("content-length");
            return self.read_part(
                length.and_then(|length| length.parse().ok()).unwrap_or(0),
                &mut each,
            );
        }
        loop {
            let mut size = String::new();
            self.reader.read_line(&mut size)?;
            let size = size.trim_end().split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            self.read_part(size, &mut each)?;
            let mut end = String::new();
            self.reader.read_line(&mut end)?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn read_part(&mut self, mut left: u64, each: &mut impl FnMut(&[u8])) -> io::Result<()> {
        while left > 0 {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let part = buffer
                .get(..usize::try_from(left).unwrap_or(usize::MAX))
                .unwrap_or(buffer);
            let length = part.len();
            each(part);
            self.reader.consume(length);
            left -= length as u64;
        }
        Ok(())
    }

    /// Answers with a whole body.
    pub(crate) fn reply(mut self, status: u16, headers: &str, body: &[u8]) -> io::Result<Next> {
        let mut answer = format!("HTTP/1.1 {status} Tiny\r\n{headers}");
        if !matches!(status, 204 | 304) {
            answer.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        answer.push_str("\r\n");
        let mut answer = answer.into_bytes();
        if !self.head_only {
            answer.extend_from_slice(body);
        }
        self.write(&answer)?;
        Ok(Next::Request(self))
    }

    /// Answers with a JSON document.
    pub(crate) fn json(self, body: &str) -> io::Result<Next> {
        self.reply(200, "Content-Type: application/json\r\n", body.as_bytes())
    }

    /// Begins an answer whose end is not known yet.
    pub(crate) fn begin_chunks(&mut self, content_type: &str) -> io::Result<()> {
        self.write(
            format!(
                "HTTP/1.1 200 Tiny\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            .as_bytes(),
        )
    }

    /// One part; an empty one ends the answer.
    pub(crate) fn chunk(&mut self, part: &[u8]) -> io::Result<()> {
        let mut chunk = format!("{:x}\r\n", part.len()).into_bytes();
        chunk.extend_from_slice(part);
        chunk.extend_from_slice(b"\r\n");
        self.write(&chunk)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// The socket and what was read of it already, for another protocol.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        let early = self.reader.buffer().to_vec();
        (self.reader.into_inner(), early)
    }
}

/// Text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter.is_control() => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

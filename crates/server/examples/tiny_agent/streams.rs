//! Bodies that come or go piece by piece.

use std::io;
use std::thread;
use std::time::Duration;

use crate::message::{Connection, Next, Request};

/// Server-sent events: the first at once.
pub(crate) fn events(mut connection: Connection, request: &Request) -> io::Result<Next> {
    let pause = Duration::from_millis(request.number("ms").unwrap_or(100));
    let count = request.number("count").unwrap_or(u64::MAX);
    connection.begin_chunks("text/event-stream")?;
    for number in 1..=count {
        connection.chunk(format!("data: {number}\n\n").as_bytes())?;
        if number < count {
            thread::sleep(pause);
        }
    }
    connection.chunk(b"")?;
    Ok(Next::Request(connection))
}

/// Counts the bytes of the body.
pub(crate) fn upload(mut connection: Connection, request: &Request) -> io::Result<Next> {
    let mut bytes = 0_u64;
    connection.read_body(request, |part| bytes += part.len() as u64)?;
    connection.json(&format!(r#"{{"bytes":{bytes}}}"#))
}

/// Sends that many bytes.
pub(crate) fn download(mut connection: Connection, request: &Request) -> io::Result<Next> {
    let mut left: usize = request.number("bytes").unwrap_or(0);
    connection.write(format!("HTTP/1.1 200 Tiny\r\nContent-Length: {left}\r\n\r\n").as_bytes())?;
    let block = vec![b'.'; 64 << 10];
    while left > 0 {
        let part = block.get(..left).unwrap_or(&block);
        connection.write(part)?;
        left -= part.len();
    }
    Ok(Next::Request(connection))
}

//! A server that says what it is told to say, and remembers what it was asked.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// One request as it came: its first line, its headers in small letters, its body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is said next; nothing: the connection is closed without a word.
#[derive(Debug)]
pub(crate) enum Say {
    Answer(&'static str, String),
    Nothing,
    Silence,
}

#[derive(Debug)]
pub(crate) struct Stub {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// Says each of these once, one a request; each connection serves one request. Its thread ends with the last.
    pub(crate) fn saying(script: impl IntoIterator<Item = Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, mut script) = (Arc::clone(&asked), VecDeque::from_iter(script));
        thread::spawn(move || {
            // Silent connections are held until nothing is left to say.
            let mut held = Vec::new();
            while let Some(next) = script.pop_front() {
                let (mut socket, _) = listener.accept().unwrap();
                let request = read(&socket);
                log.lock().unwrap().push(request);
                match next {
                    Say::Answer(head, body) => {
                        let length = body.len();
                        let answer = format!(
                            "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                        );
                        socket.write_all(answer.as_bytes()).unwrap();
                    }
                    Say::Nothing => {}
                    Say::Silence => held.push(socket),
                }
            }
            if !held.is_empty() {
                // The client gives up before; its end of the last connection ends this thread.
                let mut rest = Vec::new();
                held.pop().unwrap().read_to_end(&mut rest).ok();
            }
        });
        Self { url, asked }
    }

    /// Says this once.
    pub(crate) fn answering(head: &'static str, body: impl Into<String>) -> Self {
        Self::saying([Say::Answer(head, body.into())])
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(socket: &TcpStream) -> Asked {
    let mut reader = BufReader::new(socket);
    let mut asked = Asked::default();
    reader.read_line(&mut asked.line).unwrap();
    asked.line.truncate(asked.line.trim_end().len());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        let header = (name.to_ascii_lowercase(), value.to_owned());
        asked.headers.push(header);
    }
    let length = asked
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked.body = String::from_utf8(body).unwrap();
    asked
}

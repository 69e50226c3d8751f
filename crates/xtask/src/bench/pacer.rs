//! A load of many connections from one thread: as fast as they come, or at a pace that does not wait for answers.
//!
//! At a pace, each request has its time; when all connections are busy then, it waits for one, and its time counts from when
//! it was due. So a server that stalls is not spared the requests that would have come meanwhile (*coordinated omission*).

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::times::Times;
use crate::interrupt::Interrupt;

/// For the answers that are under way when the time is over.
const LAST_ANSWERS: Duration = Duration::from_secs(20);
/// Requests for each connection that may be waiting at the end. More: the pace is faster than the server.
const WAITING: usize = 4;
/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;
/// Events that are looked at at once.
const EVENTS: usize = 1024;

/// How requests follow one another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each connection sends its next request when it has its answer.
    Closed,
    /// So many a second, evenly, whatever the answers do.
    Open(f64),
}

/// A load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) address: SocketAddr,
    /// A whole request, the same for all.
    pub(crate) request: &'a [u8],
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    pub(crate) lasts: Duration,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    /// From when a request was sent, or was due, to the end of its answer.
    pub(crate) times: Times,
    /// Answers within the time.
    pub(crate) answered: u64,
    pub(crate) took: Duration,
}

impl Done {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no load has 2^52 answers")]
        let answered = self.answered as f64;
        answered / self.took.as_secs_f64()
    }
}

/// Puts the load on.
///
/// # Errors
/// A connection broke, an answer was not a 200 with a length, or a signal came.
pub(crate) fn run(plan: Plan<'_>, interrupt: &Interrupt) -> Result<Done> {
    let mut clients = Clients::connect(plan)?;
    let began = Instant::now();
    let mut done = Done {
        times: Times::new()?,
        answered: 0,
        took: Duration::ZERO,
    };
    let mut due = Due::new(plan.pace, began);
    while began.elapsed() < plan.lasts {
        interrupt.check()?;
        due.arrived(Instant::now());
        match plan.pace {
            Pace::Closed => {
                while let Some(idle) = clients.idle.pop() {
                    clients.send(idle, Instant::now())?;
                }
            }
            Pace::Open(_) => {
                while let Some(at) = due.waiting.front().copied()
                    && let Some(idle) = clients.idle.pop()
                {
                    due.waiting.pop_front();
                    clients.send(idle, at)?;
                }
            }
        }
        clients.wait(due.pause(), |time| {
            done.times.record(time);
            done.answered += 1;
        })?;
    }
    done.took = began.elapsed();
    ensure!(
        due.waiting.len() <= WAITING * plan.connections,
        "the load was more than the server took: {} requests waited",
        due.waiting.len()
    );
    let closing = Instant::now();
    while clients.idle.len() < plan.connections {
        ensure!(
            closing.elapsed() < LAST_ANSWERS,
            "the last answers are missing"
        );
        clients.wait(Duration::from_millis(100), drop)?;
    }
    Ok(done)
}

/// When requests are due.
struct Due {
    /// Between two requests.
    every: Option<Duration>,
    next: Instant,
    /// Due, and not sent yet.
    waiting: VecDeque<Instant>,
}

impl Due {
    fn new(pace: Pace, now: Instant) -> Self {
        let every = match pace {
            Pace::Closed => None,
            Pace::Open(rate) => Some(Duration::from_secs_f64(1.0 / rate)),
        };
        Self {
            every,
            next: now,
            waiting: VecDeque::new(),
        }
    }

    fn arrived(&mut self, now: Instant) {
        while let Some(every) = self.every
            && self.next <= now
        {
            self.waiting.push_back(self.next);
            self.next += every;
        }
    }

    /// How long nothing will be due.
    fn pause(&self) -> Duration {
        match self.every {
            Some(_) if self.waiting.is_empty() => {
                self.next.saturating_duration_since(Instant::now())
            }
            _ => Duration::from_millis(100),
        }
    }
}

/// The connections.
struct Clients<'a> {
    request: &'a [u8],
    epoll: OwnedFd,
    all: Vec<Client>,
    /// Places of those that wait for something to do.
    idle: Vec<usize>,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
}

struct Client {
    stream: TcpStream,
    since: Instant,
    answer: Reading,
}

/// How much of an answer is there.
#[derive(Debug, Default)]
enum Reading {
    /// None is expected.
    #[default]
    Nothing,
    Head(Vec<u8>),
    /// Bytes that are still to come.
    Body(usize),
}

impl<'a> Clients<'a> {
    fn connect(plan: Plan<'a>) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut all = Vec::with_capacity(plan.connections);
        for place in 0..plan.connections {
            let stream = TcpStream::connect(plan.address)
                .with_context(|| format!("cannot open connection {place} to {}", plan.address))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(u64::try_from(place)?);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
            all.push(Client {
                stream,
                since: Instant::now(),
                answer: Reading::Nothing,
            });
        }
        Ok(Self {
            request: plan.request,
            epoll,
            idle: (0..plan.connections).collect(),
            all,
            events: Vec::with_capacity(EVENTS),
            buffer: vec![0; BUFFER],
        })
    }

    /// A request is far smaller than a socket's buffer, so it goes out whole.
    fn send(&mut self, place: usize, since: Instant) -> Result<()> {
        let client = self.all.get_mut(place).context("no such client")?;
        client.since = since;
        client.answer = Reading::Head(Vec::new());
        client
            .stream
            .write_all(self.request)
            .context("cannot send a request")
    }

    /// Waits for answers, at most so long; tells the time of each that ended.
    fn wait(&mut self, most: Duration, mut ended: impl FnMut(Duration)) -> Result<()> {
        self.events.clear();
        let most = Timespec::try_from(most)?;
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&most)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error).context("cannot wait for answers"),
        }
        for event in &self.events {
            let place = usize::try_from(event.data.u64())?;
            let client = self.all.get_mut(place).context("no such client")?;
            if client.read(&mut self.buffer)? {
                ended(client.since.elapsed());
                self.idle.push(place);
            }
        }
        Ok(())
    }
}

impl Client {
    /// Reads what is there; true when it was the end of the answer.
    fn read(&mut self, buffer: &mut [u8]) -> Result<bool> {
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).context("a connection broke"),
            };
            let whole = self.answer.take(buffer.get(..read).unwrap_or_default())?;
            if whole {
                return Ok(true);
            }
            if read < buffer.len() {
                return Ok(false);
            }
        }
    }
}

impl Reading {
    /// Takes bytes of an answer; true when they were its last.
    fn take(&mut self, bytes: &[u8]) -> Result<bool> {
        let missing = match self {
            Self::Nothing => bail!("bytes that nobody asked for"),
            Self::Head(head) => {
                head.extend_from_slice(bytes);
                let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else {
                    return Ok(false);
                };
                let text = str::from_utf8(head.get(..end).unwrap_or_default())?;
                (end + 4 + length(text)?).checked_sub(head.len())
            }
            Self::Body(missing) => missing.checked_sub(bytes.len()),
        };
        match missing.context("an answer is longer than its length")? {
            0 => {
                *self = Self::Nothing;
                Ok(true)
            }
            missing => {
                *self = Self::Body(missing);
                Ok(false)
            }
        }
    }
}

/// The length of a 200.
fn length(head: &str) -> Result<usize> {
    ensure!(head.starts_with("HTTP/1.1 200 "), "not a 200: {head}");
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

    /// Answers every request of every connection in small pieces.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || {
                    let mut asked = [0; 1024];
                    while stream.read(&mut asked).is_ok_and(|read| read > 0) {
                        for piece in ["HTTP/1.1 200 OK\r\nCont", "ent-length: 5\r\n\r\nfi", "rst"] {
                            stream.write_all(piece.as_bytes()).unwrap();
                        }
                    }
                });
            }
        });
        address
    }

    fn load(pace: Pace) -> Result<Done> {
        let plan = Plan {
            address: server(),
            request: b"GET / HTTP/1.1\r\n\r\n",
            connections: 3,
            pace,
            lasts: Duration::from_millis(200),
        };
        run(plan, &Interrupt::never())
    }

    #[test]
    fn a_closed_load_goes_as_fast_as_answers_come() {
        let done = load(Pace::Closed).unwrap();
        assert!(done.answered > 3, "{done:?}");
        assert_eq!(done.times.distribution().n, done.answered);
    }

    #[test]
    fn an_open_load_is_not_faster_than_its_pace() {
        let done = load(Pace::Open(100.0)).unwrap();
        assert!((1..=21).contains(&done.answered), "{done:?}");
    }

    #[test]
    fn what_is_no_200_ends_the_load() {
        assert!(length("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0").is_err());
        assert_eq!(length("HTTP/1.1 200 OK\r\ncontent-length: 7").unwrap(), 7);
    }

    #[test]
    fn bytes_too_many_are_told() {
        let mut reading = Reading::Head(Vec::new());
        assert!(
            reading
                .take(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab")
                .is_err()
        );
    }
}

//! Questions over one connection, each answered whole, and nothing else: no pool, no task, no redirect.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use runtime_core::{AgentError, Endpoint};
use tokio::net::TcpStream;

/// The largest answer that is read, in bytes. The answers meant here have some hundred.
const LARGEST: usize = 64 << 10;

type Driver = Pin<Box<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>>;

/// Method and path, such as `GET /alive`: what is sent and what an error names.
pub(crate) type Line = &'static str;

/// An answer, complete.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The error of an answer that has no place in the protocol.
    pub(crate) fn unexpected(&self, line: Line) -> AgentError {
        AgentError::Unexpected {
            status: self.status.as_u16(),
            request: line,
        }
    }
}

/// A body and the headers that go with it.
#[derive(Default)]
pub(crate) struct Content {
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) json: Bytes,
}

/// One connection at a time to an agent, opened by the first question and kept for the next while the agent keeps it.
pub(crate) struct Conversation {
    base: Base,
    open: Option<Open>,
}

struct Open {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Reads and writes for `sender`; none once the connection ended.
    driver: Option<Driver>,
}

/// An endpoint, taken apart.
struct Base {
    authority: String,
    address: String,
    path: String,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("`{0}` is no address of the form http://host:port")]
    Address(Endpoint),
}

/// Holds `call` to its time.
pub(crate) async fn within<T>(
    bound: Duration,
    call: impl Future<Output = Result<T, AgentError>>,
) -> Result<T, AgentError> {
    tokio::time::timeout(bound, call)
        .await
        .unwrap_or_else(|_elapsed| Err(unreachable(Trouble::Late(bound))))
}

fn unreachable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AgentError {
    AgentError::Unreachable(source.into())
}

impl Conversation {
    pub(crate) fn with(at: &Endpoint) -> Result<Self, AgentError> {
        Ok(Self {
            base: Base::of(at)?,
            open: None,
        })
    }

    /// Asks without a body.
    pub(crate) async fn ask(&mut self, line: Line) -> Result<Answer, AgentError> {
        let kept = self.open.is_some();
        match self.tell(line, Content::default()).await {
            // The agent may end a kept connection just as we use it: that says nothing about the agent.
            Err(AgentError::Unreachable(_)) if kept => self.tell(line, Content::default()).await,
            answer => answer,
        }
    }

    /// Asks with a body. Not repeated when the connection fails: the caller knows whether that is harmless.
    pub(crate) async fn tell(
        &mut self,
        line: Line,
        content: Content,
    ) -> Result<Answer, AgentError> {
        let request = self.base.request(line, content)?;
        let mut open = match self.kept().await {
            Some(open) => open,
            None => Open::connect(&self.base.address).await?,
        };
        let answer = open.exchange(line, request).await?;
        self.open = Some(open);
        Ok(answer)
    }

    async fn kept(&mut self) -> Option<Open> {
        let mut open = self.open.take()?;
        open.is_ready().await.then_some(open)
    }
}

impl Open {
    async fn connect(address: &str) -> Result<Self, AgentError> {
        let stream = TcpStream::connect(address).await.map_err(unreachable)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unreachable)?;
        Ok(Self {
            sender,
            driver: Some(Box::pin(connection)),
        })
    }

    /// Whether the agent kept the connection after its last answer.
    async fn is_ready(&mut self) -> bool {
        let Self { sender, driver } = self;
        drive(driver, sender.ready()).await.is_ok()
    }

    async fn exchange(
        &mut self,
        line: Line,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, AgentError> {
        let Self { sender, driver } = self;
        drive(driver, async {
            let response = sender.send_request(request).await.map_err(unreachable)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST)
                .collect()
                .await
                .map_err(|error| {
                    if error.is::<LengthLimitError>() {
                        AgentError::Unreadable { request: line }
                    } else {
                        unreachable(error)
                    }
                })?
                .to_bytes();
            Ok(Answer { status, body })
        })
        .await
    }
}

/// Runs `work` and the connection that it uses side by side, so that no task is needed for the connection.
async fn drive<T>(driver: &mut Option<Driver>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Some(connection) = driver
            && connection.as_mut().poll(context).is_ready()
        {
            // How the connection ended, `work` learns from its own half.
            *driver = None;
        }
        work.as_mut().poll(context)
    })
    .await
}

impl Base {
    fn of(at: &Endpoint) -> Result<Self, AgentError> {
        let bad = || unreachable(Trouble::Address(at.clone()));
        let uri: Uri = at.as_str().parse().map_err(|_invalid| bad())?;
        if uri.scheme_str() != Some("http") {
            return Err(bad());
        }
        let authority = uri.authority().ok_or_else(bad)?;
        Ok(Self {
            authority: authority.as_str().to_owned(),
            address: format!(
                "{}:{}",
                authority.host(),
                authority.port_u16().unwrap_or(80)
            ),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    fn request(&self, line: Line, content: Content) -> Result<Request<Full<Bytes>>, AgentError> {
        let (method, path) = line.split_once(' ').unwrap_or(("GET", line));
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.path))
            .header(HOST, &self.authority);
        if !content.json.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in content.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(content.json)).map_err(unreachable)
    }
}

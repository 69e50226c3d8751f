//! The way of one request: which sandbox, may it pass, where to, what came back.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, EXPECT, HOST, ORIGIN, TRANSFER_ENCODING};
use http::{
    Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
};
use http_body::Body;
use hyper::body::Incoming;
use runtime_core::Route;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::body::{Gate, Progress, ReplyBody, RequestBody};
use crate::connection::Client;
use crate::gateway::Shared;
use crate::headers;
use crate::hold::Search;
use crate::link::Link;
use crate::metrics::Metrics;
use crate::reply::Refusal;
use crate::target::Kind;
use crate::upgrade::{self, Upgrade};
use crate::upstream::Permit;

/// How long a client that asked first is kept waiting for a sandbox to want the body (RFC 9110 §10.1.1 leaves it to us;
/// curl waits as long).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// Answers a request: with what the sandbox says, or else with our own words.
pub(crate) async fn answer(
    shared: &Shared,
    client: &Client,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let origin = request.headers().get(ORIGIN).cloned();
    match pass(shared, client, request).await {
        Ok(response) => response,
        Err(refusal) => {
            Metrics::refused(refusal);
            refusal.response(origin)
        }
    }
}

async fn pass(
    shared: &Shared,
    client: &Client,
    mut request: Request<Incoming>,
) -> Result<Response<ReplyBody>, Refusal> {
    let Some(routes) = shared.routes() else {
        return Err(Refusal::Closing);
    };
    let kind = check(client, &request)?;
    let mut search = Search::new(routes, &client.target, kind, shared.settings.hold);
    let mut route = search.find().await?;
    let permit = shared.upstreams.admit(&route.id).ok_or(Refusal::TooMany)?;
    let in_flight = shared.metrics.request();
    let mut address = search.address(&mut route).await?;

    let upgrade = Upgrade::wanted(&mut request);
    if kind == Kind::Ordinary && upgrade.is_none() {
        routes.note_activity(&route.id);
    }
    let (mut outgoing, progress) = for_sandbox(client, request, upgrade.as_ref());
    let copy = Copy::of(&outgoing);
    let mut healed = false;
    let (mut response, link) = loop {
        let way = Way {
            shared,
            permit: &permit,
            route: &route,
            address,
        };
        let failure = match way.send(outgoing, &progress, copy.as_ref()).await {
            Ok(answered) => break answered,
            Err(failure) => failure,
        };
        let again = match failure {
            Failure::Unsent(request) => Some(*request),
            Failure::Lost => copy.as_ref().map(Copy::request),
            Failure::TimedOut => return Err(Refusal::TimedOut),
        };
        match again {
            Some(request) if !healed && search.may_heal(&route) => outgoing = request,
            Some(_) | None => return Err(Search::unanswered(&route)),
        }
        healed = true;
        address = search.successor(&mut route).await?;
    };

    let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = switched
        .then(|| upgrade::protocol(response.headers()))
        .flatten();
    headers::to_client(response.headers_mut(), protocol.as_ref());
    if switched {
        // A switch that nobody asked for cannot be understood.
        let upgrade = upgrade.ok_or(Refusal::Unreachable)?;
        shared.metrics.upgraded();
        upgrade.tunnel(shared, route, link, permit);
        return Ok(response.map(|_| ReplyBody::Own(None)));
    }
    shared.metrics.forwarded();
    Ok(response.map(|incoming| ReplyBody::streamed(incoming, link, permit, in_flight)))
}

/// What can be refused without knowing where the sandbox is, else the kind of the request.
fn check(client: &Client, request: &Request<Incoming>) -> Result<Kind, Refusal> {
    if request.method() == Method::CONNECT {
        return Err(Refusal::Method);
    }
    if request.headers().get_all(HOST).iter().nth(1).is_some() {
        return Err(Refusal::TwoHosts);
    }
    let kind = Kind::of(
        client.target.service,
        request.method(),
        request.uri().path(),
    );
    if kind == Kind::Initialisation {
        return Err(Refusal::Initialisation);
    }
    Ok(kind)
}

/// The request as the sandbox gets it. Path, query and body are the client's, byte for byte.
fn for_sandbox(
    client: &Client,
    request: Request<Incoming>,
    upgrade: Option<&Upgrade>,
) -> (Request<RequestBody>, Option<Progress>) {
    let (mut parts, incoming) = request.into_parts();
    parts.extensions = Extensions::new();
    parts.version = Version::HTTP_11;
    if parts.uri.authority().is_some() {
        // Written to a proxy, with scheme and host; the sandbox is the origin.
        if let Some(authority) = parts.uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            parts.headers.insert(HOST, host);
        }
        parts.uri = parts
            .uri
            .path_and_query()
            .map_or_else(Uri::default, |path| Uri::from(path.clone()));
    }
    parts
        .headers
        .entry(HOST)
        .or_insert(HeaderValue::from_static(""));
    headers::to_sandbox(
        &mut parts.headers,
        &client.address,
        upgrade.map(|upgrade| &upgrade.protocol),
    );
    if incoming.is_end_stream() {
        return (Request::from_parts(parts, RequestBody::EMPTY), None);
    }
    if !parts.headers.contains_key(CONTENT_LENGTH) {
        parts
            .headers
            .insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let asks_first = headers::has_token(&parts.headers, &EXPECT, "100-continue");
    let wanted = asks_first.then(CancellationToken::new);
    let progress = Progress::default();
    let gate = wanted.clone().map(gate);
    let body = RequestBody::streamed(incoming, progress.clone(), gate);
    let mut request = Request::from_parts(parts, body);
    if let Some(wanted) = wanted {
        hyper::ext::on_informational(&mut request, move |response| {
            if response.status() == StatusCode::CONTINUE {
                wanted.cancel();
            }
        });
    }
    (request, Some(progress))
}

/// Opens when the sandbox says *continue*, or has not said anything for a while. Reading the client's body then makes
/// hyper say *continue* to the client.
fn gate(wanted: CancellationToken) -> Gate {
    Box::pin(async move {
        // Late or in time, the gate opens.
        timeout(CONTINUE_WAIT, wanted.cancelled()).await.ok();
    })
}

/// The head of a request that may be sent twice: it has no body, and doing it twice is doing it once (RFC 9110 §9.2.2).
struct Copy {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Copy {
    fn of(request: &Request<RequestBody>) -> Option<Self> {
        (request.method().is_idempotent() && request.body().is_end_stream()).then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    fn request(&self) -> Request<RequestBody> {
        let mut request = Request::new(RequestBody::EMPTY);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// Why a sandbox did not answer.
enum Failure {
    /// Nothing was sent; here is the request.
    Unsent(Box<Request<RequestBody>>),
    /// It may have been received, but the connection ended before the answer began.
    Lost,
    /// The answer did not begin in time.
    TimedOut,
}

/// One way to a sandbox.
struct Way<'a> {
    shared: &'a Shared,
    permit: &'a Permit,
    route: &'a Route,
    address: SocketAddr,
}

impl Way<'_> {
    /// Sends the request and waits for the head of the answer: first on a connection that is there already, and if that
    /// had just been closed, on a new one.
    async fn send(
        &self,
        mut request: Request<RequestBody>,
        progress: &Option<Progress>,
        copy: Option<&Copy>,
    ) -> Result<(Response<Incoming>, Box<Link>), Failure> {
        if let Some(link) = self.permit.take(self.route.boot, self.address) {
            request = match self.exchange(link, request, progress).await {
                Err(Failure::Unsent(request)) => *request,
                Err(Failure::Lost) => copy.map(Copy::request).ok_or(Failure::Lost)?,
                answered => return answered,
            };
        }
        let limit = self.shared.settings.connect;
        match Link::connect(self.route, self.address, limit).await {
            Ok(link) => self.exchange(link, request, progress).await,
            Err(error) => {
                tracing::debug!(sandbox.id = %self.route.id, boot = %self.route.boot, %error, "cannot connect to the sandbox");
                Err(Failure::Unsent(Box::new(request)))
            }
        }
    }

    async fn exchange(
        &self,
        mut link: Box<Link>,
        request: Request<RequestBody>,
        progress: &Option<Progress>,
    ) -> Result<(Response<Incoming>, Box<Link>), Failure> {
        let answered = {
            let mut exchange = pin!(link.exchange(request));
            loop {
                match timeout(self.shared.settings.first_byte, exchange.as_mut()).await {
                    Ok(answered) => break answered,
                    // The body is still on its way: the answer cannot be late yet.
                    Err(_elapsed) if progress.as_ref().is_some_and(Progress::moved) => {}
                    Err(_elapsed) => return Err(Failure::TimedOut),
                }
            }
        };
        match answered {
            Ok(response) => Ok((response, link)),
            Err(mut error) => Err(match error.take_message() {
                Some(request) => Failure::Unsent(Box::new(request)),
                None => Failure::Lost,
            }),
        }
    }
}

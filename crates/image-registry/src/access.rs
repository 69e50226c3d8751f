//! Reading paths of one registry: authentication when it asks for it, redirects, and what its answers mean.

use std::collections::VecDeque;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use secrecy::{ExposeSecret as _, SecretString};

use crate::challenge::{self, Challenge};
use crate::credentials::{self, Credentials};
use crate::exchange::{Answer, Connector, Open, Origin, default_port};
use crate::hosts::HostPattern;
use crate::reference::Reference;
use crate::token::{self, Wanted};
use crate::trouble::Trouble;

/// Blobs lie elsewhere, and elsewhere may move once.
const REDIRECTS: usize = 3;
/// Connections that are kept during a look-up: the registry, its token server, its storage.
const KEPT: usize = 3;
const AGENT: &str = concat!("pinfold/", env!("CARGO_PKG_VERSION"));

/// Access to one repository during one look-up.
pub(crate) struct Access<'a> {
    connector: &'a Connector,
    insecure: &'a [HostPattern],
    docker_config: Option<&'a Path>,
    reference: &'a Reference,
    registry: Origin,
    authorization: Option<HeaderValue>,
    kept: VecDeque<(Origin, Open)>,
}

/// What was read, and when it was last changed, if the registry says.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl<'a> Access<'a> {
    pub(crate) fn new(
        connector: &'a Connector,
        insecure: &'a [HostPattern],
        docker_config: Option<&'a Path>,
        reference: &'a Reference,
    ) -> Self {
        let is_insecure = |port| {
            insecure
                .iter()
                .any(|pattern| pattern.holds(&reference.host, port))
        };
        let tls = !is_insecure(reference.port.unwrap_or(default_port(false)));
        let registry = Origin {
            tls,
            host: reference.host.clone(),
            port: reference.port.unwrap_or(default_port(tls)),
        };
        Self {
            connector,
            insecure,
            docker_config,
            reference,
            registry,
            authorization: None,
            kept: VecDeque::with_capacity(KEPT),
        }
    }

    /// The registry, for messages.
    pub(crate) fn host(&self) -> String {
        self.registry.authority()
    }

    /// Reads a path below the repository, at most `limit` bytes.
    ///
    /// # Errors
    /// [`Trouble::Absent`] for what is not there, or not for us; else why nobody can say.
    pub(crate) async fn read(
        &mut self,
        path: &str,
        accept: &'static str,
        limit: usize,
    ) -> Result<Document, Trouble> {
        let path = format!("/v2/{}/{path}", self.reference.repository);
        let mut answer = self.follow(&path, accept, limit).await?;
        let mut challenge_met = None;
        if answer.status == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            challenge_met = self.authenticate(&answer.headers).await?;
            answer = self.follow(&path, accept, limit).await?;
        }
        self.judge(answer, challenge_met.as_ref())
    }

    fn judge(
        &self,
        answer: Answer,
        authenticated: Option<&Challenge>,
    ) -> Result<Document, Trouble> {
        match answer.status {
            status if status.is_success() => Ok(Document {
                headers: answer.headers,
                body: answer.body,
            }),
            // Name and password were just sent, and are wrong. After a token it only means *not yours to read*.
            StatusCode::UNAUTHORIZED if authenticated == Some(&Challenge::Basic) => {
                Err(Trouble::Credentials { host: self.host() })
            }
            // A name that the registry finds wrong names nothing in it.
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::BAD_REQUEST => Err(Trouble::Absent),
            status => Err(Trouble::Status {
                host: self.host(),
                status: status.as_u16(),
            }),
        }
    }

    /// Gets what the registry wants to see with each question, and says how it was got.
    async fn authenticate(&mut self, headers: &HeaderMap) -> Result<Option<Challenge>, Trouble> {
        let challenge = challenge::best(headers)
            .ok_or_else(|| Trouble::garbage(&self.host(), "a challenge that cannot be answered"))?;
        let credentials = match self.docker_config {
            Some(path) => credentials::of(path, &self.reference.credentials_key()).await?,
            None => None,
        };
        let authorization = match (&challenge, &credentials) {
            (Challenge::Bearer { realm, service }, credentials) => {
                let wanted = Wanted {
                    service: service.as_deref(),
                    repository: &self.reference.repository,
                };
                self.token(realm, wanted, credentials.as_ref()).await?
            }
            (Challenge::Basic, Some(Credentials::Password { name, password })) => {
                basic(name, password)
            }
            // Nothing that we have is asked for.
            (Challenge::Basic, _) => return Err(Trouble::Absent),
        };
        self.authorization = Some(authorization);
        Ok(Some(challenge))
    }

    async fn token(
        &mut self,
        realm: &str,
        wanted: Wanted<'_>,
        credentials: Option<&Credentials>,
    ) -> Result<HeaderValue, Trouble> {
        let host = self.host();
        let garbage = || Trouble::garbage(&host, "a token server that cannot be asked");
        let realm: Uri = realm.parse().map_err(|_quoting| garbage())?;
        let server = Origin::of(&realm).ok_or_else(garbage)?;
        if !self.may_ask(&server) {
            return Err(garbage());
        }
        let request = token::request(&realm, &wanted, credentials).map_err(|_quoting| garbage())?;
        let answer = self.ask(&server, request, token::LARGEST).await?;
        token::authorization(&server.authority(), &answer, credentials)
    }

    /// Asks the registry, and whoever it sends us to. Only the registry itself sees our authorization.
    async fn follow(
        &mut self,
        path: &str,
        accept: &'static str,
        limit: usize,
    ) -> Result<Answer, Trouble> {
        let host = self.host();
        let garbage = || Trouble::garbage(&host, "a redirect that cannot be followed");
        let mut origin = self.registry.clone();
        let mut path = path.to_owned();
        for _ in 0..=REDIRECTS {
            let mut request = Request::get(&path)
                .header(ACCEPT, accept)
                .body(Full::default())
                .map_err(|_quoting| garbage())?;
            if let Some(authorization) = &self.authorization
                && origin == self.registry
            {
                request
                    .headers_mut()
                    .insert(AUTHORIZATION, authorization.clone());
            }
            let answer = self.ask(&origin, request, limit).await?;
            if !is_redirect(answer.status) {
                return Ok(answer);
            }
            let target: Uri = answer
                .headers
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| location.parse().ok())
                .ok_or_else(garbage)?;
            if target.scheme().is_some() {
                origin = Origin::of(&target)
                    .filter(|next| self.may_ask(next))
                    .ok_or_else(garbage)?;
            } else if target.authority().is_some() {
                return Err(garbage());
            }
            path = target
                .path_and_query()
                .filter(|path| path.as_str().starts_with('/'))
                .ok_or_else(garbage)?
                .to_string();
        }
        Err(garbage())
    }

    /// Without TLS only where the settings say so: neither a token nor a redirect takes that decision for us.
    fn may_ask(&self, origin: &Origin) -> bool {
        origin.tls
            || self
                .insecure
                .iter()
                .any(|pattern| pattern.holds(&origin.host, origin.port))
    }

    /// Asks over the kept connection, or a new one.
    async fn ask(
        &mut self,
        origin: &Origin,
        mut request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Answer, Trouble> {
        request
            .headers_mut()
            .insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let mut open = match self.kept(origin).await {
            Some(open) => open,
            None => self.connector.open(origin).await?,
        };
        let answer = open.exchange(origin, request, limit).await?;
        self.kept.truncate(KEPT - 1);
        self.kept.push_front((origin.clone(), open));
        Ok(answer)
    }

    async fn kept(&mut self, origin: &Origin) -> Option<Open> {
        let at = self.kept.iter().position(|(kept, _)| kept == origin)?;
        let (_, mut open) = self.kept.remove(at)?;
        open.is_ready().await.then_some(open)
    }
}

const fn is_redirect(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

/// Basic authentication (RFC 7617).
pub(crate) fn basic(name: &str, password: &SecretString) -> HeaderValue {
    let both = STANDARD.encode(format!("{name}:{}", password.expose_secret()));
    let mut header = HeaderValue::try_from(format!("Basic {both}"))
        .unwrap_or_else(|_impossible| HeaderValue::from_static("Basic"));
    header.set_sensitive(true);
    header
}

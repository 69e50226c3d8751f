//! Method and path → [`Route`]: the whole surface of the API listener in one table.

use http::Method;
use percent_encoding::percent_decode_str;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `POST /start`
    Start,
    /// `POST /stop`
    Stop,
    /// `POST /pause`
    Pause,
    /// `POST /resume`
    Resume,
    /// `GET /list`
    List,
    /// `GET /runtime/{id}`
    Runtime(String),
    /// `GET /runtime/{id}/logs`
    Logs(String),
    /// `GET /runtime/{id}/events`
    Events(String),
    /// `GET /sessions/batch`
    Batch,
    /// `GET /sessions/{id}`
    Session(String),
    /// `GET /registry_prefix`
    RegistryPrefix,
    /// `GET /image_exists`
    ImageExists,
    /// `POST /build`
    Build,
    /// `GET /build_status`
    BuildStatus,
    /// `GET /api/warm-runtime-configs`
    WarmConfigs,
    /// The calls of administrators, below `/api/admin`
    Admin,
    /// `GET /health`, `/liveness` and `/readiness`
    Health,
    /// `GET /openapi.json`
    OpenApi,
}

/// Why a request has no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RouteError {
    /// No such path.
    #[error("there is no such route")]
    Unknown,
    /// The path exists, for other methods.
    #[error("this route takes {allowed} only")]
    Method {
        /// What it takes, as the header `Allow` says it.
        allowed: &'static str,
    },
    /// The id in the path is no text.
    #[error("the id in the path must be UTF-8, percent-encoded where needed")]
    NotText,
}

/// One path of the API, and the routes that its methods lead to.
#[derive(Debug)]
pub(crate) struct Resource {
    /// The path; a segment in braces is a parameter, of which there is one at most.
    pub(crate) template: &'static str,
    /// What it takes, as the header `Allow` says it.
    pub(crate) allow: &'static str,
    /// The route of one of these methods, given the parameter's text.
    route: fn(&Method, String) -> Route,
}

/// Where reading is allowed, so is asking for the headers alone.
const READ: &str = "GET, HEAD";

/// The whole surface. What is not here cannot be reached; the first line that fits a path decides.
pub(crate) const TABLE: [Resource; 23] = [
    to("/start", "POST", |_, _| Route::Start),
    to("/stop", "POST", |_, _| Route::Stop),
    to("/pause", "POST", |_, _| Route::Pause),
    to("/resume", "POST", |_, _| Route::Resume),
    to("/list", READ, |_, _| Route::List),
    to("/runtime/{id}", READ, |_, id| Route::Runtime(id)),
    to("/runtime/{id}/logs", READ, |_, id| Route::Logs(id)),
    to("/runtime/{id}/events", READ, |_, id| Route::Events(id)),
    to("/sessions/batch", READ, |_, _| Route::Batch),
    to("/sessions/{id}", READ, |_, id| Route::Session(id)),
    to("/registry_prefix", READ, |_, _| Route::RegistryPrefix),
    to("/image_exists", READ, |_, _| Route::ImageExists),
    to("/build", "POST", |_, _| Route::Build),
    to("/build_status", READ, |_, _| Route::BuildStatus),
    to("/api/warm-runtime-configs", READ, |_, _| Route::WarmConfigs),
    to("/api/admin/challenge", READ, |_, _| Route::Admin),
    to("/api/admin/login", "POST", |_, _| Route::Admin),
    to("/api/admin/api-keys", READ, |_, _| Route::Admin),
    to(
        "/api/admin/warm-runtime-configs/{name}",
        "PUT, DELETE",
        |_, _| Route::Admin,
    ),
    to("/health", READ, |_, _| Route::Health),
    to("/liveness", READ, |_, _| Route::Health),
    to("/readiness", READ, |_, _| Route::Health),
    to("/openapi.json", READ, |_, _| Route::OpenApi),
];

const fn to(
    template: &'static str,
    allow: &'static str,
    route: fn(&Method, String) -> Route,
) -> Resource {
    Resource {
        template,
        allow,
        route,
    }
}

impl Resource {
    /// The text of the parameter, not yet decoded and empty where there is none, if the path is this one.
    fn fits<'p>(&self, segments: &[&'p str]) -> Option<&'p str> {
        let mut parameter = "";
        let mut left = segments.iter();
        for expected in self.template.split('/').skip(1) {
            let segment = left.next()?;
            if expected.starts_with('{') {
                parameter = segment;
            } else if segment != &expected {
                return None;
            }
        }
        left.next().is_none().then_some(parameter)
    }

    /// The methods that it takes.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.allow.split(", ")
    }
}

impl Route {
    /// Finds the route. Slashes that are doubled or trail are not there, and `prefix` (empty, or `/v0/runtime`) is cut
    /// off first (contract §1.7, §1.8). Ids are percent-decoded once, after routing (§1.15): `/sessions/%62atch` is the
    /// session `batch`, and `%2F` is a letter of an id.
    pub(crate) fn parse(method: &Method, path: &str, prefix: &str) -> Result<Self, RouteError> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        for expected in prefix.split('/').filter(|segment| !segment.is_empty()) {
            if segments.next() != Some(expected) {
                return Err(RouteError::Unknown);
            }
        }
        // One more than the longest line has, so that what is longer fits none.
        let segments: Vec<&str> = segments.take(5).collect();
        let (resource, parameter) = TABLE
            .iter()
            .find_map(|resource| Some((resource, resource.fits(&segments)?)))
            .ok_or(RouteError::Unknown)?;
        // `HEAD` stands there where `GET` does and is answered like it; hyper leaves the body out.
        if !resource.methods().any(|taken| taken == method.as_str()) {
            let allowed = resource.allow;
            return Err(RouteError::Method { allowed });
        }
        Ok((resource.route)(method, decoded(parameter)?))
    }

    /// The path with its parameters unfilled: a name for logs and metrics that holds no id.
    pub(crate) const fn template(&self) -> &'static str {
        match self {
            Self::Start => "/start",
            Self::Stop => "/stop",
            Self::Pause => "/pause",
            Self::Resume => "/resume",
            Self::List => "/list",
            Self::Runtime(_) => "/runtime/{id}",
            Self::Logs(_) => "/runtime/{id}/logs",
            Self::Events(_) => "/runtime/{id}/events",
            Self::Batch => "/sessions/batch",
            Self::Session(_) => "/sessions/{id}",
            Self::RegistryPrefix => "/registry_prefix",
            Self::ImageExists => "/image_exists",
            Self::Build => "/build",
            Self::BuildStatus => "/build_status",
            Self::WarmConfigs => "/api/warm-runtime-configs",
            Self::Admin => "/api/admin",
            Self::Health => "/health",
            Self::OpenApi => "/openapi.json",
        }
    }
}

fn decoded(segment: &str) -> Result<String, RouteError> {
    percent_decode_str(segment)
        .decode_utf8()
        .map(|text| text.into_owned())
        .or(Err(RouteError::NotText))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route(request: &str) -> Result<Route, RouteError> {
        let (method, path) = request.split_once(' ').unwrap();
        Route::parse(&method.parse().unwrap(), path, "")
    }

    #[test]
    fn every_route_has_its_line() {
        let table = [
            ("POST /start", Route::Start),
            ("POST /stop", Route::Stop),
            ("POST /pause", Route::Pause),
            ("POST /resume", Route::Resume),
            ("GET /list", Route::List),
            ("GET /runtime/abc", Route::Runtime("abc".to_owned())),
            ("GET /runtime/abc/logs", Route::Logs("abc".to_owned())),
            ("GET /runtime/abc/events", Route::Events("abc".to_owned())),
            ("GET /sessions/batch", Route::Batch),
            ("GET /sessions/abc", Route::Session("abc".to_owned())),
            ("GET /registry_prefix", Route::RegistryPrefix),
            ("GET /image_exists", Route::ImageExists),
            ("POST /build", Route::Build),
            ("GET /build_status", Route::BuildStatus),
            ("GET /api/warm-runtime-configs", Route::WarmConfigs),
            ("GET /api/admin/challenge", Route::Admin),
            ("POST /api/admin/login", Route::Admin),
            ("GET /api/admin/api-keys", Route::Admin),
            ("DELETE /api/admin/warm-runtime-configs/a", Route::Admin),
            ("PUT /api/admin/warm-runtime-configs/a%2Fb", Route::Admin),
            ("GET /health", Route::Health),
            ("GET /liveness", Route::Health),
            ("HEAD /readiness", Route::Health),
            ("GET /openapi.json", Route::OpenApi),
        ];
        for resource in &TABLE {
            let has_line = table.iter().any(|(request, _)| {
                let path = request.split_once(' ').unwrap().1;
                let segments: Vec<_> = path.split('/').skip(1).collect();
                resource.fits(&segments).is_some()
            });
            assert!(has_line, "{}", resource.template);
        }
        for (request, expected) in table {
            assert_eq!(route(request), Ok(expected), "{request}");
        }
    }

    #[test]
    fn doubled_and_trailing_slashes_are_not_there() {
        for request in ["POST //start", "POST /start/", "POST ///start//"] {
            assert_eq!(route(request), Ok(Route::Start), "{request}");
        }
        assert_eq!(route("GET /sessions//batch/"), Ok(Route::Batch));
    }

    #[test]
    fn an_id_is_decoded_once_after_routing() {
        for (request, id) in [
            ("GET /sessions/a%2Fb", "a/b"),
            ("GET /sessions/%62atch", "batch"),
            ("GET /sessions/a%252Fb", "a%2Fb"),
            ("GET /sessions/a.b-C_1", "a.b-C_1"),
            ("GET /sessions/%C3%A9", "é"),
            ("GET /sessions/100%", "100%"),
            ("GET /sessions/a+b", "a+b"),
        ] {
            assert_eq!(route(request), Ok(Route::Session(id.to_owned())));
        }
        assert_eq!(route("GET /runtime/%FF"), Err(RouteError::NotText));
    }

    #[test]
    fn a_prefix_is_cut_off() {
        let get = |path| Route::parse(&Method::GET, path, "/v0/runtime/");
        assert_eq!(get("/v0/runtime/list"), Ok(Route::List));
        assert_eq!(get("/v0/runtime//list"), Ok(Route::List));
        assert_eq!(get("/list"), Err(RouteError::Unknown));
    }

    #[test]
    fn a_wrong_method_says_what_is_allowed() {
        let allowed = |request| match route(request) {
            Err(RouteError::Method { allowed }) => allowed,
            other => panic!("{other:?}"),
        };
        assert_eq!(allowed("GET /start"), "POST");
        assert_eq!(allowed("HEAD /start"), "POST");
        assert_eq!(allowed("DELETE /sessions/abc"), "GET, HEAD");
        assert_eq!(allowed("OPTIONS /list"), "GET, HEAD");
        assert_eq!(allowed("TRACE /list"), "GET, HEAD");
        assert_eq!(allowed("PROPFIND /health"), "GET, HEAD");
        assert_eq!(
            allowed("GET /api/admin/warm-runtime-configs/a"),
            "PUT, DELETE"
        );
    }

    #[test]
    fn what_is_not_in_the_table_is_unknown() {
        for path in [
            "/",
            "/Start",
            "/starts",
            "/start/x",
            "/runtime",
            "/runtime/a/b",
            "/runtime/a/logs/b",
            "/sessions/a/b",
            "/api",
            "/api/other",
            "/api/admin",
            "/api/admin/other",
            "/api/admin/warm-runtime-configs/a/b",
            "*",
        ] {
            assert_eq!(
                Route::parse(&Method::GET, path, ""),
                Err(RouteError::Unknown),
                "{path}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_path_is_answered(path in "(/?(start|sessions|runtime|api|admin|batch|%2F|%|[^\0]{0,4})){0,6}") {
            if let Ok(route) = Route::parse(&Method::GET, &path, "") {
                prop_assert!(route.template().starts_with('/'));
            }
        }
    }
}

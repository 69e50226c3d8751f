//! What a request asks for: which service of which sandbox, and what kind of call it is.
//!
//! In port mode the door that a connection came through names the sandbox and the service; the path is the sandbox's
//! own.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;
use runtime_core::sandbox::{Label, Service};

/// One service of one sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The sandbox.
    pub(crate) label: Label,
    /// What is reached in it.
    pub(crate) service: Service,
}

/// Kinds of requests that are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Most of them.
    Ordinary,
    /// Asks the agent how it is. Never held, and no sign that somebody uses the sandbox.
    Probe,
    /// Would initialise the agent, which only the server may do (contract §9.4).
    Initialisation,
}

impl Kind {
    /// The kind of a request to `service`. Only the agent has special paths.
    pub(crate) fn of(service: Service, method: &Method, path: &str) -> Self {
        if service != Service::Agent {
            return Self::Ordinary;
        }
        // The agent decodes the path before it routes, so `/api/%69nit` is `/api/init` to it.
        let path = if path.contains('%') {
            percent_decode_str(path).decode_utf8_lossy()
        } else {
            Cow::Borrowed(path)
        };
        match path.trim_end_matches('/') {
            "/alive" | "/health" | "/ready" | "/server_info" => Self::Probe,
            "/api/init" if method == Method::GET => Self::Probe,
            "/api/init" if method != Method::HEAD && method != Method::OPTIONS => {
                Self::Initialisation
            }
            _ => Self::Ordinary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_known_by_their_path() {
        for path in [
            "/alive",
            "/health",
            "/ready",
            "/server_info",
            "/api/init",
            "/%61live",
        ] {
            assert_eq!(
                Kind::of(Service::Agent, &Method::GET, path),
                Kind::Probe,
                "{path}"
            );
        }
        for path in ["/", "/alive2", "/api/alive", "/api/conversations"] {
            assert_eq!(
                Kind::of(Service::Agent, &Method::GET, path),
                Kind::Ordinary,
                "{path}"
            );
        }
    }

    #[test]
    fn initialisation_is_known_however_it_is_spelt() {
        for path in ["/api/init", "/api/init/", "/api/%69nit", "/%61pi%2Finit"] {
            assert_eq!(
                Kind::of(Service::Agent, &Method::POST, path),
                Kind::Initialisation,
                "{path}"
            );
        }
        assert_eq!(
            Kind::of(Service::Agent, &Method::OPTIONS, "/api/init"),
            Kind::Ordinary
        );
    }

    #[test]
    fn only_the_agent_has_special_paths() {
        assert_eq!(
            Kind::of(Service::Work1, &Method::POST, "/api/init"),
            Kind::Ordinary
        );
        assert_eq!(
            Kind::of(Service::Vscode, &Method::GET, "/alive"),
            Kind::Ordinary
        );
    }
}

//! The environment of a boot: the client's values and ours, by the precedence of contract §9.2.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::sealed::Sealed;
use super::spec::Service;
use crate::ids::SandboxId;

/// The ports on which a boot's services listen, as the program in the sandbox sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServicePorts {
    /// Agent server.
    pub agent: u16,
    /// VS Code.
    pub vscode: u16,
    /// First web application.
    pub work_1: u16,
    /// Second web application.
    pub work_2: u16,
}

impl ServicePorts {
    /// The ports of the contract (§9.1), for sandboxes with a network of their own.
    pub const CONTRACT: Self = Self {
        agent: Service::Agent.contract_port(),
        vscode: Service::Vscode.contract_port(),
        work_1: Service::Work1.contract_port(),
        work_2: Service::Work2.contract_port(),
    };

    /// The port of a service.
    pub const fn get(&self, service: Service) -> u16 {
        match service {
            Service::Agent => self.agent,
            Service::Vscode => self.vscode,
            Service::Work1 => self.work_1,
            Service::Work2 => self.work_2,
        }
    }
}

/// Who a sandbox is, told to the program inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The sandbox.
    pub id: SandboxId,
    /// Its URL for clients, without a trailing slash.
    pub url: String,
}

/// Names that carry a port and yield to the client's value.
const PORT_NAMES: [(&str, Service); 6] = [
    ("VSCODE_PORT", Service::Vscode),
    ("OH_VSCODE_PORT", Service::Vscode),
    ("WORK_PORT_1", Service::Work1),
    ("WORK_PORT_2", Service::Work2),
    ("WORKER_1", Service::Work1),
    ("WORKER_2", Service::Work2),
];

/// Prefix of the keys that the agent server accepts; the client's are dropped, because it reads the unindexed form
/// first and further indices too.
const SESSION_KEYS: &str = "OH_SESSION_API_KEYS";

impl Identity {
    /// The whole environment of a boot. Identity variables win over the client's values, ports yield to them.
    pub fn environment(
        &self,
        sealed: &Sealed,
        ports: &ServicePorts,
    ) -> BTreeMap<String, SecretString> {
        let mut environment: BTreeMap<String, SecretString> = PORT_NAMES
            .iter()
            .map(|(name, service)| ((*name).to_owned(), ports.get(*service).to_string().into()))
            .collect();
        environment.insert("OH_SECRET_KEY".to_owned(), sealed.secret_key.clone());
        let client = sealed
            .environment
            .iter()
            .filter(|(name, _)| !is_session_key(name));
        environment.extend(client.map(|(name, value)| (name.clone(), value.clone())));

        let session_key = sealed.session_key.expose();
        for (name, value) in [
            ("SESSION_API_KEY", session_key),
            ("OH_SESSION_API_KEYS_0", session_key),
            ("RUNTIME_ID", self.id.as_str()),
            ("OH_RUNTIME_ID", self.id.as_str()),
            ("RUNTIME_URL", &self.url),
        ] {
            environment.insert(name.to_owned(), value.to_owned().into());
        }
        environment
    }
}

fn is_session_key(name: &str) -> bool {
    name.strip_prefix(SESSION_KEYS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Plain text of an environment, for the program that gets it.
pub fn plain(environment: &BTreeMap<String, SecretString>) -> impl Iterator<Item = (&str, &str)> {
    environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment_of(client: &[(&str, &str)]) -> BTreeMap<String, String> {
        let sealed = Sealed {
            environment: client
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into()))
                .collect(),
            session_key: "session".to_owned().into(),
            secret_key: "secret".to_owned().into(),
        };
        let identity = Identity {
            id: "abc".parse().unwrap(),
            url: "http://127.0.0.1:20000".to_owned(),
        };
        let environment = identity.environment(&sealed, &ServicePorts::CONTRACT);
        plain(&environment)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn identity_variables_win_over_the_client() {
        let found = environment_of(&[
            ("SESSION_API_KEY", "theirs"),
            ("OH_SESSION_API_KEYS", "theirs"),
            ("OH_SESSION_API_KEYS_0", "theirs"),
            ("OH_SESSION_API_KEYS_1", "theirs"),
            ("RUNTIME_ID", "theirs"),
            ("RUNTIME_URL", "theirs"),
        ]);
        assert!(found.values().all(|value| value != "theirs"), "{found:?}");
        assert_eq!(found["SESSION_API_KEY"], "session");
        assert_eq!(found["OH_SESSION_API_KEYS_0"], "session");
        assert!(!found.contains_key("OH_SESSION_API_KEYS_1"));
    }

    #[test]
    fn everything_else_yields_to_the_client_and_is_kept_verbatim() {
        let found = environment_of(&[
            ("OH_VSCODE_PORT", "7"),
            ("OH_SECRET_KEY", "s"),
            ("A", "$(HOME) $$"),
            ("E", ""),
        ]);
        assert_eq!(found["OH_VSCODE_PORT"], "7");
        assert_eq!(found["OH_SECRET_KEY"], "s");
        assert_eq!(found["A"], "$(HOME) $$");
        assert_eq!(found["E"], "");
        assert_eq!(found["WORKER_2"], "12001");
    }
}

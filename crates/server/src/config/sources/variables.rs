//! Environment variables: those of keys, those of others, and the misspelled ones.

use super::Sources;
use crate::config::catalogue::{Entry, did_you_mean, entries};
use crate::config::environment::{Environment, PREFIX};
use crate::config::origin::Origin;

/// Variables with our prefix that are no keys: the file, clients' keys, what our commands and sandboxes use.
const OTHERS: [&str; 5] = [
    "PINFOLD_CONFIG",
    "PINFOLD_API_KEY",
    "PINFOLD_URL",
    "PINFOLD_CACHE",
    "PINFOLD_BOOT",
];

/// Puts what the variables say into `sources`.
pub(super) fn read(environment: &Environment, sources: &mut Sources) {
    for entry in entries() {
        let Some(name) = entry.variable() else {
            continue;
        };
        match environment.text(&name) {
            None => {}
            Some(Ok(text)) => sources.text(entry, text, Origin::Variable(name)),
            Some(Err(_)) => {
                let wrong = "must be text in UTF-8";
                sources.mistake(Origin::Variable(name), &entry.path(), wrong);
            }
        }
    }
    for name in environment.names() {
        if name.starts_with(PREFIX) && !is_known(name) {
            let known = entries().filter_map(Entry::variable);
            let known = known.chain(OTHERS.map(str::to_owned));
            let wrong = format!("stands for no key{}", did_you_mean(name, known));
            sources.mistake(Origin::Variable(name.to_owned()), "", wrong);
        }
    }
}

fn is_known(name: &str) -> bool {
    let mut keys = entries().filter_map(Entry::variable);
    OTHERS.contains(&name) || keys.any(|key| key == name) || is_of_kubernetes(name)
}

/// What Kubernetes tells pods of a Service whose name begins with `pinfold`: `PINFOLD_SERVICE_HOST`, `PINFOLD_PORT`,
/// `PINFOLD_PORT_9000_TCP_ADDR`, `PINFOLD_OPERATOR_SERVICE_PORT_HTTP`.
fn is_of_kubernetes(name: &str) -> bool {
    let port = name.find("_PORT_").and_then(|at| name.get(at + 6..));
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || port.is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_tells_of_services_is_no_mistake() {
        for name in [
            "PINFOLD_PORT",
            "PINFOLD_SERVICE_HOST",
            "PINFOLD_SERVICE_PORT",
            "PINFOLD_SERVICE_PORT_API",
            "PINFOLD_PORT_9000_TCP",
            "PINFOLD_PORT_9000_TCP_PROTO",
            "PINFOLD_OPERATOR_SERVICE_HOST",
            "PINFOLD_OPERATOR_PORT",
        ] {
            assert!(is_of_kubernetes(name), "{name}");
        }
        for name in ["PINFOLD_LISTEN", "PINFOLD_GATEWAY_PORT_S", "PINFOLD_PORTS"] {
            assert!(!is_of_kubernetes(name), "{name}");
        }
    }
}

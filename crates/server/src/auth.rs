//! API keys: which tenant a request speaks for.

mod first_key;

use http::HeaderMap;
use runtime_core::{ApiKeyHash, TenantId};

pub(crate) use first_key::{FILE as FIRST_KEY_FILE, first_key};

/// Where the key comes.
const HEADER: &str = "x-api-key";

/// A request without a key, or with a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unauthorized {
    #[error("the header X-API-Key is missing")]
    Missing,
    #[error("the key in X-API-Key is not one of this server's")]
    Wrong,
}

/// A key that is let in.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// Its name, for the log.
    pub(crate) name: String,
    /// Whose sandboxes it sees.
    pub(crate) tenant: TenantId,
    /// What is left of it.
    pub(crate) hash: ApiKeyHash,
}

/// Every key that is let in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    pub(crate) fn new(keys: Vec<Key>) -> Self {
        Self(keys)
    }

    /// The tenant that the request's key stands for.
    ///
    /// # Errors
    /// [`Unauthorized`].
    pub(crate) fn tenant(&self, headers: &HeaderMap) -> Result<TenantId, Unauthorized> {
        let sent = headers.get(HEADER).ok_or(Unauthorized::Missing)?;
        let sent = ApiKeyHash::of(sent.to_str().or(Err(Unauthorized::Wrong))?);
        // Every key is compared, so that the time tells neither whether nor which one fits.
        let found = self.0.iter().fold(None, |found, key| {
            if key.hash.matches(&sent) {
                Some(key)
            } else {
                found
            }
        });
        let key = found.ok_or(Unauthorized::Wrong)?;
        tracing::Span::current().record("tenant.id", key.tenant.as_str());
        tracing::trace!(key = key.name, "authenticated");
        Ok(key.tenant.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let key = |name: &str, tenant: &str| Key {
            name: name.to_owned(),
            tenant: tenant.parse().unwrap(),
            hash: ApiKeyHash::of(name),
        };
        Keys::new(vec![key("one", "a"), key("two", "a"), key("three", "b")])
    }

    fn tenant(headers: &[(&'static str, &'static str)]) -> Result<TenantId, Unauthorized> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        keys().tenant(&headers)
    }

    #[test]
    fn each_key_opens_its_tenant() {
        for (key, owner) in [("one", "a"), ("two", "a"), ("three", "b")] {
            assert_eq!(tenant(&[("x-api-key", key)]).unwrap().as_str(), owner);
        }
    }

    #[test]
    fn no_key_and_a_wrong_key_are_told_apart_and_refused() {
        assert_eq!(tenant(&[]), Err(Unauthorized::Missing));
        assert_eq!(
            tenant(&[("x-session-api-key", "one")]),
            Err(Unauthorized::Missing)
        );
        for wrong in ["", "On", "One", "one ", "onetwo"] {
            assert_eq!(
                tenant(&[("x-api-key", wrong)]),
                Err(Unauthorized::Wrong),
                "{wrong}"
            );
        }
    }

    #[test]
    fn without_keys_nobody_is_let_in() {
        let headers = [("x-api-key".parse().unwrap(), "".parse().unwrap())]
            .into_iter()
            .collect();
        assert_eq!(Keys::default().tenant(&headers), Err(Unauthorized::Wrong));
    }
}

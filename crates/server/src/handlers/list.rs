//! `GET /list`: every live sandbox, without pages (contract §6.1). With `?state=open`, which is our own, the paused and
//! failed ones, too.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use runtime_api::{BodyError, list_of, list_of_parts};
use runtime_core::{Fragment, TenantId};

use super::Api;
use crate::http::error::ApiError;
use crate::http::pieces::Pieces;
use crate::http::reply::{self, Reply};

/// A text that is sent from where it stands.
struct Shared(Arc<str>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Which sandboxes are listed.
#[derive(Debug, PartialEq, Eq)]
enum Listed {
    /// Starting or running: what clients count against a limit.
    Live,
    /// Not stopped.
    Open,
}

/// The texts of the live ones are ready: a list of 10,000 costs no copy until it is sent.
pub(crate) async fn list(
    api: &Api,
    tenant: &TenantId,
    query: Option<&str>,
) -> Result<Reply, ApiError> {
    let body: Pieces = match listed(query)? {
        Listed::Live => {
            let list = api.lifecycle.list(tenant).await?;
            let shared = |part: &Fragment| Bytes::from_owner(Shared(part.to_shared()));
            let parts = list.parts.iter().map(shared);
            let without_comma = |mut part: Bytes| part.split_off(part.len().min(1));
            list_of_parts(parts, list.total, without_comma)
                .into_iter()
                .collect()
        }
        Listed::Open => {
            let views = api.lifecycle.open(tenant).await?;
            let fragments: Vec<&str> = views.iter().map(|view| view.fragment.as_str()).collect();
            list_of(&fragments).into()
        }
    };
    Ok(reply::json(StatusCode::OK, body))
}

fn listed(query: Option<&str>) -> Result<Listed, BodyError> {
    let mut pairs = query.unwrap_or_default().split('&');
    match pairs.find_map(|pair| pair.strip_prefix("state=")) {
        None | Some("" | "live") => Ok(Listed::Live),
        Some("open") => Ok(Listed::Open),
        Some(_) => Err(BodyError::of_field("state", "must be `live` or `open`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_ones_are_listed_unless_all_that_are_open_are_asked_for() {
        let rows = [
            (None, Ok(Listed::Live)),
            (Some(""), Ok(Listed::Live)),
            (Some("page=2"), Ok(Listed::Live)),
            (Some("state="), Ok(Listed::Live)),
            (Some("state=live"), Ok(Listed::Live)),
            (Some("page=2&state=open"), Ok(Listed::Open)),
            (Some("state=paused"), Err(())),
        ];
        for (query, expected) in rows {
            assert_eq!(listed(query).map_err(drop), expected, "{query:?}");
        }
    }
}

//! `GET /list`: every live sandbox, without pages (contract §6.1). With `?state=open`, which is our own, the paused and
//! failed ones, too.

use http::StatusCode;
use runtime_api::{BodyError, list_of};
use runtime_core::TenantId;

use super::Api;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

/// Which sandboxes are listed.
#[derive(Debug, PartialEq, Eq)]
enum Listed {
    /// Starting or running: what clients count against a limit.
    Live,
    /// Not stopped.
    Open,
}

/// The texts are ready: a list of 10,000 costs one copy.
pub(crate) async fn list(
    api: &Api,
    tenant: &TenantId,
    query: Option<&str>,
) -> Result<Reply, ApiError> {
    let views = match listed(query)? {
        Listed::Live => api.lifecycle.live(tenant).await?,
        Listed::Open => api.lifecycle.open(tenant).await?,
    };
    let fragments: Vec<&str> = views.iter().map(|view| view.fragment.as_str()).collect();
    Ok(reply::json(StatusCode::OK, list_of(&fragments)))
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

//! `GET /runtime/{id}/logs?bytes=`: the end of what a sandbox wrote. Our own, beside the contract.

use http::StatusCode;
use runtime_api::{BodyError, RuntimeLogs};
use runtime_core::TenantId;

use super::Api;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

/// Unless the query says otherwise, in bytes.
pub(crate) const DEFAULT: u64 = 64 << 10;
/// At most, in bytes.
pub(crate) const MOST: u64 = 4 << 20;

pub(crate) async fn logs(
    api: &Api,
    tenant: &TenantId,
    id: &str,
    query: Option<&str>,
) -> Result<Reply, ApiError> {
    let logs = api.lifecycle.logs(tenant, id, bytes(query)?).await?;
    Ok(reply::of(StatusCode::OK, &RuntimeLogs { logs }))
}

fn bytes(query: Option<&str>) -> Result<u64, BodyError> {
    let mut pairs = query.unwrap_or_default().split('&');
    let Some(text) = pairs.find_map(|pair| pair.strip_prefix("bytes=")) else {
        return Ok(DEFAULT);
    };
    match text.parse() {
        Ok(bytes @ 1..=MOST) => Ok(bytes),
        Ok(_) | Err(_) => Err(BodyError::of_field(
            "bytes",
            format!("must be a whole number from 1 to {MOST}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_bounded() {
        assert_eq!(bytes(None), Ok(DEFAULT));
        assert_eq!(bytes(Some("a=b")), Ok(DEFAULT));
        assert_eq!(bytes(Some("a=b&bytes=100")), Ok(100));
        for wrong in ["bytes=", "bytes=0", "bytes=-1", "bytes=4194305", "bytes=x"] {
            let error = bytes(Some(wrong)).unwrap_err();
            assert_eq!(
                error.to_string(),
                "bytes must be a whole number from 1 to 4194304"
            );
        }
    }
}

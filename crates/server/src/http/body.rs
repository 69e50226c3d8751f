//! Reading a request body, bounded in size and time.

use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The largest body that is read, in bytes.
pub(crate) const LARGEST: usize = 1 << 20;
/// For the whole body to come. Together with [`DISCARD`] it is below the limit of a call (contract §1.11), so that a
/// body that is too slow gets its own answer.
const READ: Duration = Duration::from_secs(5);
/// What is thrown away of a body that nobody read, in bytes: more than an upload to `/build` has.
const DISCARDED: usize = 1 << 30;
/// For throwing it away.
const DISCARD: Duration = Duration::from_secs(4);

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyRefused {
    /// It is larger than we read.
    #[error("the body is larger than {LARGEST} bytes")]
    TooLarge,
    /// It came too slowly.
    #[error("the body did not come within {} seconds", READ.as_secs())]
    TooSlow,
    /// The connection broke, or the body is not what its headers say.
    #[error("the body cannot be read to its end")]
    Broken,
}

/// The whole body.
///
/// # Errors
/// [`BodyRefused`]; the rest of the body may still be on its way.
pub(crate) async fn read<B>(head: &Parts, body: &mut B) -> Result<Bytes, BodyRefused>
where
    B: Body<Data = Bytes, Error: Into<tower::BoxError>> + Unpin,
{
    // What says that it is too large is not even begun.
    if announced(head).is_some_and(|length| length > LARGEST) {
        return Err(BodyRefused::TooLarge);
    }
    match tokio::time::timeout(READ, Limited::new(body, LARGEST).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyRefused::TooLarge),
        Ok(Err(_)) => Err(BodyRefused::Broken),
        Err(_) => Err(BodyRefused::TooSlow),
    }
}

/// Throws away what is left of a body, bounded. Many clients read no answer before they have sent everything: for them
/// an answer given too early is a broken connection, and these have no status (contract §1.12).
pub(crate) async fn discard<B>(head: &Parts, body: &mut B)
where
    B: Body<Data = Bytes> + Unpin,
{
    // A client that waits for `100 Continue` has sent nothing, and asking for the body would make it begin.
    if body.is_end_stream() || head.headers.contains_key(EXPECT) {
        return;
    }
    let rest = async {
        let mut left = DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.remaining());
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Too late or too much: then the connection breaks after all.
    tokio::time::timeout(DISCARD, rest).await.ok();
}

fn announced(head: &Parts) -> Option<usize> {
    head.headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;
    use http::Request;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn head(length: Option<&str>) -> Parts {
        let mut request = Request::post("/start");
        if let Some(length) = length {
            request = request.header(CONTENT_LENGTH, length);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn full(length: usize) -> Full<Bytes> {
        Full::new(vec![b' '; length].into())
    }

    #[tokio::test]
    async fn a_body_of_the_largest_size_is_read() {
        let bytes = read(&head(None), &mut full(LARGEST)).await.unwrap();
        assert_eq!(bytes.len(), LARGEST);
    }

    #[tokio::test]
    async fn a_larger_body_is_refused_announced_or_not() {
        for length in [None, Some("10000000")] {
            let refused = read(&head(length), &mut full(LARGEST + 1)).await;
            assert!(matches!(refused, Err(BodyRefused::TooLarge)), "{length:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_refused() {
        let mut body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let refused = read(&head(None), &mut body).await;
        assert!(matches!(refused, Err(BodyRefused::TooSlow)));
    }

    #[tokio::test]
    async fn a_body_that_breaks_is_refused() {
        let mut body = StreamBody::new(stream::iter([Err::<Frame<Bytes>, _>(
            std::io::Error::other("reset"),
        )]));
        let refused = read(&head(None), &mut body).await;
        assert!(matches!(refused, Err(BodyRefused::Broken)));
    }

    #[tokio::test]
    async fn a_body_that_nobody_read_is_thrown_away() {
        let mut body = full(3 * LARGEST);
        discard(&head(None), &mut body).await;
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn a_body_that_waits_to_be_asked_for_is_not_asked_for() {
        let request = Request::post("/start").header(EXPECT, "100-continue");
        let mut body = full(1);
        discard(&request.body(()).unwrap().into_parts().0, &mut body).await;
        assert!(!body.is_end_stream());
    }
}

//! What the first bytes of a connection tell.

/// Begins every HTTP/2 connection (RFC 9113 §3.4).
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Begins a PROXY header in text (PROXY protocol §2.1).
const PROXY_1: &[u8] = b"PROXY ";
/// Begins a binary PROXY header (PROXY protocol §2.2).
const PROXY_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The most bytes that must be seen to know.
pub(crate) const LONGEST: usize = HTTP2.len();

/// What a client begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A PROXY header.
    Proxy,
    /// HTTP/2 in clear text, by prior knowledge.
    Http2,
    /// Anything else: HTTP/1.1, TLS or nonsense.
    Other,
}

impl Opening {
    /// What these bytes begin; none while they could begin different things.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        for (beginning, opening) in [
            (HTTP2, Self::Http2),
            (PROXY_1, Self::Proxy),
            (PROXY_2, Self::Proxy),
        ] {
            if bytes.starts_with(beginning) {
                return Some(opening);
            }
            if beginning.starts_with(bytes) {
                return None;
            }
        }
        Some(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes it takes until it is known what they begin, and what that is.
    fn known(bytes: &[u8]) -> (usize, Option<Opening>) {
        (0..=bytes.len())
            .map(|seen| (seen, Opening::of(&bytes[..seen])))
            .find(|(_, opening)| opening.is_some())
            .unwrap_or((bytes.len(), None))
    }

    #[test]
    fn the_first_bytes_tell_what_is_spoken_as_soon_as_they_can() {
        let known_as = |bytes: &[u8], after: usize, opening: Opening| {
            assert_eq!(known(bytes), (after, Some(opening)), "{bytes:?}");
        };
        known_as(b"GET / HTTP/1.1\r\n", 1, Opening::Other);
        known_as(b"POST / HTTP/1.1\r\n", 2, Opening::Other);
        known_as(b"PROPFIND / HTTP/1.1\r\n", 4, Opening::Other);
        known_as(b"\r\n\r\nGET / HTTP/1.1\r\n", 5, Opening::Other);
        known_as(b"\x16\x03\x01", 1, Opening::Other);
        known_as(HTTP2, HTTP2.len(), Opening::Http2);
        known_as(b"PROXY TCP4 ", PROXY_1.len(), Opening::Proxy);
        known_as(b"\r\n\r\n\0\r\nQUIT\n\x21", PROXY_2.len(), Opening::Proxy);
        assert_eq!(known(b"PRI * HTTP/2.0\r\n").1, None);
    }
}

//! The PROXY protocol: a load balancer that passes bytes on says first whose they are.
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>)

use std::net::SocketAddr;

use proxy_header::{Error, ParseConfig, Protocol, ProxyHeader};

/// The longest header that is taken, in bytes: addresses and the additions of the large clouds fit many times.
pub(crate) const LONGEST: usize = 4096;

/// A complete header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// How long it is, in bytes.
    pub(crate) length: usize,
    /// The client; none where the load balancer speaks for itself, or for somebody without an Internet address.
    pub(crate) source: Option<SocketAddr>,
}

/// What begins like a header and is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed PROXY header")]
pub(crate) struct Malformed;

impl Header {
    /// The header that the bytes begin with; none while it is not complete.
    pub(crate) fn of(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let without_additions = ParseConfig {
            include_tlvs: false,
            ..ParseConfig::default()
        };
        match ProxyHeader::parse(bytes, without_additions) {
            Ok((header, length)) => Ok(Some(Self {
                length,
                source: header
                    .proxied_address()
                    .filter(|of| of.protocol == Protocol::Stream)
                    .map(|of| of.source),
            })),
            Err(Error::BufferTooShort) if bytes.len() < LONGEST => Ok(None),
            Err(_) => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, rest].concat()
    }

    fn source(bytes: &[u8]) -> Option<String> {
        let followed = [bytes, b"GET /"].concat();
        let header = Header::of(&followed).unwrap().unwrap();
        assert_eq!(header.length, bytes.len());
        for cut in 0..bytes.len() {
            assert_eq!(Header::of(&bytes[..cut]), Ok(None), "after {cut} bytes");
        }
        header.source.map(|source| source.to_string())
    }

    #[test]
    fn text_and_binary_headers_name_the_client() {
        assert_eq!(
            source(b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\n").unwrap(),
            "198.51.100.7:4711"
        );
        assert_eq!(
            source(b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n").unwrap(),
            "[2001:db8::1]:4711"
        );
        let v4 = [198, 51, 100, 7, 10, 0, 0, 1, 0x12, 0x67, 1, 187];
        assert_eq!(
            source(&binary(0x21, 0x11, &v4)).unwrap(),
            "198.51.100.7:4711"
        );
        let with_additions = [&v4[..], &[4, 0, 1, 42]].concat();
        assert_eq!(
            source(&binary(0x21, 0x11, &with_additions)).unwrap(),
            "198.51.100.7:4711"
        );
        let mut v6 = [0; 36];
        v6[..2].copy_from_slice(&[0x20, 0x01]);
        v6[33] = 80;
        assert_eq!(source(&binary(0x21, 0x21, &v6)).unwrap(), "[2001::]:80");
    }

    #[test]
    fn a_load_balancer_that_speaks_for_itself_names_nobody() {
        assert_eq!(source(b"PROXY UNKNOWN\r\n"), None);
        assert_eq!(source(b"PROXY UNKNOWN ::1 ::1 1 2\r\n"), None);
        assert_eq!(source(&binary(0x20, 0x00, &[])), None);
        assert_eq!(source(&binary(0x20, 0x11, &[1; 12])), None);
        assert_eq!(source(&binary(0x21, 0x00, &[])), None);
        assert_eq!(source(&binary(0x21, 0x31, &[0; 216])), None);
    }

    #[test]
    fn wrong_and_endless_headers_are_refused() {
        let endless = [SIGNATURE, &[0x21, 0x11, 0xff, 0xff], &[0; LONGEST]].concat();
        for wrong in [
            b"PROXY TCP4 198.51.100.777 10.0.0.1 4711 443\r\n".as_slice(),
            b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 70000\r\n",
            b"PROXY UDP4 198.51.100.7 10.0.0.1 4711 443\r\n",
            b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\n",
            &[b"PROXY UNKNOWN ".as_slice(), &[b'a'; 200]].concat(),
            &binary(0x31, 0x11, &[0; 12]),
            &binary(0x22, 0x11, &[0; 12]),
            &binary(0x21, 0x11, &[0; 11]),
            &endless,
        ] {
            // What a longer read brings never makes it right.
            let padded = [wrong, &[0; LONGEST]].concat();
            assert_eq!(Header::of(&padded), Err(Malformed), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_judged(beginning in 0..3_usize, rest: Vec<u8>) {
            let beginning = [SIGNATURE, b"PROXY ", b"PROXY TCP4 "][beginning];
            let bytes = [beginning, &rest].concat();
            if let Ok(Some(header)) = Header::of(&bytes) {
                prop_assert!(header.length <= bytes.len());
            }
        }
    }
}

//! Headers on their way through (contract §7.3): what belongs to one hop stays there, what a client must not say is
//! replaced, everything else goes through as it came.

use http::header::{
    CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};

/// Headers of one hop (RFC 9110 §7.6.1, with the two that older texts name).
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];
/// The management key, which code in a sandbox must not learn.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Makes a client's request headers fit for the sandbox. `client` is the client's address as text; `upgrade` the
/// protocol that this request switches to, if any.
pub(crate) fn to_sandbox(
    headers: &mut HeaderMap,
    client: &HeaderValue,
    upgrade: Option<&HeaderValue>,
) {
    remove_hop_by_hop(headers);
    let from_client: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_ours_to_say(name))
        .cloned()
        .collect();
    for name in from_client {
        headers.remove(name);
    }
    headers.insert(FORWARDED_FOR, client.clone());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    if let Some(host) = headers.get(HOST).cloned() {
        headers.insert(FORWARDED_HOST, host);
    }
    add_upgrade(headers, upgrade);
}

/// Makes a sandbox's response headers fit for the client.
pub(crate) fn to_client(headers: &mut HeaderMap, upgrade: Option<&HeaderValue>) {
    remove_hop_by_hop(headers);
    add_upgrade(headers, upgrade);
}

/// Whether the header has this token in a comma-separated list, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|word| word.trim().eq_ignore_ascii_case(token))
        })
    })
}

fn is_ours_to_say(name: &HeaderName) -> bool {
    *name == API_KEY || *name == FORWARDED || name.as_str().starts_with("x-forwarded-")
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if let Some(named) = named_by_connection(headers) {
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// The headers that `Connection` declares to be of this hop; none where it names no header, as nearly always. Those that
/// a message cannot do without are not given up.
fn named_by_connection(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut named = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let words = value.to_str().unwrap_or_default().split(',').map(str::trim);
        for word in words {
            let is_option = ["close", "keep-alive", "upgrade", ""]
                .iter()
                .any(|option| word.eq_ignore_ascii_case(option));
            if let (false, Ok(name)) = (is_option, HeaderName::from_bytes(word.as_bytes()))
                && name != HOST
                && name != CONTENT_LENGTH
            {
                named.push(name);
            }
        }
    }
    (!named.is_empty()).then_some(named)
}

fn add_upgrade(headers: &mut HeaderMap, upgrade: Option<&HeaderValue>) {
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        headers
    }

    fn sent(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = map(pairs);
        to_sandbox(&mut headers, &HeaderValue::from_static("10.0.0.9"), None);
        headers
    }

    #[test]
    fn the_management_key_stays_here_and_the_session_key_goes_on() {
        let headers = sent(&[
            ("x-api-key", "management"),
            ("x-session-api-key", "session"),
        ]);
        assert!(!headers.contains_key("x-api-key"));
        assert_eq!(headers["x-session-api-key"], "session");
    }

    #[test]
    fn what_a_client_says_about_forwarding_is_replaced() {
        let headers = sent(&[
            ("host", "127.0.0.1:20000"),
            ("forwarded", "for=1.2.3.4"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-for", "5.6.7.8"),
            ("x-forwarded-prefix", "/evil"),
        ]);
        assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
        assert_eq!(headers["x-forwarded-for"], "10.0.0.9");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["x-forwarded-host"], "127.0.0.1:20000");
        assert_eq!(headers["host"], "127.0.0.1:20000");
        assert!(!headers.contains_key("forwarded"));
        assert!(!headers.contains_key("x-forwarded-prefix"));
    }

    #[test]
    fn headers_of_one_hop_stay_there_even_those_that_connection_names() {
        let pairs = [
            ("connection", "keep-alive, X-Of-This-Hop"),
            ("connection", "host"),
            ("host", "a"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("x-of-this-hop", "1"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ];
        let mut headers = map(&pairs);
        to_client(&mut headers, None);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "host", "trailer"]);
    }

    #[test]
    fn an_upgrade_is_asked_for_anew() {
        let mut headers = map(&[("connection", "keep-alive, Upgrade"), ("upgrade", "foo/2")]);
        to_sandbox(
            &mut headers,
            &HeaderValue::from_static("::1"),
            Some(&HeaderValue::from_static("foo/2")),
        );
        assert_eq!(headers["connection"], "upgrade");
        assert_eq!(headers["upgrade"], "foo/2");
    }

    #[test]
    fn tokens_are_found_in_any_case_and_in_any_line() {
        let headers = map(&[("connection", "keep-alive"), ("connection", "x, UPGRADE")]);
        assert!(has_token(&headers, &CONNECTION, "upgrade"));
        assert!(!has_token(&headers, &CONNECTION, "grade"));
    }
}

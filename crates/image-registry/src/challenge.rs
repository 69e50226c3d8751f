//! `WWW-Authenticate`: how a registry wants to be asked (RFC 9110, section 11.6.1).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// How to prove who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// With a token that `realm` gives for `service`.
    Bearer {
        realm: String,
        service: Option<String>,
    },
    /// With name and password.
    Basic,
}

/// The challenge that is answered: a token where one is offered, else name and password.
pub(crate) fn best(headers: &HeaderMap) -> Option<Challenge> {
    let mut best = None;
    for header in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(text) = header.to_str() else { continue };
        for (scheme, parameters) in challenges(text) {
            let of = |name: &str| {
                parameters
                    .iter()
                    .find(|(other, _)| other.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = of("realm")
            {
                let service = of("service");
                return Some(Challenge::Bearer { realm, service });
            }
            if scheme.eq_ignore_ascii_case("basic") {
                best = Some(Challenge::Basic);
            }
        }
    }
    best
}

type Parameters = Vec<(String, String)>;

/// Every scheme with its parameters. What cannot be read ends the list.
fn challenges(text: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (word, after) = token(rest);
        if word.is_empty() {
            return found;
        }
        rest = after.trim_start_matches([' ', '\t']);
        if let Some(value) = rest.strip_prefix('=')
            && let Some((_, parameters)) = found.last_mut()
        {
            let Some((value, after)) = value_of(value.trim_start_matches([' ', '\t'])) else {
                return found;
            };
            parameters.push((word.to_owned(), value));
            rest = after;
        } else {
            found.push((word.to_owned(), Vec::new()));
        }
    }
}

fn token(text: &str) -> (&str, &str) {
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter))
        })
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// A token, or a quoted text in which a backslash stands before what is meant as it is.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (word, rest) = token(text);
        return (!word.is_empty()).then(|| (word.to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.chars();
    loop {
        match letters.next()? {
            '"' => return Some((value, letters.as_str())),
            '\\' => value.push(letters.next()?),
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap());
        }
        best(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        })
    }

    #[test]
    fn a_token_goes_before_a_password() {
        assert_eq!(
            read(&["Basic realm=\"x\"", "Bearer realm=\"https://a/t\""]),
            bearer("https://a/t", None)
        );
        assert_eq!(
            read(&["Basic realm=\"x, y\", bearer service=s,realm=\"https://a/t?x=\\\"1\\\"\""]),
            bearer("https://a/t?x=\"1\"", Some("s"))
        );
    }

    #[test]
    fn what_registries_send_is_read() {
        assert_eq!(
            read(&[
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\""
            ]),
            bearer("https://auth.docker.io/token", Some("registry.docker.io"))
        );
        assert_eq!(read(&["Basic"]), Some(Challenge::Basic));
    }

    #[test]
    fn what_cannot_be_answered_is_none() {
        for line in [
            "",
            "Negotiate",
            "Bearer",
            "Bearer realm=\"open",
            "=",
            "Digest realm=\"x\"",
        ] {
            assert_eq!(read(&[line]), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "[ -~]*") {
            read(&[&text]);
        }
    }
}

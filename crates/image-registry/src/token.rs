//! Tokens: what a registry's token server answers (distribution specification, *token authentication*).

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::access::basic;
use crate::credentials::Credentials;
use crate::exchange::Answer;
use crate::trouble::Trouble;

/// Who we say we are to token servers.
const CLIENT: &str = "pinfold";
/// The largest answer of a token server, in bytes.
pub(crate) const LARGEST: usize = 1 << 20;

/// What is asked for: to read one repository, whatever scope the challenge names.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) service: Option<&'a str>,
    pub(crate) repository: &'a str,
}

#[derive(Deserialize)]
struct Body {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
}

/// The request for a token. An identity token is sent as a form, name and password as basic authentication.
pub(crate) fn request(
    realm: &Uri,
    wanted: &Wanted<'_>,
    credentials: Option<&Credentials>,
) -> Result<Request<Full<Bytes>>, http::Error> {
    let scope = format!("repository:{}:pull", wanted.repository);
    let mut fields = vec![("scope", scope.as_str())];
    fields.extend(wanted.service.map(|service| ("service", service)));
    let path = realm.path();
    match credentials {
        Some(Credentials::IdentityToken(token)) => {
            fields.extend([
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT),
                ("refresh_token", token.expose_secret()),
            ]);
            Request::post(path)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(ACCEPT, "application/json")
                .body(Full::from(encoded(&fields)))
        }
        other => {
            let query = match realm.query() {
                Some(given) => format!("{given}&{}", encoded(&fields)),
                None => encoded(&fields),
            };
            let request =
                Request::get(format!("{path}?{query}")).header(ACCEPT, "application/json");
            let request = match other {
                Some(Credentials::Password { name, password }) => {
                    request.header(AUTHORIZATION, basic(name, password))
                }
                _ => request,
            };
            request.body(Full::default())
        }
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    fields.join("&")
}

/// The `Authorization` of the next question. A refusal of strangers means that there is nothing for them; a refusal of
/// our own credentials is a mistake that somebody has to mend.
pub(crate) fn authorization(
    host: &str,
    answer: &Answer,
    credentials: Option<&Credentials>,
) -> Result<HeaderValue, Trouble> {
    match answer.status {
        status if status.is_success() => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST
            if credentials.is_some() =>
        {
            return Err(Trouble::Credentials {
                host: host.to_owned(),
            });
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            return Err(Trouble::Absent);
        }
        status => {
            return Err(Trouble::Status {
                host: host.to_owned(),
                status: status.as_u16(),
            });
        }
    }
    let garbage = || Trouble::garbage(host, "a token that cannot be read");
    let body: Body = serde_json::from_slice(&answer.body).map_err(|_quoting| garbage())?;
    let token = body.token.or(body.access_token).ok_or_else(garbage)?;
    let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_quoting| garbage())?;
    header.set_sensitive(true);
    Ok(header)
}

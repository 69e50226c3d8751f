//! The answers that are no success: one component each, which every call refers to.

use runtime_api::{ErrorBody, ErrorCode};
use utoipa::ToSchema as _;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Header, HeaderBuilder, Ref, Response, ResponseBuilder,
};

use super::examples;

/// A status that is no success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Invalid,
    Unauthorized,
    Forbidden,
    NotFound,
    TooSlow,
    TooLarge,
    TooMany,
    Internal,
    NotImplemented,
    Unavailable,
    TimedOut,
}

/// What any call with a key may be answered with.
pub(super) const KEYED: [Refusal; 5] = [
    Refusal::Unauthorized,
    Refusal::TooMany,
    Refusal::Internal,
    Refusal::Unavailable,
    Refusal::TimedOut,
];

/// What a body may be answered with beside.
pub(super) const BODY: [Refusal; 3] = [Refusal::Invalid, Refusal::TooSlow, Refusal::TooLarge];

/// All of them, by status.
const ALL: [Refusal; 11] = [
    Refusal::Invalid,
    Refusal::Unauthorized,
    Refusal::Forbidden,
    Refusal::NotFound,
    Refusal::TooSlow,
    Refusal::TooLarge,
    Refusal::TooMany,
    Refusal::Internal,
    Refusal::NotImplemented,
    Refusal::Unavailable,
    Refusal::TimedOut,
];

/// How a refusal stands in the document.
struct Told {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    code: ErrorCode,
    detail: &'static str,
    /// Whether it says when to come back.
    comes_back: bool,
}

impl Refusal {
    pub(super) const fn status(self) -> &'static str {
        self.told().status
    }

    /// The reference to its component.
    pub(super) fn reference(self) -> Ref {
        Ref::from_response_name(self.told().name)
    }

    #[expect(clippy::too_many_lines, reason = "one table: a refusal, a line")]
    const fn told(self) -> Told {
        let (status, name, description, code, detail, comes_back) = match self {
            Self::Invalid => (
                "400",
                "InvalidRequest",
                "The path, the query or the body breaks a rule; `detail` names the field",
                ErrorCode::InvalidRequest,
                "image is missing: send the image reference as a string",
                false,
            ),
            Self::Unauthorized => (
                "401",
                "Unauthorized",
                "The key or the token is missing or wrong",
                ErrorCode::Unauthorized,
                "the header X-API-Key is missing",
                false,
            ),
            Self::Forbidden => (
                "403",
                "Forbidden",
                "This server has no administrators",
                ErrorCode::Forbidden,
                "this server has no admin interface",
                false,
            ),
            Self::NotFound => (
                "404",
                "NotFound",
                "There is no such thing, or it is another tenant's",
                ErrorCode::NotFound,
                "there is no such runtime",
                false,
            ),
            Self::TooSlow => (
                "408",
                "TooSlow",
                "The body came too slowly",
                ErrorCode::RequestTimeout,
                "the body did not come within 5 seconds",
                false,
            ),
            Self::TooLarge => (
                "413",
                "TooLarge",
                "The body is too large",
                ErrorCode::BodyTooLarge,
                "the body is larger than 1048576 bytes",
                false,
            ),
            Self::TooMany => (
                "429",
                "TooMany",
                "Too many calls, too many wrong keys, or as many runtimes as are allowed",
                ErrorCode::RateLimited,
                "too many calls: try again in 1 s",
                true,
            ),
            Self::Internal => (
                "500",
                "Internal",
                "The server made a mistake",
                ErrorCode::Internal,
                "the server made a mistake; its log says more under this request's id",
                false,
            ),
            Self::NotImplemented => (
                "501",
                "NotImplemented",
                "This server does not do that",
                ErrorCode::NotImplemented,
                "this server has no builder: use an image that exists",
                false,
            ),
            Self::Unavailable => (
                "503",
                "Unavailable",
                "The store cannot be asked, or the server is shutting down: try again",
                ErrorCode::Unavailable,
                "the server is shutting down: try again",
                true,
            ),
            Self::TimedOut => (
                "504",
                "TimedOut",
                "The answer took too long: try again",
                ErrorCode::TimedOut,
                "the answer took too long: try again",
                true,
            ),
        };
        Told {
            status,
            name,
            description,
            code,
            detail,
            comes_back,
        }
    }

    fn response(self) -> Response {
        let told = self.told();
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(ErrorBody::name())))
            .example(Some(examples::error(told.code, told.detail)));
        let response = ResponseBuilder::new()
            .description(told.description)
            .content("application/json", content.build());
        if told.comes_back {
            response.header("Retry-After", retry_after()).build()
        } else {
            response.build()
        }
    }
}

/// Adds the component of each.
pub(super) fn add_to(components: ComponentsBuilder) -> ComponentsBuilder {
    ALL.into_iter().fold(components, |components, refusal| {
        components.response(refusal.told().name, refusal.response())
    })
}

fn retry_after() -> Header {
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0));
    HeaderBuilder::new()
        .schema(Some(seconds))
        .description(Some("Seconds to wait before the next try"))
        .build()
}

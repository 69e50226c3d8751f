//! One call of the API, put together.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};

use super::refusals::Refusal;

/// The scheme of keys.
pub(super) const API_KEY: &str = "ApiKey";
/// The scheme of administrators' tokens.
pub(super) const ADMIN_TOKEN: &str = "AdminToken";

const JSON: &str = "application/json";

/// What a path does for a method.
pub(super) struct Call {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    pub(super) operation: Operation,
}

/// A call that is being described.
pub(super) struct Describing {
    method: HttpMethod,
    path: &'static str,
    operation: OperationBuilder,
}

/// Begins to describe a call; `id` names it for generated clients.
pub(super) fn call(
    method: HttpMethod,
    path: &'static str,
    id: &str,
    tag: &str,
    summary: &str,
) -> Describing {
    Describing {
        method,
        path,
        operation: OperationBuilder::new()
            .operation_id(Some(id))
            .tag(tag)
            .summary(Some(summary)),
    }
}

/// The requirement of a key.
pub(super) fn key() -> SecurityRequirement {
    SecurityRequirement::new(API_KEY, Vec::<String>::new())
}

/// A reference to the schema of a type.
pub(super) fn schema_of<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

impl Describing {
    fn map(mut self, change: impl FnOnce(OperationBuilder) -> OperationBuilder) -> Self {
        self.operation = change(self.operation);
        self
    }

    pub(super) fn about(self, text: &str) -> Self {
        self.map(|operation| operation.description(Some(text)))
    }

    /// Without a key.
    pub(super) fn open(self) -> Self {
        self.map(|operation| operation.securities(Some([])))
    }

    /// With an administrator's token in place of the key.
    pub(super) fn for_admin(self) -> Self {
        let token = SecurityRequirement::new(ADMIN_TOKEN, Vec::<String>::new());
        self.map(|operation| operation.security(token))
    }

    /// A parameter of the path: a text of any letters, percent-encoded.
    pub(super) fn in_path(self, name: &str, about: &str, example: &str) -> Self {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1));
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(about))
            .schema(Some(text.build()))
            .example(Some(example.into()));
        self.map(|operation| operation.parameter(parameter.build()))
    }

    /// A parameter of the query.
    pub(super) fn in_query(
        self,
        name: &str,
        about: &str,
        required: Required,
        schema: impl Into<Schema>,
    ) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(required)
            .description(Some(about))
            .schema(Some(schema.into()));
        self.map(|operation| operation.parameter(parameter.build()))
    }

    /// A body of JSON.
    pub(super) fn takes<T: ToSchema>(self, required: Required, example: Value) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(schema_of::<T>()))
            .example(Some(example));
        let body = RequestBodyBuilder::new()
            .required(Some(required))
            .content(JSON, content.build());
        self.map(|operation| operation.request_body(Some(body.build())))
    }

    /// A success with a body of JSON.
    pub(super) fn gives(
        self,
        status: &str,
        about: &str,
        schema: impl Into<RefOr<Schema>>,
        example: Option<Value>,
    ) -> Self {
        self.gives_with(status, about, schema, example, [])
    }

    /// The same, and what can be called next.
    pub(super) fn gives_with(
        self,
        status: &str,
        about: &str,
        schema: impl Into<RefOr<Schema>>,
        example: Option<Value>,
        links: impl IntoIterator<Item = (&'static str, Link)>,
    ) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).example(example);
        let response = ResponseBuilder::new()
            .description(about)
            .content(JSON, content.build());
        let response = links
            .into_iter()
            .fold(response, |response, (name, link)| response.link(name, link));
        self.map(|operation| operation.response(status, response.build()))
    }

    /// Answers that are no success.
    pub(super) fn refuses(self, refusals: impl IntoIterator<Item = Refusal>) -> Self {
        self.map(|operation| {
            refusals.into_iter().fold(operation, |operation, refusal| {
                operation.response(refusal.status(), refusal.reference())
            })
        })
    }

    pub(super) fn done(self) -> Call {
        Call {
            method: self.method,
            path: self.path,
            operation: self.operation.build(),
        }
    }
}

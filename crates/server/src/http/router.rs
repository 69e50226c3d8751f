//! The one match: the whole surface of the API listener on one page.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::request::Parts;
use http_body::Body;
use tower::{BoxError, Service, service_fn};
use tracing::Span;

use super::body::{self, BodyRefused};
use super::error::{self, ApiError};
use super::layers::RouteName;
use super::reply::Reply;
use super::route::Route;
use crate::handlers::{
    self, Api, batch, events, images, list, logs, pause, resume, runtime, session, start, stop,
};

/// The service that answers the API's requests.
pub(crate) fn service<B>(
    api: Arc<Api>,
) -> impl Service<Request<B>, Response = Reply, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    service_fn(move |request| {
        let api = Arc::clone(&api);
        async move { Ok(answer(&api, request).await) }
    })
}

async fn answer<B>(api: &Arc<Api>, request: Request<B>) -> Reply
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin,
{
    let (head, mut body) = request.into_parts();
    let route = Route::parse(&head.method, head.uri.path(), &api.path_prefix);
    let name = route.as_ref().map_or("none", Route::template);
    Span::current().record("route", name);
    let done = match route {
        Ok(route) => dispatch(api, route, &head, &mut body).await,
        Err(error) => Err(error.into()),
    };
    // What comes too slowly is not waited for again.
    if !matches!(done, Err(ApiError::Body(BodyRefused::TooSlow))) {
        body::discard(&head, &mut body).await;
    }
    let mut reply = done.unwrap_or_else(|error| error::reply(&error));
    reply.extensions_mut().insert(RouteName(name));
    reply
}

async fn dispatch<B>(
    api: &Arc<Api>,
    route: Route,
    head: &Parts,
    body: &mut B,
) -> Result<Reply, ApiError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin,
{
    let tenant = || api.keys.tenant(&head.headers);
    match route {
        Route::Start => start::start(api, tenant()?, head, body).await,
        Route::Stop => stop::stop(api, tenant()?, head, body).await,
        Route::Pause => pause::pause(api, tenant()?, head, body).await,
        Route::Resume => resume::resume(api, tenant()?, head, body).await,
        Route::List => list::list(api, &tenant()?, head.uri.query()).await,
        Route::Runtime(id) => runtime::runtime(api, &tenant()?, &id).await,
        Route::Logs(id) => logs::logs(api, &tenant()?, &id, head.uri.query()).await,
        Route::Events(id) => events::events(api, &tenant()?, &id).await,
        Route::Batch => batch::batch(api, &tenant()?, head.uri.query()).await,
        Route::Session(id) => session::session(api, &tenant()?, &id).await,
        Route::RegistryPrefix => tenant()
            .map(|_| images::registry_prefix(api))
            .map_err(Into::into),
        Route::ImageExists => tenant()
            .map_err(Into::into)
            .and_then(|_| images::image_exists(api, head.uri.query())),
        Route::WarmConfigs => tenant()
            .map(|_| handlers::warm_configs())
            .map_err(Into::into),
        Route::Build => tenant().map_err(Into::into).and(Err(ApiError::NoBuilder)),
        Route::BuildStatus => tenant().map_err(Into::into).and(Err(ApiError::NoBuild)),
        // Without keys: probes have none, and an admin fetches the first one here (contract §6.3).
        Route::Admin => Err(ApiError::NoAdmin),
        Route::Health => Ok(handlers::health()),
        Route::OpenApi => Ok(handlers::openapi(api)),
    }
}

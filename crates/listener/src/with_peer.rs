//! Requests learn who sent them.

use http::Request;
use hyper::service::Service;

use crate::peer::Peer;

/// Puts the peer of a connection into the extensions of each of its requests.
#[derive(Debug, Clone)]
pub(crate) struct WithPeer<S> {
    service: S,
    peer: Peer,
}

impl<S> WithPeer<S> {
    pub(crate) const fn new(service: S, peer: Peer) -> Self {
        Self { service, peer }
    }
}

impl<S, B> Service<Request<B>> for WithPeer<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer.clone());
        self.service.call(request)
    }
}

//! Writing a response body.

use serde::Serialize;

use crate::{
    AdminApiKey, AdminChallenge, AdminToken, ErrorBody, Health, ImageExists, Message,
    RegistryPrefix, Runtime, RuntimeEvents, RuntimeList, RuntimeLogs, WarmConfig, WarmConfigs,
};

/// A body of this API. Only types of this crate are one, which is why writing it cannot fail.
pub trait Response: Serialize + sealed::Sealed {
    /// The body as JSON in UTF-8.
    fn to_json(&self) -> Vec<u8> {
        #[expect(
            clippy::expect_used,
            reason = "JSON fails on a map whose keys are no text and on a Serialize that fails by itself: there is none here"
        )]
        serde_json::to_vec(self).expect("a response is always written")
    }
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! responses {
    ($($body:ty),* $(,)?) => {
        $(
            impl sealed::Sealed for $body {}
            impl Response for $body {}
        )*
    };
}

responses!(
    Vec<AdminApiKey>,
    AdminChallenge,
    AdminToken,
    Message,
    WarmConfig,
    ErrorBody,
    Health,
    ImageExists,
    RegistryPrefix,
    Runtime,
    RuntimeEvents,
    RuntimeList,
    RuntimeLogs,
    WarmConfigs
);

//! `POST /start`: the wire's request → what the core starts. After this nothing is unchecked text.

use runtime_api::{self as api, is_legacy};
use runtime_core::sandbox::{
    Actor, Annotations, DiskSpec, Entrypoint, ImageRef, PullPolicy, ResourceFactor, Spec, User,
};
use runtime_core::{SessionId, StartRequest};

use super::runtime::{COMMAND, POD_STATUS_CASE, TITLE};
use crate::http::error::ApiError;

/// The session, none where the client names none, and what is to be started.
///
/// # Errors
/// A value that no sandbox can have.
pub(crate) fn start(
    request: api::StartRequest,
    user_agent: Option<&str>,
) -> Result<(Option<SessionId>, StartRequest), ApiError> {
    let annotations = annotations(&request, user_agent);
    let session = request
        .identity
        .map(|identity| identity.id.parse())
        .transpose()?;
    let image = request
        .image
        .parse::<ImageRef>()
        .map_err(|error| api::BodyError::of_field("image", format!("is wrong: {error}")))?;
    let spec = Spec {
        image,
        entrypoint: match request.entrypoint {
            api::Entrypoint::Image { args } => Entrypoint::Image { args },
            api::Entrypoint::Exec(words) => Entrypoint::Exec(words),
        },
        working_dir: request.working_dir,
        environment: request.environment.names().map(str::to_owned).collect(),
        resources: request
            .resource_factor
            .and_then(|factor| ResourceFactor::from_thousandths(factor.thousandths()))
            .unwrap_or(ResourceFactor::ONE),
        runtime_class: request.runtime_class,
        user: User {
            uid: request.run_as_user,
            gid: request.run_as_group,
            fs_group: request.fs_group,
        },
        pull_policy: request.image_pull_policy.map(|policy| match policy {
            api::ImagePullPolicy::Always => PullPolicy::Always,
            api::ImagePullPolicy::IfNotPresent => PullPolicy::IfNotPresent,
            api::ImagePullPolicy::Never => PullPolicy::Never,
        }),
        disk: DiskSpec::Empty,
    };
    let environment = request.environment.into_map().into_iter();
    let start = StartRequest {
        spec,
        environment: environment
            .map(|(name, value)| (name, value.into()))
            .collect(),
        annotations,
        by: Actor::Client,
    };
    Ok((session, start))
}

/// What answers need later: the command as sent, and the dialect of old clients (contract §5.2).
fn annotations(request: &api::StartRequest, user_agent: Option<&str>) -> Annotations {
    let mut annotations = Annotations::new();
    // A command is text or a list of texts, which JSON always carries.
    if let Ok(command) = serde_json::to_value(&request.command) {
        annotations.insert(COMMAND.to_owned(), command);
    }
    if is_legacy(user_agent, request) {
        annotations.insert(POD_STATUS_CASE.to_owned(), TITLE.into());
    }
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(
        body: &str,
        user_agent: Option<&str>,
    ) -> Result<(Option<SessionId>, StartRequest), ApiError> {
        start(
            api::StartRequest::parse(body.as_bytes()).unwrap(),
            user_agent,
        )
    }

    #[test]
    fn a_bare_request_has_defaults() {
        let (session, start) = converted(r#"{"image": "i"}"#, None).unwrap();
        assert_eq!(session, None);
        assert_eq!(start.spec.resources, ResourceFactor::ONE);
        assert_eq!(start.spec.entrypoint, Entrypoint::Image { args: vec![] });
        assert_eq!(start.spec.user, User::default());
        assert_eq!(start.annotations[COMMAND], "");
        assert!(!start.annotations.contains_key(POD_STATUS_CASE));
    }

    #[test]
    fn every_field_finds_its_place() {
        let (session, start) = converted(
            r#"{"image": "i:1", "command": ["run", "--port", "60000"], "working_dir": "/workspace",
                "environment": {"B": "", "A": "$(HOME)"}, "session_id": "S.1", "resource_factor": 0.5,
                "run_as_user": 0, "run_as_group": 1, "fs_group": 2, "runtime_class": "gvisor",
                "image_pull_policy": "Always"}"#,
            Some("python-requests/2.31.0"),
        )
        .unwrap();
        assert_eq!(session.unwrap().as_str(), "S.1");
        let spec = &start.spec;
        assert_eq!(spec.environment, ["A", "B"]);
        assert_eq!(start.environment.len(), 2);
        assert_eq!(spec.resources.thousandths(), 500);
        assert_eq!(spec.user.uid, Some(0));
        assert_eq!(spec.pull_policy, Some(PullPolicy::Always));
        assert_eq!(spec.runtime_class.as_deref(), Some("gvisor"));
        assert_eq!(
            start.annotations[COMMAND],
            serde_json::json!(["run", "--port", "60000"])
        );
        // It has a resource_factor, so it is no old client.
        assert!(!start.annotations.contains_key(POD_STATUS_CASE));
    }

    #[test]
    fn the_dialect_of_old_clients_is_noted() {
        let body = r#"{"image": "i", "runtime_id": "s"}"#;
        let (session, start) = converted(body, Some("python-requests/2.31.0")).unwrap();
        assert_eq!(session.unwrap().as_str(), "s");
        assert_eq!(start.annotations[POD_STATUS_CASE], TITLE);
    }
}

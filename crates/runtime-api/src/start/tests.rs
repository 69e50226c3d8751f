use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A request with an image and these fields.
fn parse(fields: Value) -> Result<StartRequest, BodyError> {
    let mut body = json!({"image": "i"});
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
    StartRequest::parse(body.to_string().as_bytes())
}

#[test]
fn the_example_of_the_contract_is_read_whole() {
    let request = StartRequest::parse(
        br#"{
          "image": "registry.example.com/agent-server:1.58.2-python",
          "command": ["/usr/local/bin/openhands-agent-server", "--port", "60000"],
          "working_dir": "/workspace",
          "environment": {"OH_VSCODE_PORT": "60001", "LOG_JSON": "true", "LMNR_BASE_URL": ""},
          "session_id": "4Zr0bQk7TnUeXw2mLs9PdA",
          "resource_factor": 1,
          "run_as_user": 10001, "run_as_group": 10001, "fs_group": 10001,
          "runtime_class": "sysbox-runc"
        }"#,
    )
    .unwrap();
    assert_eq!(request.environment.get("LMNR_BASE_URL"), Some(""));
    insta::assert_debug_snapshot!(request, @r#"
    StartRequest {
        image: "registry.example.com/agent-server:1.58.2-python",
        command: Words(3 words),
        entrypoint: Exec(3 words),
        working_dir: Some(
            "/workspace",
        ),
        environment: Environment{
            "LMNR_BASE_URL",
            "LOG_JSON",
            "OH_VSCODE_PORT",
        },
        identity: Some(
            Identity {
                id: "4Zr0bQk7TnUeXw2mLs9PdA",
                field: SessionId,
            },
        ),
        resource_factor: Some(
            ResourceFactor(
                1000,
            ),
        ),
        runtime_class: Some(
            "sysbox-runc",
        ),
        run_as_user: Some(
            10001,
        ),
        run_as_group: Some(
            10001,
        ),
        fs_group: Some(
            10001,
        ),
        image_pull_policy: None,
    }
    "#);
}

#[test]
fn null_is_absent_and_unknown_fields_are_ignored() {
    let bare = parse(json!({})).unwrap();
    let nulls = json!({
        "command": null, "working_dir": null, "environment": null, "session_id": null, "name": null,
        "runtime_id": null, "resource_factor": null, "runtime_class": null, "run_as_user": null,
        "run_as_group": null, "fs_group": null, "image_pull_policy": null,
        "storage": 5, "storage_size": {"a": []}, "anything": "else",
    });
    assert_eq!(parse(nulls).unwrap(), bare);
    assert_eq!(bare.entrypoint, Entrypoint::Image { args: Vec::new() });
    assert_eq!(bare.identity, None);
    assert_eq!(bare.resource_factor, None);
}

#[test]
fn the_session_is_named_by_the_first_field_present() {
    let table = [
        (json!({}), None),
        (json!({"session_id": ""}), None),
        (
            json!({"session_id": "s", "name": "n", "runtime_id": "r"}),
            Some(("s", IdentityField::SessionId)),
        ),
        (
            json!({"session_id": "", "name": "n", "runtime_id": "r"}),
            Some(("n", IdentityField::Name)),
        ),
        (
            json!({"session_id": null, "name": null, "runtime_id": "r"}),
            Some(("r", IdentityField::RuntimeId)),
        ),
        (
            json!({"session_id": " a/b.C "}),
            Some((" a/b.C ", IdentityField::SessionId)),
        ),
    ];
    for (sent, expected) in table {
        let identity = parse(sent).unwrap().identity;
        assert_eq!(
            identity
                .as_ref()
                .map(|identity| (identity.id.as_str(), identity.field)),
            expected
        );
    }
}

#[test]
fn a_session_id_has_1_to_255_bytes() {
    for id in [
        "é".repeat(127) + "x",
        "x".repeat(255),
        "é".to_owned(),
        "x".to_owned(),
    ] {
        assert_eq!(
            parse(json!({"session_id": id}))
                .unwrap()
                .identity
                .unwrap()
                .id,
            id
        );
    }
    let error = parse(json!({"session_id": "é".repeat(128)})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "session_id must be at most 255 bytes long, and has 256"
    );
}

#[test]
fn a_resource_factor_is_a_number_or_a_text_with_one() {
    for (sent, thousandths) in [
        (json!(1), 1000),
        (json!(0.5), 500),
        (json!(8), 8000),
        (json!("2"), 2000),
        (json!(" 1.5 "), 1500),
        (json!(0.001), 1),
        (json!(64), 64_000),
    ] {
        let request = parse(json!({"resource_factor": sent})).unwrap();
        assert_eq!(
            request.resource_factor.map(ResourceFactor::thousandths),
            Some(thousandths)
        );
    }
    let numbers = [
        json!(0),
        json!(-1),
        json!(64.5),
        json!(1e300),
        json!(0.0001),
    ];
    let texts = ["", "many", "NaN", "inf", "-2", "0"].map(Value::from);
    for sent in numbers.into_iter().chain(texts) {
        let error = parse(json!({"resource_factor": sent})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "resource_factor must be a number from 0.001 to 64"
        );
    }
}

#[test]
fn user_0_is_a_value() {
    let request = parse(json!({"run_as_user": 0, "fs_group": 2_147_483_647})).unwrap();
    assert_eq!((request.run_as_user, request.run_as_group), (Some(0), None));
    assert_eq!(request.fs_group, Some(2_147_483_647));
}

#[test]
fn a_pull_policy_is_one_of_three() {
    for (sent, expected) in [
        ("Always", ImagePullPolicy::Always),
        ("IfNotPresent", ImagePullPolicy::IfNotPresent),
        ("Never", ImagePullPolicy::Never),
    ] {
        assert_eq!(
            parse(json!({"image_pull_policy": sent}))
                .unwrap()
                .image_pull_policy,
            Some(expected)
        );
    }
}

/// Each of these is refused with this sentence.
fn check_refused<const N: usize>(table: [(Value, &str); N]) {
    for (sent, expected) in table {
        assert_eq!(parse(sent).unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_should_run_is_refused_by_name() {
    check_refused([
        (
            json!({"image": null}),
            "image is missing: send the image reference as a string",
        ),
        (
            json!({"image": ""}),
            "image is empty: send the image reference as a string",
        ),
        (
            json!({"image": "a b"}),
            "image must be an image reference without white space or control characters",
        ),
        (
            json!({"image": 5}),
            "image must be an image reference as a string, not a number",
        ),
        (
            json!({"command": ["a", 5]}),
            "command[1] must be a string, not a number",
        ),
        (
            json!({"command": "a \\"}),
            "command ends in a backslash: escape it as `\\\\` or remove it",
        ),
        (
            json!({"working_dir": 5}),
            "working_dir must be a string, not a number",
        ),
        (
            json!({"working_dir": "/a\0"}),
            "working_dir must not contain a NUL character",
        ),
        (
            json!({"environment": {"A": []}}),
            "environment.A must be a string, a number or a boolean, not an array",
        ),
    ]);
}

#[test]
fn the_session_is_refused_by_the_name_of_its_field() {
    check_refused([
        (
            json!({"session_id": 5}),
            "session_id must be a string, not a number",
        ),
        (
            json!({"session_id": "a\nb"}),
            "session_id must not contain control characters",
        ),
        (
            json!({"session_id": "a\u{85}"}),
            "session_id must not contain control characters",
        ),
        (
            json!({"name": "a\0"}),
            "name must not contain control characters",
        ),
        (
            json!({"runtime_id": {}}),
            "runtime_id must be a string, not an object",
        ),
        (
            json!({"session_id": "s", "name": 5}),
            "name must be a string, not a number",
        ),
    ]);
}

#[test]
fn how_it_should_run_is_refused_by_name() {
    check_refused([
        (
            json!({"resource_factor": true}),
            "resource_factor must be a number from 0.001 to 64, not a boolean",
        ),
        (
            json!({"runtime_class": ["x"]}),
            "runtime_class must be a string, not an array",
        ),
        (
            json!({"run_as_user": -1}),
            "run_as_user must be a whole number from 0 to 2147483647",
        ),
        (
            json!({"run_as_user": "0"}),
            "run_as_user must be a whole number from 0 to 2147483647, not a string",
        ),
        (
            json!({"run_as_group": 1.5}),
            "run_as_group must be a whole number from 0 to 2147483647",
        ),
        (
            json!({"fs_group": 2_147_483_648_u64}),
            "fs_group must be a whole number from 0 to 2147483647",
        ),
        (
            json!({"image_pull_policy": "always"}),
            "image_pull_policy must be one of Always, IfNotPresent and Never",
        ),
        (
            json!({"image_pull_policy": 5}),
            "image_pull_policy must be one of Always, IfNotPresent and Never",
        ),
    ]);
}

#[test]
fn a_legacy_client_is_known_by_its_agent_and_its_body() {
    let plain = parse(json!({})).unwrap();
    let with_factor = parse(json!({"resource_factor": 1})).unwrap();
    assert!(is_legacy(Some("python-requests/2.32.3"), &plain));
    assert!(!is_legacy(Some("python-requests/2.32.3"), &with_factor));
    assert!(!is_legacy(Some("python-httpx/0.27.2"), &plain));
    assert!(!is_legacy(Some("my python-requests/2.32.3"), &plain));
    assert!(!is_legacy(None, &plain));
}

#[test]
fn debug_shows_no_value_of_the_environment() {
    let request =
        parse(json!({"environment": {"KEY": "sk-secret"}, "command": ["a", "sk-secret"]})).unwrap();
    assert!(!format!("{request:?}").contains("sk-secret"));
}

#[test]
fn a_request_is_written_as_it_is_read() {
    let request = StartRequest {
        resource_factor: ResourceFactor::of_thousandths(500),
        run_as_user: Some(0),
        image_pull_policy: Some(ImagePullPolicy::IfNotPresent),
        environment: Environment::default().with("A", "").unwrap(),
        ..StartRequest::of_image("i").in_session("s")
    };
    let request = request.with_command(Command::Text("serve --port 60000".to_owned()));
    let request = request.unwrap();
    let body = serde_json::to_string(&request).unwrap();
    insta::assert_snapshot!(body, @r#"{"image":"i","command":"serve --port 60000","environment":{"A":""},"session_id":"s","resource_factor":0.5,"run_as_user":0,"image_pull_policy":"IfNotPresent"}"#);
    assert_eq!(StartRequest::parse(body.as_bytes()), Ok(request));
}

#[test]
fn a_request_for_an_image_alone_has_nothing_else() {
    let body = serde_json::to_string(&StartRequest::of_image("i")).unwrap();
    assert_eq!(body, r#"{"image":"i","environment":{}}"#);
}

#[test]
fn factors_are_written_whole_where_they_are_whole() {
    for (thousandths, written) in [(1000, "1"), (8000, "8"), (1, "0.001"), (64_000, "64")] {
        let factor = ResourceFactor::of_thousandths(thousandths).unwrap();
        assert_eq!(serde_json::to_string(&factor).unwrap(), written);
    }
    assert_eq!(ResourceFactor::of_thousandths(0), None);
    assert_eq!(ResourceFactor::of_thousandths(64_001), None);
}

/// Any JSON, with texts that the rules are about.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[-a'\"$\\\\ =\0\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a=\0]{0,3}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

const FIELDS: [&str; 12] = [
    "image",
    "command",
    "working_dir",
    "environment",
    "session_id",
    "name",
    "runtime_id",
    "resource_factor",
    "runtime_class",
    "run_as_user",
    "fs_group",
    "image_pull_policy",
];

proptest! {
    #[test]
    fn any_request_that_is_read_is_written_so_that_it_is_read_again(
        fields in proptest::collection::btree_map(proptest::sample::select(&FIELDS[..]), any_json(), 0..4),
        factor in 1_u32..=64_000,
        words in proptest::collection::vec("[a-z]{1,3}", 0..3),
    ) {
        let mut sent: serde_json::Map<_, _> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        sent.entry("resource_factor").or_insert(json!(f64::from(factor) / 1000.0));
        sent.entry("command").or_insert(json!(words));
        if let Ok(request) = parse(Value::Object(sent)) {
            let body = serde_json::to_vec(&request).unwrap();
            prop_assert_eq!(StartRequest::parse(&body), Ok(request));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Err(error) = StartRequest::parse(&bytes) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_value_in_any_field_is_read_or_refused_by_name(field in proptest::sample::select(&FIELDS[..]), value in any_json()) {
        if let Err(error) = parse(Value::from_iter([(field, value)])) {
            prop_assert!(error.field().is_some_and(|path| path.starts_with(field)), "{}", error);
        }
    }
}

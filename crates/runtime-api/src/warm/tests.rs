use super::*;
use crate::Response as _;

fn spec(json: &str) -> WarmSpec {
    WarmSpec::parse(json.as_bytes()).unwrap()
}

fn written(name: &str, spec: WarmSpec) -> String {
    let configs = WarmConfigs {
        configs: vec![WarmConfig {
            name: name.to_owned(),
            spec,
            source: WarmSource::Db,
        }],
    };
    String::from_utf8(configs.to_json()).unwrap()
}

#[test]
fn no_configurations_on_the_wire() {
    let json = String::from_utf8(WarmConfigs::default().to_json()).unwrap();
    insta::assert_snapshot!(json, @r#"{"configs":[]}"#);
}

/// T39.
#[test]
fn a_configuration_without_a_command_has_the_key() {
    let spec = spec(r#"{"image": "agent-server:1.58.2", "working_dir": "/workspace"}"#);
    insta::assert_snapshot!(written("v1_current", spec), @r#"{"configs":[{"name":"v1_current","image":"agent-server:1.58.2","command":null,"environment":{},"working_dir":"/workspace","source":"db"}]}"#);
}

#[test]
fn everything_is_kept_and_numbers_become_strings() {
    let spec = spec(
        r#"{"name": "other", "source": "config", "image": "a:1", "command": ["run", "--port", "60000"],
            "environment": {"PORT": 60000, "DEBUG": true, "EMPTY": "", "NONE": null}, "working_dir": "/w", "count": 0,
            "run_as_user": 0, "run_as_group": 10, "fs_group": 1000, "fuse_s3_mount": {"bucket": "b"}, "unknown": 1}"#,
    );
    insta::assert_snapshot!(written("a/b", spec.clone()), @r#"{"configs":[{"name":"a/b","image":"a:1","command":["run","--port","60000"],"environment":{"DEBUG":"true","EMPTY":"","PORT":"60000"},"working_dir":"/w","count":0,"run_as_user":0,"run_as_group":10,"fs_group":1000,"fuse_s3_mount":{"bucket":"b"},"source":"db"}]}"#);
    let again = serde_json::to_vec(&spec).unwrap();
    assert_eq!(WarmSpec::parse(&again).unwrap(), spec);
}

#[test]
fn a_text_becomes_an_array_and_nothing_becomes_null() {
    let command = |json: &str| {
        spec(&format!(
            r#"{{"image": "a", "working_dir": "/w", "command": {json}}}"#
        ))
        .command
    };
    assert_eq!(
        command(r#""run 'a b' --port 1""#).unwrap(),
        ["run", "a b", "--port", "1"]
    );
    assert_eq!(
        command(r#""cd /x && run""#).unwrap(),
        ["/bin/sh", "-c", "cd /x && run"]
    );
    for nothing in ["null", "[]", r#""""#, r#"" ""#] {
        assert_eq!(command(nothing), None, "{nothing}");
    }
}

#[test]
fn a_mistake_names_the_field_and_what_is_expected() {
    let table = [
        ("[]", "the body must be a JSON object, not an array"),
        (
            "{}",
            "image is missing: send the image reference as a string",
        ),
        (
            r#"{"image": "a b"}"#,
            "image must be an image reference without white space or control characters",
        ),
        (
            r#"{"image": "a"}"#,
            "working_dir is missing: send a directory, such as \"/workspace\"",
        ),
        (
            r#"{"image": "a", "working_dir": "/w", "command": 5}"#,
            "command must be a string or an array of strings, not a number",
        ),
        (
            r#"{"image": "a", "working_dir": "/w", "environment": {"A": []}}"#,
            "environment.A must be a string, a number or a boolean, not an array",
        ),
        (
            r#"{"image": "a", "working_dir": "/w", "count": -1}"#,
            "count must be a whole number that is not negative",
        ),
        (
            r#"{"image": "a", "working_dir": "/w", "run_as_user": "root"}"#,
            "run_as_user must be a whole number from 0 to 2147483647, not a string",
        ),
    ];
    for (body, expected) in table {
        let error = WarmSpec::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_name_is_any_short_line() {
    for good in ["v1_current", "a/b", "ü", &"a".repeat(255)] {
        assert_eq!(WarmConfig::check_name(good), Ok(()), "{good}");
    }
    for bad in ["", "a\nb", "\0", &"a".repeat(256)] {
        assert!(WarmConfig::check_name(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn debug_shows_no_value() {
    let spec = spec(
        r#"{"image": "a", "working_dir": "/w", "environment": {"KEY": "se-cret"}, "fuse_s3_mount": "se-cret"}"#,
    );
    assert!(!format!("{spec:?}").contains("se-cret"));
}

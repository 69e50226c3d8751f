use super::*;
use proptest::prelude::*;
use serde_json::json;

fn entrypoint(sent: Value) -> Result<Entrypoint, BodyError> {
    Entrypoint::of(&Command::parse(
        Some(sent).filter(|value| !value.is_null()),
    )?)
}

fn image(args: &[&str]) -> Entrypoint {
    Entrypoint::Image {
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
    }
}

fn words(entrypoint: &Entrypoint) -> &[String] {
    match entrypoint {
        Entrypoint::Image { args } => args,
        Entrypoint::Exec(words) => words,
    }
}

/// [`Entrypoint`] shows no words, so that a failed check compares them apart.
fn check<const N: usize>(table: [(&str, Value, Entrypoint); N]) {
    for (why, sent, expected) in table {
        let found = entrypoint(sent).unwrap();
        assert_eq!(words(&found), words(&expected), "{why}");
        assert_eq!(found, expected, "{why}");
    }
}

#[test]
fn nothing_and_options_keep_the_entry_point_of_the_image() {
    check([
        ("null", json!(null), image(&[])),
        ("empty text", json!(""), image(&[])),
        ("white space", json!(" \n\t"), image(&[])),
        ("no words", json!([]), image(&[])),
        (
            "options",
            json!(["--port", "8000"]),
            image(&["--port", "8000"]),
        ),
        (
            "options as text",
            json!("--port 8000"),
            image(&["--port", "8000"]),
        ),
    ]);
}

#[test]
fn an_array_runs_element_for_element() {
    let server = "/usr/local/bin/openhands-agent-server";
    let script = "echo -1000 > /proc/self/oom_score_adj && exec it's";
    check([
        (
            "words",
            json!([server, "--port", "60000"]),
            Entrypoint::exec([server, "--port", "60000"]),
        ),
        (
            "no shell reads them",
            json!(["sh", "-c", script]),
            Entrypoint::exec(["sh", "-c", script]),
        ),
        (
            "nor one alone",
            json!(["a b && c"]),
            Entrypoint::exec(["a b && c"]),
        ),
        (
            "empty arguments stay",
            json!(["serve", ""]),
            Entrypoint::exec(["serve", ""]),
        ),
    ]);
}

#[test]
fn a_text_is_split_by_the_quoting_rules_of_a_shell() {
    let mamba = "mamba run -n base PYTHONUNBUFFERED=1 poetry run";
    let quotes = r#"serve 'a b' "c d" e\ f ''"#;
    let operators = r#"serve 'a && $b' "c;d" e\|f"#;
    check([
        (
            "text",
            json!("serve --port 60000 "),
            Entrypoint::exec(["serve", "--port", "60000"]),
        ),
        (
            "quotes",
            json!(quotes),
            Entrypoint::exec(["serve", "a b", "c d", "e f", ""]),
        ),
        (
            "an assignment amid the words",
            json!(mamba),
            Entrypoint::exec(mamba.split(' ')),
        ),
        (
            "patterns",
            json!("serve * ~ ? {a,b}"),
            Entrypoint::exec(["serve", "*", "~", "?", "{a,b}"]),
        ),
        (
            "quoted operators",
            json!(operators),
            Entrypoint::exec(["serve", "a && $b", "c;d", "e|f"]),
        ),
        (
            "an inner #",
            json!("serve a#b"),
            Entrypoint::exec(["serve", "a#b"]),
        ),
        (
            "empty lines around",
            json!("\nserve --a\n\n"),
            Entrypoint::exec(["serve", "--a"]),
        ),
    ]);
}

#[test]
fn what_only_a_shell_understands_goes_to_a_shell() {
    let table = [
        "cd /workspace && serve",
        "serve | tee log",
        "serve & wait",
        "a; b",
        "serve > log",
        "serve < input",
        "(serve)",
        "serve $PORT",
        r#"serve "$PORT""#,
        "serve `hostname`",
        "PORT=1 serve",
        "a\nb",
        "serve \\\n --a",
        "serve # it's a comment",
        "cat <<END\nit's\nEND",
        r#"serve "$(echo "a b")""#,
    ];
    for text in table {
        let found = entrypoint(json!(text)).unwrap();
        assert_eq!(words(&found), ["/bin/sh", "-c", text]);
    }
}

#[test]
fn a_refused_command_names_the_place() {
    let table = [
        (
            json!(5),
            "command must be a string or an array of strings, not a number",
        ),
        (
            json!({}),
            "command must be a string or an array of strings, not an object",
        ),
        (
            json!(["serve", 60000]),
            "command[1] must be a string, not a number",
        ),
        (
            json!(["serve", null]),
            "command[1] must be a string, not null",
        ),
        (
            json!(["serve", "a\0b"]),
            "command[1] must not contain a NUL character",
        ),
        (
            json!("serve a\0b"),
            "command must not contain a NUL character",
        ),
        (
            json!(["", "a"]),
            "command[0] must begin with the name of a program, not with an empty word",
        ),
        (
            json!("'' a"),
            "command must begin with the name of a program, not with an empty word",
        ),
        (
            json!("serve 'a"),
            "command has a single quote that is not closed: close it, or send an array of words",
        ),
        (
            json!("serve \"a\\\""),
            "command has a double quote that is not closed: close it, or send an array of words",
        ),
        (
            json!("a && serve 'a"),
            "command has a single quote that is not closed: close it, or send an array of words",
        ),
        (
            json!("serve \\"),
            "command ends in a backslash: escape it as `\\\\` or remove it",
        ),
    ];
    for (sent, expected) in table {
        assert_eq!(entrypoint(sent).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_command_is_echoed_as_sent() {
    for (sent, echoed) in [
        (json!(null), json!("")),
        (json!(""), json!("")),
        (json!("a  'b'"), json!("a  'b'")),
        (json!([]), json!([])),
        (json!(["a", "b"]), json!(["a", "b"])),
    ] {
        let command: Command = serde_json::from_value(sent).unwrap();
        assert_eq!(serde_json::to_value(command).unwrap(), echoed);
    }
}

#[test]
fn debug_shows_no_argument() {
    let command = Command::Words(vec!["serve".to_owned(), "--key=secret".to_owned()]);
    let shown = format!("{command:?} {:?}", Entrypoint::of(&command).unwrap());
    assert_eq!(shown, "Words(2 words) Exec(2 words)");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        if let Err(error) = Entrypoint::of(&Command::Text(text)) {
            prop_assert!(error.field().is_some());
        }
    }

    #[test]
    fn any_text_of_shell_letters_is_read_or_refused(text in r#"[ab \n\t'"\\$`#<>|&;()=-]{0,24}"#) {
        let read = Entrypoint::of(&Command::Text(text.clone()));
        // Text that the splitter refuses is never run as words.
        if shlex::split(&text).is_none() && let Ok(Entrypoint::Exec(words)) = read {
            prop_assert_eq!(words.first().map(String::as_str), Some("/bin/sh"));
        }
    }

    #[test]
    fn quoted_words_come_back_as_they_were(
        program in "[a-z/]{1,8}",
        args in proptest::collection::vec("[^\0]{0,12}", 0..4),
    ) {
        let words: Vec<String> = std::iter::once(program).chain(args).collect();
        let text = shlex::try_join(words.iter().map(String::as_str)).unwrap();
        prop_assert_eq!(Entrypoint::of(&Command::Text(text)).unwrap(), Entrypoint::Exec(words));
    }
}

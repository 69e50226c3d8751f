//! Each sentence of the traits' documentation has its checks, and no check stands for a sentence that is not there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed check panics")]

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use runtime_core::{Capabilities, StateStore};
use testkit::{Factory, Place};

const STORE: &str = include_str!("../../runtime-core/src/store.rs");
const STORE_ERRORS: &str = include_str!("../../runtime-core/src/store/error.rs");
const ADMIN: &str = include_str!("../../runtime-core/src/admin.rs");
const BACKEND: &str = include_str!("../../runtime-core/src/backend.rs");
const SEALED: &str = include_str!("../../runtime-core/src/sandbox/sealed.rs");

/// Sentences of `store.rs` that need no check of their own, and why.
const STORE_BESIDE: [(&str, &str); 25] = [
    ("The durable records.", NAMES),
    ("Keeps records.", NAMES),
    (
        "[`StoreError`].",
        "its variants have sentences of their own",
    ),
    (
        "The old record as it is to be stored, made from the version that it carries.",
        REPLACING,
    ),
    ("It must not be open any more.", REPLACING),
    ("Its timeline entries.", REPLACING),
    ("What became of an insert.", NAMES),
    (
        "It is stored, with [`Version::FIRST`].",
        "every check that creates a record relies on it",
    ),
    (
        "Live ones now.",
        "part of the variant, whose checks compare it",
    ),
    ("What became of an update.", NAMES),
    (
        "It is stored, with this version.",
        "every check that changes a record relies on it",
    ),
    (
        "Opaque: only the store that made it reads it.",
        "nobody else can be caught reading it",
    ),
    ("What changed since a cursor.", NAMES),
    (
        "Wake-ups after writes of other processes.",
        "one process runs the checks",
    ),
    ("Errors of stores.", NAMES),
    ("Why a store could not do as asked.", NAMES),
    (
        "Nothing was stored, as far as is known.",
        "checked with each refusal",
    ),
    (
        "It cannot be used now: no connection, a full disk, read-only.",
        BREAKS,
    ),
    ("Trying later may help.", BREAKS),
    ("What was attempted.", BREAKS),
    ("What is wrong and what to do, for the operator.", BREAKS),
    ("Why.", NAMES),
    ("The sandbox.", NAMES),
    ("A stored document is not what this version wrote.", BREAKS),
    (
        "A write that makes no sense, such as replacing a record by one of another session: a bug of the caller.",
        "the methods say which writes make no sense",
    ),
];
const NAMES: &str = "it names the thing";
const BREAKS: &str = "each breaks in its own way, in tests of its own";
const REPLACING: &str = "part of the insert that replaces, which checks it";

/// The same of `admin.rs`.
const ADMIN_BESIDE: [(&str, &str); 18] = [
    (
        "What operators keep beside sandboxes: API keys, the sessions of administrators, warm configurations.",
        NAMES,
    ),
    (
        "An API key as it is stored: its text is shown once, when it is made.",
        NAMES,
    ),
    (
        "Names it for ever, also when another key gets its name.",
        KEY,
    ),
    (
        "What people call it; unique among the keys that are not revoked.",
        KEY,
    ),
    ("Whose sandboxes it sees.", KEY),
    ("What is left of the key.", KEY),
    ("When it was made.", KEY),
    ("From when on it is refused; none for never.", KEY),
    ("When it was revoked.", KEY),
    (
        "Whether the key opens anything at `now`.",
        "a function of its own",
    ),
    ("A warm configuration as it is stored.", NAMES),
    (
        "The core does not know what stands in it.",
        "checked as any text that is kept",
    ),
    ("Its name, unique.", "checked with the method that replaces"),
    ("JSON.", NAMES),
    (
        "When it was last written.",
        "checked with the method that replaces",
    ),
    ("Keeps what operators say.", NAMES),
    (
        "[`StoreError`].",
        "its variants have sentences of their own",
    ),
    (
        "So it is with every write of this trait.",
        "the key stands for the others",
    ),
];
const KEY: &str = "a field, which the checks of keys compare";

/// The same of `backend.rs`.
const BACKEND_BESIDE: [(&str, &str); 31] = [
    ("What runs sandboxes: processes, containers or pods.", NAMES),
    (
        "Backends report and obey; what to do is decided by `step`.",
        NAMES,
    ),
    (
        "What a backend can do beyond launching, releasing and erasing.",
        CAN,
    ),
    (
        "[`freeze`](SandboxBackend::freeze) and [`thaw`](SandboxBackend::thaw) work.",
        CAN,
    ),
    ("[`logs`](SandboxBackend::logs) works.", CAN),
    ("What it can do.", CAN),
    ("Whose object it will be.", EVENT),
    ("Id and URL, told to the program inside.", TOLD),
    ("Keys and environment values.", TOLD),
    ("Which incarnation.", EVENT),
    ("Owner, for labels.", LABEL),
    ("Session, for labels.", LABEL),
    ("What was asked for.", NAMES),
    ("The sandbox.", NAMES),
    ("When the object was made, where it is known.", EVENT),
    ("What was seen.", EVENT),
    ("The thing that was seen.", EVENT),
    ("The sandbox's disk.", EVENT),
    ("A thing that is no longer there.", EVENT),
    ("A boot.", EVENT),
    ("The disk.", EVENT),
    ("What a watch delivers.", EVENT),
    ("A full listing begins.", EVENT),
    ("Part of the listing.", EVENT),
    (
        "The listing is complete: from now on observations can be relied on.",
        EVENT,
    ),
    ("Something new, or in a new state.", EVENT),
    ("Something went away.", EVENT),
    (
        "The platform cannot be reached: nothing observed can be relied on until the next `ResyncEnds`.",
        BREAKS,
    ),
    ("Runs sandboxes.", NAMES),
    ("See [`ErrorClass`].", NAMES),
    ("Lets a frozen boot go on.", FREEZE),
];
const CAN: &str = "it decides which checks apply";
const FREEZE: &str = "the check of freezing ends with it";
const TOLD: &str = "a field, which a check finds in the program's environment";
const LABEL: &str = "for people who look at the platform, in its own words";
const EVENT: &str = "a part of what the checks of the watch wait for";

/// The documentation of a source file as sentences, without its headings and its own tests.
fn sentences(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut paragraphs = vec![String::new()];
    for line in source.lines() {
        let line = line.trim_start();
        let text = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
            .map(str::trim);
        match text {
            None | Some("") => paragraphs.push(String::new()),
            Some(heading) if heading.starts_with('#') => paragraphs.push(String::new()),
            Some(text) => {
                let paragraph = paragraphs.last_mut().unwrap();
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph.push_str(text);
            }
        }
    }
    paragraphs
        .iter()
        .flat_map(|paragraph| paragraph.split_inclusive(". "))
        .map(|sentence| sentence.trim().to_owned())
        .filter(|sentence| !sentence.is_empty())
        .collect()
}

/// Both ways: nothing of `sources` is left out, and nothing else is promised.
fn compare(sources: &[&str], beside: &[(&str, &str)], promises: &BTreeSet<&str>) {
    let said: Vec<String> = sources
        .iter()
        .flat_map(|source| sentences(source))
        .collect();
    let beside: BTreeSet<&str> = beside.iter().map(|(sentence, _)| *sentence).collect();
    let unchecked: Vec<&String> = said
        .iter()
        .filter(|sentence| !promises.contains(sentence.as_str()))
        .filter(|sentence| !beside.contains(sentence.as_str()))
        .collect();
    assert!(unchecked.is_empty(), "without a check: {unchecked:#?}");
    let said: BTreeSet<&str> = said.iter().map(String::as_str).collect();
    let unsaid: Vec<_> = promises
        .union(&beside)
        .filter(|sentence| !said.contains(**sentence))
        .collect();
    assert!(unsaid.is_empty(), "not in the documentation: {unsaid:#?}");
}

/// Whatever the checks are asked for before they run.
struct Unused;

#[async_trait]
impl<S: ?Sized + 'static> Factory<S> for Unused {
    async fn place(&self) -> Box<dyn Place<S>> {
        panic!("only the names of the checks are wanted")
    }
}

#[test]
fn every_sentence_of_the_state_store_is_checked() {
    let stores: Arc<dyn Factory<dyn StateStore>> = Arc::new(Unused);
    let checks = testkit::store::checks(&*stores);
    let names: BTreeSet<_> = checks.iter().map(testkit::Check::name).collect();
    assert_eq!(names.len(), checks.len(), "a check is listed twice");
    let mut promises: BTreeSet<_> = checks.iter().map(testkit::Check::promise).collect();
    let sealed =
        "Values that must not be read by others; stores encrypt them where they have a key.";
    assert!(sentences(SEALED).contains(&sealed.to_owned()));
    assert!(promises.remove(sealed));
    compare(&[STORE, STORE_ERRORS], &STORE_BESIDE, &promises);
}

#[test]
fn every_sentence_of_the_admin_store_is_checked() {
    let checks = testkit::admin::checks();
    let names: BTreeSet<_> = checks.iter().map(testkit::Check::name).collect();
    assert_eq!(names.len(), checks.len(), "a check is listed twice");
    let mut promises: BTreeSet<_> = checks.iter().map(testkit::Check::promise).collect();
    assert!(promises.remove("The store was closed."), "of the errors");
    compare(&[ADMIN], &ADMIN_BESIDE, &promises);
}

#[test]
fn every_sentence_of_the_backend_is_checked() {
    let checks = testkit::backend::checks(Capabilities::default());
    let names: BTreeSet<_> = checks.iter().map(testkit::Check::name).collect();
    assert_eq!(names.len(), checks.len(), "a check is listed twice");
    let promises: BTreeSet<_> = checks.iter().map(testkit::Check::promise).collect();
    compare(&[BACKEND], &BACKEND_BESIDE, &promises);
}

#[test]
fn what_does_not_apply_is_listed_with_its_reason() {
    let stores: Arc<dyn Factory<dyn StateStore>> = Arc::new(Unused);
    let checks = testkit::store::checks(&*stores);
    let left_out: Vec<_> = checks
        .iter()
        .filter_map(|check| Some((check.name(), check.inapplicable()?)))
        .collect();
    assert_eq!(
        left_out,
        [(
            "sealing::sealed_values_are_not_readable_where_they_are_stored",
            "these stores do not show what they store sealed"
        )]
    );
}

//! The arrows between our crates are those that `docs/architecture.md` draws, and every member inherits what the
//! workspace decides.
#![allow(clippy::expect_used, reason = "a failed check panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which of our crates a crate may depend on, for whatever purpose. A crate that is not here may not exist.
const ARROWS: [(&str, &[&str]); 15] = [
    ("runtime-api", &[]),
    ("runtime-core", &[]),
    ("agent-client", &["runtime-core"]),
    ("backend-docker", &["runtime-core"]),
    ("backend-k8s", &["runtime-core"]),
    ("backend-local", &["runtime-core"]),
    ("gateway", &["listener", "runtime-core"]),
    ("image-registry", &["runtime-core"]),
    ("listener", &[]),
    ("store-postgres", &["runtime-core"]),
    ("store-sqlite", &["runtime-core"]),
    ("testkit", &["runtime-core"]),
    ("conformance", &["runtime-api"]),
    (
        "server",
        &[
            "agent-client",
            "backend-docker",
            "backend-k8s",
            "backend-local",
            "conformance",
            "gateway",
            "image-registry",
            "listener",
            "runtime-api",
            "runtime-core",
            "store-postgres",
            "store-sqlite",
        ],
    ),
    ("xtask", &[]),
];

/// Who may use `testkit`, as a dev-dependency only.
const TESTED: [&str; 6] = [
    "backend-docker",
    "backend-k8s",
    "backend-local",
    "server",
    "store-postgres",
    "store-sqlite",
];

/// What must never be named by a crate: protocols and databases by the core, which is reached through its traits.
const FOREIGN: [(&str, &[&str]); 2] = [
    (
        "runtime-core",
        &[
            "bollard",
            "http",
            "hyper",
            "hyper-util",
            "k8s-openapi",
            "kube",
            "reqwest",
            "rusqlite",
            "sqlx",
            "tower",
        ],
    ),
    ("runtime-api", &["bollard", "k8s-openapi", "kube", "sqlx"]),
];

/// What a crate may know only behind a feature: without its client `runtime-api` does no I/O.
const OPTIONAL: [(&str, &[&str]); 1] = [(
    "runtime-api",
    &[
        "bytes",
        "http",
        "http-body",
        "http-body-util",
        "hyper",
        "hyper-rustls",
        "hyper-util",
        "rustls",
        "tokio",
        "tokio-rustls",
    ],
)];

/// What a member's manifest takes from the workspace.
const INHERITED: [&str; 6] = [
    "version",
    "edition",
    "rust-version",
    "license",
    "repository",
    "authors",
];

/// One line of a `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]` table.
#[derive(Clone, Copy, Debug)]
struct Arrow<'a> {
    from: &'a str,
    to: &'a str,
    kind: DependencyKind,
    /// Behind a feature.
    optional: bool,
}

/// Why this arrow should not be there.
fn objection(members: &BTreeSet<&str>, arrow: Arrow<'_>) -> Option<String> {
    let Arrow {
        from,
        to,
        kind,
        optional,
    } = arrow;
    let listed = |table: &[(&str, &'static [&'static str])]| {
        table
            .iter()
            .find(|(name, _)| *name == from)
            .map(|row| row.1)
    };
    if !members.contains(to) {
        let hidden = listed(&OPTIONAL).is_some_and(|names| names.contains(&to));
        if hidden && kind == DependencyKind::Normal && !optional {
            return Some(format!("{from} may know {to} behind a feature only"));
        }
        let forbidden = listed(&FOREIGN).is_some_and(|names| names.contains(&to));
        return forbidden.then(|| format!("{from} must not know {to}"));
    }
    if to == "testkit" && TESTED.contains(&from) {
        return (kind != DependencyKind::Development)
            .then(|| format!("{from} may use testkit in its tests only"));
    }
    let allowed = listed(&ARROWS).is_some_and(|names| names.contains(&to));
    (!allowed).then(|| format!("there is no arrow from {from} to {to}"))
}

/// Everything that is wrong with a graph.
fn objections<'a>(
    members: &BTreeSet<&str>,
    arrows: impl IntoIterator<Item = Arrow<'a>>,
) -> Vec<String> {
    let drawn: BTreeSet<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    let unknown = members
        .difference(&drawn)
        .map(|name| format!("{name} is in no drawing"));
    unknown
        .chain(
            arrows
                .into_iter()
                .filter_map(|arrow| objection(members, arrow)),
        )
        .collect()
}

/// What a manifest states itself although the workspace decides it.
fn stated_alone(manifest: &toml::Table) -> Vec<&'static str> {
    let inherits = |table: Option<&toml::Value>| {
        table
            .and_then(|table| table.get("workspace"))
            .and_then(toml::Value::as_bool)
            == Some(true)
    };
    let package = manifest.get("package");
    let mut alone: Vec<_> = INHERITED
        .into_iter()
        .filter(|field| !inherits(package.and_then(|package| package.get(field))))
        .collect();
    if !inherits(manifest.get("lints")) {
        alone.push("lints");
    }
    alone
}

/// Versions stand in the workspace; members write `name.workspace = true`, with features if they need more.
fn versioned_alone(manifest: &toml::Table) -> Vec<String> {
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let entries = tables
        .into_iter()
        .filter_map(|table| manifest.get(table)?.as_table())
        .flatten();
    let alone = entries
        .filter(|(_, entry)| entry.get("workspace").and_then(toml::Value::as_bool) != Some(true));
    alone.map(|(name, _)| name.clone()).collect()
}

fn manifests() -> BTreeMap<String, toml::Table> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .expect("cargo metadata runs");
    let manifest = |path| {
        fs::read_to_string(path)
            .expect("a member has a manifest")
            .parse()
            .expect("which is TOML")
    };
    metadata
        .workspace_packages()
        .iter()
        .map(|p| (p.name.to_string(), manifest(&p.manifest_path)))
        .collect()
}

#[test]
fn the_workspace_has_the_arrows_that_are_drawn() {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .expect("cargo metadata runs");
    let packages = metadata.workspace_packages();
    let members = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let arrows = packages.iter().flat_map(|package| {
        let from = package.name.as_str();
        package.dependencies.iter().map(move |to| Arrow {
            from,
            to: &to.name,
            kind: to.kind,
            optional: to.optional,
        })
    });
    assert_eq!(objections(&members, arrows), [""; 0]);
}

#[test]
fn members_inherit_what_the_workspace_decides() {
    for (name, manifest) in manifests() {
        assert_eq!(
            stated_alone(&manifest),
            [""; 0],
            "{name} states these itself"
        );
    }
}

#[test]
fn versions_of_dependencies_stand_in_the_workspace() {
    for (name, manifest) in manifests() {
        assert_eq!(
            versioned_alone(&manifest),
            [""; 0],
            "{name} versions these itself"
        );
    }
}

// The checks themselves can fail:

fn judge(arrows: &[(&str, &str, DependencyKind)]) -> Vec<String> {
    let members = [
        "gateway",
        "runtime-api",
        "runtime-core",
        "server",
        "store-sqlite",
        "testkit",
        "xtask",
    ];
    let arrows = arrows.iter().map(|&(from, to, kind)| Arrow {
        from,
        to,
        kind,
        optional: false,
    });
    objections(&BTreeSet::from(members), arrows)
}

#[test]
fn an_arrow_that_is_not_drawn_is_found() {
    use DependencyKind::{Development, Normal};
    assert_eq!(
        judge(&[
            ("server", "gateway", Normal),
            ("gateway", "runtime-core", Normal)
        ]),
        [""; 0]
    );
    for (from, to, kind) in [
        ("runtime-core", "runtime-api", Normal),
        ("runtime-api", "runtime-core", Development),
        ("gateway", "store-sqlite", Development),
        ("store-sqlite", "server", Normal),
        ("xtask", "runtime-core", Normal),
        ("server", "xtask", Development),
        ("runtime-core", "testkit", Development),
    ] {
        assert_eq!(
            judge(&[(from, to, kind)]),
            [format!("there is no arrow from {from} to {to}")]
        );
    }
}

#[test]
fn testkit_outside_of_tests_is_found() {
    use DependencyKind::{Development, Normal};
    assert_eq!(judge(&[("store-sqlite", "testkit", Development)]), [""; 0]);
    assert_eq!(
        judge(&[("store-sqlite", "testkit", Normal)]),
        ["store-sqlite may use testkit in its tests only"]
    );
}

#[test]
fn a_protocol_in_the_core_is_found() {
    let normal = DependencyKind::Normal;
    assert_eq!(
        judge(&[
            ("runtime-core", "tokio", normal),
            ("store-sqlite", "sqlx", normal)
        ]),
        [""; 0]
    );
    for foreign in ["kube", "sqlx", "hyper"] {
        assert_eq!(
            judge(&[("runtime-core", foreign, normal)]),
            [format!("runtime-core must not know {foreign}")]
        );
    }
}

#[test]
fn input_and_output_in_the_wire_types_is_found() {
    use DependencyKind::{Development, Normal};
    let members = BTreeSet::from(["runtime-api"]);
    let judge = |kind, optional| {
        let (from, to) = ("runtime-api", "tokio");
        let arrow = Arrow {
            from,
            to,
            kind,
            optional,
        };
        objection(&members, arrow)
    };
    assert_eq!(judge(Normal, true), None);
    assert_eq!(judge(Development, false), None);
    assert_eq!(
        judge(Normal, false).as_deref(),
        Some("runtime-api may know tokio behind a feature only")
    );
}

#[test]
fn a_crate_that_nobody_drew_is_found() {
    let members = BTreeSet::from(["runtime-core", "utils"]);
    assert_eq!(objections(&members, []), ["utils is in no drawing"]);
}

#[test]
fn a_manifest_that_decides_for_itself_is_found() {
    let manifest = r#"
        package = { version = "1.0.0", edition.workspace = true, license = { workspace = false } }
        [dependencies]
        serde = "1"
        tokio = { workspace = true, features = ["fs"] }
        [dev-dependencies]
        insta = { version = "1" }
    "#;
    let manifest = manifest.parse().expect("it is TOML");
    assert_eq!(
        stated_alone(&manifest),
        [
            "version",
            "rust-version",
            "license",
            "repository",
            "authors",
            "lints"
        ]
    );
    assert_eq!(versioned_alone(&manifest), ["serde", "insta"]);
}

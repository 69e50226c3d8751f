//! How many durable writes a second the store makes, beside what the disk under it can do.
//!
//! `cargo run --release -p store-sqlite --example write_rate -- [--dir DIR] [--writes N]` writes into a directory of its
//! own in `DIR` (the working directory by default: a place in memory would tell nothing) and prints one JSON object a
//! line. `floor` is 8 KiB appended to a file and flushed; `insert` and `update` are what a claim of a warm sandbox
//! costs: the record, its timeline entry, and for the insert the limit of live sandboxes.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "it measures wall time and prints"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::sandbox::{
    Actor, Annotations, DiskSpec, Entrypoint, Event, EventKind, Record, ResourceFactor, Sealed,
    Spec, State, User,
};
use runtime_core::{
    Admit, Entropy, Inserted, SandboxId, StateStore as _, SystemEntropy, TenantId, Timestamp,
    Updated, Version,
};
use serde_json::json;
use store_sqlite::{SqliteSettings, SqliteStore};
use tokio::task::JoinSet;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Clients that write side by side.
const CLIENTS: [usize; 3] = [1, 8, 64];
/// Beyond the number of writes here: the limit is looked at, not met.
const MAX_LIVE: Admit = Admit::MaxLive(1_000_000);
/// The longest that one line may take.
const BOUND: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (dir, writes) = arguments()?;
    let dir = tempfile::Builder::new()
        .prefix("write-rate-")
        .tempdir_in(dir)?;
    print(&floor(dir.path(), writes)?);
    let settings = SqliteSettings::new(dir.path().join("store.db"));
    let store = Arc::new(SqliteStore::open(settings).await?);
    for clients in CLIENTS {
        let sets: Vec<Vec<Record>> = (0..clients)
            .map(|_| (0..writes / clients).map(|_| record()).collect())
            .collect::<Result<_, _>>()?;
        print(&Write::Insert.by_all(&store, &sets).await?);
        print(&Write::Update.by_all(&store, &sets).await?);
    }
    store.close().await;
    Ok(())
}

fn arguments() -> Result<(PathBuf, usize), Error> {
    let (mut dir, mut writes) = (PathBuf::from("."), 4_000);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or("each option has a value")?;
        match word.as_str() {
            "--dir" => dir = value.into(),
            "--writes" => writes = value.parse()?,
            _ => return Err(format!("there is no option {word}").into()),
        }
    }
    Ok((dir, writes))
}

/// One line of the result.
struct Measured {
    what: &'static str,
    clients: usize,
    /// Flushed transactions.
    commits: u64,
    took: Duration,
    each: Vec<Duration>,
}

/// What one transaction costs at the least.
fn floor(dir: &Path, times: usize) -> Result<Measured, Error> {
    let mut file = File::create(dir.join("floor"))?;
    let began = Instant::now();
    let mut each = Vec::new();
    while each.len() < times && began.elapsed() < BOUND {
        let one = Instant::now();
        file.write_all(&[0; 8192])?;
        file.sync_data()?;
        each.push(one.elapsed());
    }
    Ok(Measured {
        what: "floor",
        clients: 1,
        commits: u64::try_from(each.len())?,
        took: began.elapsed(),
        each,
    })
}

#[derive(Clone, Copy)]
enum Write {
    Insert,
    Update,
}

impl Write {
    /// Each client writes its records one after the other, all clients side by side.
    async fn by_all(
        self,
        store: &Arc<SqliteStore>,
        sets: &[Vec<Record>],
    ) -> Result<Measured, Error> {
        let (began, commits) = (Instant::now(), store.commits());
        let mut clients = JoinSet::new();
        for records in sets {
            let (store, records) = (Arc::clone(store), records.clone());
            clients.spawn(async move { self.by_one(&store, &records, began).await });
        }
        let mut each = Vec::new();
        while let Some(client) = clients.join_next().await {
            each.extend(client??);
        }
        Ok(Measured {
            what: match self {
                Self::Insert => "insert",
                Self::Update => "update",
            },
            clients: sets.len(),
            commits: store.commits() - commits,
            took: began.elapsed(),
            each,
        })
    }

    async fn by_one(
        self,
        store: &SqliteStore,
        records: &[Record],
        began: Instant,
    ) -> Result<Vec<Duration>, Error> {
        let mut each = Vec::with_capacity(records.len());
        for record in records {
            if began.elapsed() > BOUND {
                return Err(format!("took longer than {} s", BOUND.as_secs()).into());
            }
            let one = Instant::now();
            self.one(store, record).await?;
            each.push(one.elapsed());
        }
        Ok(each)
    }

    async fn one(self, store: &SqliteStore, record: &Record) -> Result<(), Error> {
        match self {
            Self::Insert => {
                let events = [event(EventKind::Created)];
                match store.insert(record, &events, MAX_LIVE, None).await? {
                    Inserted::Created => Ok(()),
                    other => Err(format!("not stored: {other:?}").into()),
                }
            }
            Self::Update => {
                let events = [event(EventKind::Moved)];
                match store.update(record, &events, Admit::Always).await? {
                    Updated::Yes(_) => Ok(()),
                    other => Err(format!("not stored: {other:?}").into()),
                }
            }
        }
    }
}

/// A sandbox of a session of its own, as a start of the released client makes it.
fn record() -> Result<Record, Error> {
    let id = SandboxId::generate(&SystemEntropy);
    let now = Timestamp::from_millis(1_700_000_000_000);
    Ok(Record {
        label: id.as_str().parse()?,
        session: id.as_str().parse()?,
        id,
        tenant: TenantId::default_tenant(),
        backend: "local".parse()?,
        version: Version::FIRST,
        created_at: now,
        updated_at: now,
        state: State::new(Actor::Client, BTreeMap::new(), now),
        spec: Arc::new(Spec {
            image: "ghcr.io/openhands/agent-server:1.58.2-python".parse()?,
            entrypoint: Entrypoint::Exec(vec![
                "/usr/local/bin/openhands-agent-server".to_owned(),
                "--port".to_owned(),
                "60000".to_owned(),
            ]),
            working_dir: Some("/workspace".to_owned()),
            environment: vec!["TOKEN".to_owned()],
            resources: ResourceFactor::ONE,
            runtime_class: None,
            user: User::default(),
            pull_policy: None,
            disk: DiskSpec::Empty,
        }),
        sealed: Arc::new(Sealed {
            environment: BTreeMap::from([("TOKEN".to_owned(), random(16).into())]),
            session_key: random(32).into(),
            secret_key: random(32).into(),
        }),
        annotations: Arc::new(Annotations::from_iter([(
            "command".to_owned(),
            json!("/usr/local/bin/openhands-agent-server --port 60000"),
        )])),
    })
}

fn random(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    SystemEntropy.fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn event(kind: EventKind) -> Event {
    Event {
        at: Timestamp::from_millis(1_700_000_000_000),
        kind,
        by: Actor::Client,
        message: "as the client asked".to_owned(),
    }
}

fn print(measured: &Measured) {
    let mut each = measured.each.clone();
    each.sort_unstable();
    let at = |thousandth: usize| {
        let rank = (each.len() * thousandth).div_ceil(1000).saturating_sub(1);
        each.get(rank).map(|time| time.as_micros())
    };
    let line = json!({
        "what": measured.what,
        "clients": measured.clients,
        "n": each.len(),
        "seconds": measured.took.as_secs_f64(),
        "commits": measured.commits,
        "p50_us": at(500),
        "p90_us": at(900),
        "p99_us": at(990),
        "max_us": at(1000),
    });
    println!("{line}");
}

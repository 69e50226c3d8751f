//! A store in memory, honest but for one fault.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use runtime_core::sandbox::{Event, Phase, Record};
use runtime_core::{
    Admit, Changes, Cursor, Inserted, InstallationId, Replacing, SandboxId, SessionId, StateStore,
    StoreError, TenantId, Timestamp, Updated,
};
use testkit::{Factory, Place};

use crate::fault::Fault;
use crate::records::{Records, Row};

/// Makes stores in memory.
pub(crate) struct Memory {
    pub(crate) fault: Option<Fault>,
}

/// What a disk is to others.
struct Kept {
    fault: Option<Fault>,
    /// Before the last write, and now.
    records: Arc<Mutex<(Records, Records)>>,
    store: Arc<Store>,
}

#[derive(Debug)]
struct Store {
    fault: Option<Fault>,
    records: Arc<Mutex<(Records, Records)>>,
    closed: AtomicBool,
}

fn new_birth() -> (InstallationId, Timestamp) {
    static BIRTHS: AtomicU64 = AtomicU64::new(1);
    let number = BIRTHS.fetch_add(1, Ordering::Relaxed);
    let id = InstallationId(uuid::Uuid::from_u128(u128::from(number)));
    (id, Timestamp::from_millis(1_800_000_000_000))
}

impl Store {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn open(&self) -> Result<MutexGuard<'_, (Records, Records)>, StoreError> {
        if self.closed.load(Ordering::SeqCst) && !self.has(Fault::NeverCloses) {
            return Err(StoreError::Closed);
        }
        Ok(self.records.lock().unwrap())
    }

    fn write<T>(&self, write: impl FnOnce(&mut Records) -> T) -> Result<T, StoreError> {
        let mut records = self.open()?;
        let marks = records.1.marks;
        let before = self.has(Fault::LosesLast).then(|| records.1.clone());
        let answer = write(&mut records.1);
        if let Some(before) = before
            && records.1.marks > marks
        {
            records.0 = before;
        }
        Ok(answer)
    }

    fn read<T>(&self, read: impl FnOnce(&Records) -> T) -> Result<T, StoreError> {
        Ok(read(&self.open()?.1))
    }
}

#[async_trait]
impl StateStore for Store {
    async fn insert<'a>(
        &self,
        new: &Record,
        events: &[Event],
        admit: Admit,
        replacing: Option<Replacing<'a>>,
    ) -> Result<Inserted, StoreError> {
        self.write(|records| records.insert(new, events, admit, replacing))?
    }

    async fn update(
        &self,
        next: &Record,
        events: &[Event],
        admit: Admit,
    ) -> Result<Updated, StoreError> {
        self.write(|records| records.update(next, events, admit))?
    }

    async fn get(&self, id: &SandboxId) -> Result<Option<Record>, StoreError> {
        self.read(|records| records.row(id).map(|row| row.record.clone()))
    }

    async fn of_session(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Option<Record>, StoreError> {
        self.read(|records| records.of_session(tenant, session).cloned())
    }

    async fn of_sessions(
        &self,
        tenant: &TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<Record>, StoreError> {
        let mut asked = sessions.to_vec();
        if !self.has(Fault::AnswersTwice) {
            asked.sort();
            asked.dedup();
        }
        self.read(|records| {
            let found = asked
                .iter()
                .filter_map(|session| records.of_session(tenant, session));
            found.cloned().collect()
        })
    }

    async fn events(&self, id: &SandboxId) -> Result<Vec<Event>, StoreError> {
        self.read(|records| records.events(id))
    }

    async fn changes(&self, since: &Cursor) -> Result<Changes, StoreError> {
        let lag = u64::from(self.has(Fault::LagsBehind));
        self.read(|records| {
            let known: u64 = since.0.parse().unwrap_or(0);
            let newest = records.marks.saturating_sub(lag).max(known);
            let anew = since.0.is_empty() && !self.has(Fault::ListsStopped);
            let wanted = |row: &&Row| {
                let listed = !anew || row.record.state.phase != Phase::Stopped;
                row.mark > known && row.mark <= newest && listed
            };
            let mut rows: Vec<&Row> = records.rows.iter().filter(wanted).collect();
            rows.sort_by_key(|row| row.mark);
            if self.has(Fault::SortsChanges) {
                rows.sort_by_key(|row| row.record.id.clone());
            }
            Changes {
                changed: rows.iter().map(|row| row.record.summary()).collect(),
                cursor: Cursor(newest.to_string()),
            }
        })
    }

    fn hints(&self) -> BoxStream<'static, ()> {
        if self.has(Fault::HintsEnd) {
            return stream::empty().boxed();
        }
        stream::pending().boxed()
    }

    async fn touch(&self, seen: &[(SandboxId, Timestamp)]) -> Result<(), StoreError> {
        self.write(|records| records.touch(seen))
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.write(|records| records.purge(before, limit))
    }

    async fn installation(&self) -> Result<(InstallationId, Timestamp), StoreError> {
        self.read(|records| records.born)
    }
}

impl Kept {
    fn begin(fault: Option<Fault>, records: Records) -> Self {
        let records = Arc::new(Mutex::new((records.clone(), records)));
        let store = Arc::new(Store {
            fault,
            records: Arc::clone(&records),
            closed: AtomicBool::new(false),
        });
        Self {
            fault,
            records,
            store,
        }
    }

    fn again(&mut self, mut records: Records) {
        if self.fault == Some(Fault::BornAgain) {
            records.born = new_birth();
        }
        *self = Self::begin(self.fault, records);
    }
}

#[async_trait]
impl Factory<dyn StateStore> for Memory {
    async fn place(&self) -> Box<dyn Place<dyn StateStore>> {
        Box::new(Kept::begin(
            self.fault,
            Records::new(self.fault, new_birth()),
        ))
    }

    fn shows_sealed_bytes(&self) -> bool {
        true
    }
}

#[async_trait]
impl Place<dyn StateStore> for Kept {
    fn store(&self) -> Arc<dyn StateStore> {
        self.store.clone()
    }

    async fn close(&mut self) {
        self.store.closed.store(true, Ordering::SeqCst);
    }

    async fn open(&mut self) {
        let now = self.records.lock().unwrap().1.clone();
        self.again(now);
    }

    async fn crash(&mut self) {
        let (before, now) = self.records.lock().unwrap().clone();
        let lost = self.fault == Some(Fault::LosesLast);
        self.again(if lost { before } else { now });
    }

    fn bytes(&self) -> Vec<u8> {
        let records = self.records.lock().unwrap();
        let mut bytes = Vec::new();
        for row in &records.1.rows {
            bytes.extend_from_slice(row.record.session.as_str().as_bytes());
            if self.fault == Some(Fault::StoresPlain) {
                bytes.extend(row.record.sealed.to_document().unwrap());
            }
        }
        bytes
    }
}

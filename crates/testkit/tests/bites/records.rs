//! The records in memory: what a store keeps, and every rule about it.

use std::sync::Arc;

use runtime_core::sandbox::{Event, Phase, Record, Sealed};
use runtime_core::{
    Admit, Inserted, InstallationId, Replacing, SandboxId, SessionId, StoreError, TenantId,
    Timestamp, Updated, Version,
};

use crate::fault::Fault;

/// One sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) record: Record,
    pub(crate) events: Vec<Event>,
    pub(crate) mark: u64,
}

/// Everything that is kept.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    pub(crate) rows: Vec<Row>,
    pub(crate) marks: u64,
    pub(crate) born: (InstallationId, Timestamp),
    /// Entries whose write was refused.
    stray: Vec<(SandboxId, Vec<Event>)>,
    fault: Option<Fault>,
}

impl Records {
    pub(crate) fn new(fault: Option<Fault>, born: (InstallationId, Timestamp)) -> Self {
        Self {
            rows: Vec::new(),
            marks: 0,
            born,
            stray: Vec::new(),
            fault,
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn mark(&mut self) -> u64 {
        self.marks += 1;
        self.marks
    }

    pub(crate) fn row(&self, id: &SandboxId) -> Option<&Row> {
        self.rows.iter().find(|row| row.record.id == *id)
    }

    fn is_of(&self, record: &Record, tenant: &TenantId, session: &SessionId) -> bool {
        let same_session = if self.has(Fault::FoldsCase) {
            record.session.as_str().to_lowercase() == session.as_str().to_lowercase()
        } else {
            record.session == *session
        };
        same_session && (record.tenant == *tenant || self.has(Fault::IgnoresTenant))
    }

    fn open_of(&self, of: &Record) -> Option<&Row> {
        self.rows.iter().find(|row| {
            row.record.state.is_open() && self.is_of(&row.record, &of.tenant, &of.session)
        })
    }

    fn counts(&self, record: &Record) -> bool {
        record.state.is_live() || (self.has(Fault::CountsOpen) && record.state.is_open())
    }

    fn live(&self) -> u32 {
        let live = self.rows.iter().filter(|row| self.counts(&row.record));
        u32::try_from(live.count()).unwrap()
    }

    /// The limit that does not allow one more.
    fn over(&self, admit: Admit) -> Option<u32> {
        let live = self.live();
        match admit {
            Admit::MaxLive(limit) if live >= limit => Some(live),
            Admit::MaxLive(_) | Admit::Always => None,
        }
    }

    pub(crate) fn insert(
        &mut self,
        new: &Record,
        events: &[Event],
        admit: Admit,
        replacing: Option<Replacing<'_>>,
    ) -> Result<Inserted, StoreError> {
        let before = replacing.map(|_| self.clone());
        if let Some(replacing) = replacing {
            let closed = replacing.closed;
            let same = (&closed.tenant, &closed.session) == (&new.tenant, &new.session);
            if closed.state.is_open() || !same {
                return Err(StoreError::Invalid("no place is made"));
            }
            if !self.has(Fault::KeepsReplaced) {
                match self.update(closed, replacing.events, Admit::Always)? {
                    Updated::Yes(_) => {}
                    Updated::Stale(newer) => return Ok(Inserted::Exists(newer)),
                    Updated::Missing | Updated::OverQuota { .. } => {
                        return Err(StoreError::Invalid("there is nothing to replace"));
                    }
                }
            }
        }
        let answer = self.insert_alone(new, events, admit);
        if let Some(before) = before
            && !matches!(answer, Ok(Inserted::Created))
        {
            let stray = std::mem::take(&mut self.stray);
            *self = before;
            self.stray = stray;
        }
        answer
    }

    fn insert_alone(
        &mut self,
        new: &Record,
        events: &[Event],
        admit: Admit,
    ) -> Result<Inserted, StoreError> {
        let open = self.open_of(new).map(|row| row.record.clone());
        if let Some(open) = open
            && !self.has(Fault::SecondOpen)
            && !self.has(Fault::KeepsReplaced)
        {
            if self.has(Fault::EventsAnyway) {
                self.stray.push((new.id.clone(), events.to_vec()));
            }
            return Ok(Inserted::Exists(Box::new(open)));
        }
        let taken = |row: &Row| row.record.id == new.id || row.record.label == new.label;
        if self.rows.iter().any(taken) {
            return Err(StoreError::Invalid("the id or the label is taken"));
        }
        if let Some(live) = self.over(admit) {
            return Ok(Inserted::OverQuota { live });
        }
        let mut record = new.clone();
        if !self.has(Fault::BelievesVersion) {
            record.version = Version::FIRST;
        }
        if self.has(Fault::CutsValues) {
            record.sealed = Arc::new(cut(&record.sealed));
        }
        let mark = self.mark();
        self.rows.push(Row {
            record,
            events: events.to_vec(),
            mark,
        });
        Ok(Inserted::Created)
    }

    pub(crate) fn update(
        &mut self,
        next: &Record,
        events: &[Event],
        admit: Admit,
    ) -> Result<Updated, StoreError> {
        let Some(place) = self.rows.iter().position(|row| row.record.id == next.id) else {
            return Ok(Updated::Missing);
        };
        let current = self.rows[place].record.clone();
        if current.version != next.version && !self.has(Fault::LastWins) {
            if self.has(Fault::EventsAnyway) {
                self.rows[place].events.extend_from_slice(events);
            }
            return Ok(Updated::Stale(Box::new(current)));
        }
        let opens = next.state.is_open() && !current.state.is_open();
        if opens && self.open_of(&current).is_some() {
            return Err(StoreError::Invalid("the session has another open record"));
        }
        let wakes = next.state.is_live() && !self.counts(&current);
        if let Some(live) = self.over(admit)
            && wakes
            && !self.has(Fault::AdmitsUpdates)
        {
            return Ok(Updated::OverQuota { live });
        }
        let mark = self.mark();
        let rewrites = self.has(Fault::RewritesAll);
        let row = &mut self.rows[place];
        if rewrites {
            row.record = next.clone();
        }
        row.record.state = next.state.clone();
        row.record.updated_at = next.updated_at;
        row.record.version = current.version.next();
        row.events.extend_from_slice(events);
        row.mark = mark;
        Ok(Updated::Yes(row.record.version))
    }

    pub(crate) fn of_session(&self, tenant: &TenantId, session: &SessionId) -> Option<&Record> {
        let of_it = |record: &&Record| self.is_of(record, tenant, session);
        let mut records = self.rows.iter().map(|row| &row.record).filter(of_it);
        let oldest = self.has(Fault::ServesOldest);
        let open = records.clone().find(|record| record.state.is_open());
        open.or_else(|| {
            if oldest {
                records.next()
            } else {
                records.next_back()
            }
        })
    }

    pub(crate) fn events(&self, id: &SandboxId) -> Vec<Event> {
        let stray = self.stray.iter().filter(|(of, _)| of == id);
        let mut events = self
            .row(id)
            .map(|row| row.events.clone())
            .unwrap_or_default();
        events.extend(stray.flat_map(|(_, events)| events.clone()));
        if self.has(Fault::EventsBackwards) {
            events.reverse();
        }
        events
    }

    pub(crate) fn touch(&mut self, seen: &[(SandboxId, Timestamp)]) {
        if self.has(Fault::TouchWrites) {
            for row in &mut self.rows {
                if seen.iter().any(|(id, _)| row.record.id == *id) {
                    row.record.version = row.record.version.next();
                }
            }
        }
    }

    pub(crate) fn purge(&mut self, before: Timestamp, limit: u32) -> u32 {
        let stopping = self.has(Fault::PurgesStopping);
        let mut left = if self.has(Fault::PurgesAll) {
            u32::MAX
        } else {
            limit
        };
        let count = self.rows.len();
        self.rows.retain(|row| {
            let phase = row.record.state.phase;
            let stopped = phase == Phase::Stopped || (stopping && phase == Phase::Stopping);
            let goes = stopped && row.record.updated_at < before && left > 0;
            left -= u32::from(goes);
            !goes
        });
        u32::try_from(count - self.rows.len()).unwrap()
    }
}

/// What is left of values that end at the first control character.
fn cut(sealed: &Sealed) -> Sealed {
    use runtime_core::sandbox::plain;
    let cut = |value: &str| value.split(char::is_control).next().unwrap().to_owned();
    Sealed {
        environment: plain(&sealed.environment)
            .map(|(name, value)| (name.to_owned(), cut(value).into()))
            .collect(),
        ..sealed.clone()
    }
}

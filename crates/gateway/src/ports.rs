//! Which port belongs to whom: a table without sockets. Ports are given anew as late as possible, because somebody may
//! still hold the address of the sandbox that had it before: first those that nobody has had, in turn, then the one that
//! has been free for the longest time.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use runtime_core::sandbox::Label;

/// A port that somebody has or had.
#[derive(Debug)]
pub(crate) struct Entry<D> {
    /// Who has it; none once it was given back.
    pub(crate) owner: Option<Label>,
    /// What is known of its listener.
    pub(crate) door: D,
}

/// The ports of the gateway; `D` is what is kept of each listener.
#[derive(Debug)]
pub(crate) struct PortTable<D> {
    range: RangeInclusive<u16>,
    /// Where the search for a port that nobody has had goes on.
    next: u16,
    entries: BTreeMap<u16, Entry<D>>,
    /// Ports that were given back, the one first that has been free for longest.
    released: VecDeque<u16>,
}

impl<D> PortTable<D> {
    /// A table in which every port of the range is free.
    pub(crate) fn new(range: RangeInclusive<u16>) -> Self {
        Self {
            next: *range.start(),
            range,
            entries: BTreeMap::new(),
            released: VecDeque::new(),
        }
    }

    /// What is known of a port.
    pub(crate) fn get_mut(&mut self, port: u16) -> Option<&mut Entry<D>> {
        self.entries.get_mut(&port)
    }

    /// What is known of a port.
    pub(crate) fn get(&self, port: u16) -> Option<&Entry<D>> {
        self.entries.get(&port)
    }

    /// Gives a port that nobody has had to `label`; `open` opens it, or says by none that it cannot be had. None when
    /// no port is left.
    pub(crate) fn take_fresh(
        &mut self,
        label: &Label,
        mut open: impl FnMut(u16) -> Option<D>,
    ) -> Option<u16> {
        for _ in self.range.clone() {
            let port = self.next;
            self.next = self.after(port);
            if self.entries.contains_key(&port) {
                continue;
            }
            if let Some(door) = open(port) {
                self.insert(port, label, door);
                return Some(port);
            }
        }
        None
    }

    /// Gives the port that has been free for longest to `label`.
    pub(crate) fn take_released(&mut self, label: &Label) -> Option<(u16, &mut D)> {
        let port = self.released.pop_front()?;
        let entry = self.entries.get_mut(&port)?;
        entry.owner = Some(label.clone());
        Some((port, &mut entry.door))
    }

    /// Enters that `label` has a port, of the range or not. A search for others begins behind it.
    pub(crate) fn insert(&mut self, port: u16, label: &Label, door: D) {
        self.released.retain(|released| *released != port);
        let owner = Some(label.clone());
        self.entries.insert(port, Entry { owner, door });
        self.next = self.after(port);
    }

    /// Gives back a port that `label` has. Its listener stays. Whether it had it.
    pub(crate) fn release(&mut self, port: u16, label: &Label) -> bool {
        match self.entries.get_mut(&port) {
            Some(entry) if entry.owner.as_ref() == Some(label) => {
                entry.owner = None;
                self.released.push_back(port);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Forgets a port that has no listener.
    pub(crate) fn forget(&mut self, port: u16) {
        self.entries.remove(&port);
        self.released.retain(|released| *released != port);
    }

    fn after(&self, port: u16) -> u16 {
        match port.checked_add(1) {
            Some(next) if self.range.contains(&next) => next,
            Some(_) | None => *self.range.start(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str) -> Label {
        name.parse().unwrap()
    }

    fn take(table: &mut PortTable<()>, owner: &str) -> Option<u16> {
        let owner = label(owner);
        table
            .take_fresh(&owner, |_| Some(()))
            .or_else(|| table.take_released(&owner).map(|(port, ())| port))
    }

    #[test]
    fn ports_that_nobody_had_come_first_then_the_one_longest_free() {
        let mut table = PortTable::new(10..=13);
        assert_eq!(take(&mut table, "a"), Some(10));
        assert_eq!(take(&mut table, "b"), Some(11));
        assert!(table.release(11, &label("b")));
        assert!(table.release(10, &label("a")));
        assert_eq!(take(&mut table, "c"), Some(12));
        assert_eq!(take(&mut table, "d"), Some(13));
        assert_eq!(take(&mut table, "e"), Some(11));
        assert_eq!(take(&mut table, "f"), Some(10));
        assert_eq!(take(&mut table, "g"), None);
    }

    #[test]
    fn a_port_that_cannot_be_opened_is_passed_over_and_tried_again_later() {
        let mut table = PortTable::new(10..=12);
        let taken = table.take_fresh(&label("a"), |port| (port != 10).then_some(()));
        assert_eq!(taken, Some(11));
        assert_eq!(take(&mut table, "b"), Some(12));
        assert_eq!(take(&mut table, "c"), Some(10));
    }

    #[test]
    fn the_search_goes_on_behind_what_was_there_before() {
        let mut table = PortTable::new(10..=19);
        table.insert(14, &label("old"), ());
        assert_eq!(take(&mut table, "new"), Some(15));
    }

    #[test]
    fn only_the_owner_gives_a_port_back_and_only_once() {
        let mut table = PortTable::new(10..=10);
        assert_eq!(take(&mut table, "a"), Some(10));
        assert!(!table.release(10, &label("b")));
        assert!(table.release(10, &label("a")));
        assert!(!table.release(10, &label("a")));
        assert_eq!(take(&mut table, "b"), Some(10));
        assert_eq!(take(&mut table, "c"), None);
    }

    #[test]
    fn the_last_port_of_all_is_followed_by_the_first_of_the_range() {
        let mut table = PortTable::new(65_534..=65_535);
        assert_eq!(take(&mut table, "a"), Some(65_534));
        assert_eq!(take(&mut table, "b"), Some(65_535));
        assert_eq!(take(&mut table, "c"), None);
    }
}

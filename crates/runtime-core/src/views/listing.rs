//! The list of one tenant's live sandboxes, in pages of text: a change of one sandbox costs the writing of its page, however
//! many there are. Many clients ask for the list every few seconds, and 10,000 sandboxes have some megabytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::Fragment;
use crate::ids::SandboxId;

/// Sandboxes of one page: some 50 KiB of text, which is written in microseconds and sent in one piece.
const PAGE: usize = 128;

/// The number of a page; a sandbox stays on its page while it is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PageNumber(usize);

#[derive(Debug, Default)]
pub(super) struct Listing {
    pages: Vec<Page>,
    /// Pages that have room.
    roomy: BTreeSet<PageNumber>,
    total: usize,
}

#[derive(Debug, Default)]
struct Page {
    fragments: BTreeMap<SandboxId, Fragment>,
    /// Written when somebody asks, kept until something on the page changes.
    text: OnceLock<Fragment>,
}

impl Listing {
    /// Takes the text of a live sandbox, which is on this page already or on none yet.
    pub(super) fn put(
        &mut self,
        page: Option<PageNumber>,
        id: &SandboxId,
        fragment: Fragment,
    ) -> PageNumber {
        let number = page.unwrap_or_else(|| self.page_with_room());
        if let Some(page) = self.pages.get_mut(number.0) {
            if page.fragments.insert(id.clone(), fragment).is_none() {
                self.total += 1;
            }
            page.text.take();
            if page.fragments.len() >= PAGE {
                self.roomy.remove(&number);
            }
        }
        number
    }

    /// A sandbox is live no more.
    pub(super) fn remove(&mut self, number: PageNumber, id: &SandboxId) {
        if let Some(page) = self.pages.get_mut(number.0)
            && page.fragments.remove(id).is_some()
        {
            page.text.take();
            self.total -= 1;
            self.roomy.insert(number);
        }
    }

    /// The first one: so pages at the end run empty when there are fewer sandboxes again.
    fn page_with_room(&mut self) -> PageNumber {
        if let Some(number) = self.roomy.first() {
            return *number;
        }
        let number = PageNumber(self.pages.len());
        self.pages.push(Page::default());
        self.roomy.insert(number);
        number
    }

    /// The texts of the pages that are not empty, and how many sandboxes they hold; `write` makes the text of a page.
    pub(super) fn read(&self, write: impl Fn(&[&str]) -> Arc<str>) -> (Vec<Fragment>, usize) {
        let text = |page: &Page| {
            let write = || {
                let texts: Vec<&str> = page.fragments.values().map(Fragment::as_str).collect();
                Fragment(write(&texts))
            };
            page.text.get_or_init(write).clone()
        };
        let pages = self.pages.iter().filter(|page| !page.fragments.is_empty());
        (pages.map(text).collect(), self.total)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn id(n: usize) -> SandboxId {
        format!("s{n:05}").parse().unwrap()
    }

    fn filled(count: usize) -> (Listing, Vec<PageNumber>) {
        let mut listing = Listing::default();
        let pages = (0..count)
            .map(|n| listing.put(None, &id(n), Fragment(format!("{n}").into())))
            .collect();
        (listing, pages)
    }

    /// The whole text, and how many pages had to be written for it.
    fn read(listing: &Listing) -> (String, usize) {
        let written = Cell::new(0);
        let (pages, total) = listing.read(|texts| {
            written.set(written.get() + 1);
            format!("{} ", texts.join(" ")).into()
        });
        let text: String = pages.iter().map(Fragment::as_str).collect();
        assert_eq!(text.split_whitespace().count(), total);
        (text, written.get())
    }

    #[test]
    fn a_change_costs_the_writing_of_one_page() {
        let (mut listing, pages) = filled(3 * PAGE);
        assert_eq!(read(&listing).1, 3);
        assert_eq!(read(&listing).1, 0, "it is kept");
        listing.put(Some(pages[PAGE]), &id(PAGE), Fragment("changed".into()));
        let (text, written) = read(&listing);
        assert_eq!(written, 1);
        assert!(text.contains("changed") && !text.contains(&format!(" {PAGE} ")));
        listing.remove(pages[0], &id(0));
        assert_eq!(read(&listing).1, 1);
    }

    #[test]
    fn freed_places_are_taken_first() {
        let (mut listing, pages) = filled(2 * PAGE);
        listing.remove(pages[3], &id(3));
        listing.remove(pages[3], &id(3));
        assert_eq!(
            listing.put(None, &id(9_999), Fragment("new".into())),
            pages[3]
        );
        assert_eq!(listing.pages.len(), 2);
        listing.put(None, &id(10_000), Fragment("one more".into()));
        assert_eq!(listing.pages.len(), 3);
        assert_eq!(listing.total, 2 * PAGE + 1);
    }

    #[test]
    fn without_sandboxes_there_is_no_page() {
        let (mut listing, pages) = filled(1);
        listing.remove(pages[0], &id(0));
        assert_eq!(read(&listing), (String::new(), 0));
    }
}

//! `GET /sessions/batch`: which sessions a query asks for (contract §6.1).

use std::collections::HashSet;

use crate::query;

/// The ids of a batch, in the order in which they were asked for, each once.
///
/// Two families of clients call it: V1 repeats the parameter (`ids=a&ids=b`), GO's joins with commas (`ids=a,b`). An
/// id may itself have commas, so only somebody who knows the sessions can tell: a text is split when no session has
/// it as its whole id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchQuery {
    asked: Vec<AskedId>,
}

/// One value of the parameter `ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedId {
    /// The text as sent.
    pub whole: String,
    /// Its parts between commas that are not empty; none at all when it has no comma.
    pub parts: Vec<String>,
}

impl BatchQuery {
    /// Reads the raw query, without its `?`. No ids is an empty batch.
    pub fn parse(query: Option<&str>) -> Self {
        let mut seen = HashSet::new();
        let asked = query::values(query.unwrap_or_default(), "ids")
            .filter(|whole| !whole.is_empty() && seen.insert(whole.clone()))
            .map(AskedId::new)
            .collect();
        Self { asked }
    }

    /// The values as sent.
    pub fn asked(&self) -> &[AskedId] {
        &self.asked
    }

    /// Every id that could be meant, each once: what one look-up has to ask the store for.
    pub fn candidates(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        self.asked
            .iter()
            .flat_map(|asked| std::iter::once(&asked.whole).chain(&asked.parts))
            .map(String::as_str)
            .filter(|id| seen.insert(*id))
            .collect()
    }

    /// The ids that are meant, each once, given which of the [candidates](Self::candidates) exist.
    pub fn meant(&self, exists: impl Fn(&str) -> bool) -> Vec<&str> {
        let mut seen = HashSet::new();
        let mut meant = Vec::new();
        for asked in &self.asked {
            let ids = if exists(&asked.whole) {
                std::slice::from_ref(&asked.whole)
            } else {
                asked.parts.as_slice()
            };
            meant.extend(
                ids.iter()
                    .map(String::as_str)
                    .filter(|id| exists(id) && seen.insert(*id)),
            );
        }
        meant
    }
}

impl AskedId {
    fn new(whole: String) -> Self {
        let parts = if whole.contains(',') {
            whole
                .split(',')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        } else {
            Vec::new()
        };
        Self { whole, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SESSIONS: [&str; 5] = ["a", "b", "c,d", "e/f", "batch"];

    fn meant(query: &str) -> Vec<String> {
        let batch = BatchQuery::parse(Some(query));
        batch
            .meant(|id| SESSIONS.contains(&id))
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn repeated_and_joined_ids_are_told_apart() {
        let table: [(&str, &[&str]); 10] = [
            ("", &[]),
            ("ids=", &[]),
            ("ids=a&ids=b", &["a", "b"]),
            ("ids=a,b", &["a", "b"]),
            ("ids=c,d", &["c,d"]),
            ("ids=c%2Cd&ids=a%2C,b", &["c,d", "a", "b"]),
            ("ids=a&ids=a&ids=a,b", &["a", "b"]),
            ("ids=x&ids=x,a&other=b", &["a"]),
            ("ids=e%2Ff&ids=batch", &["e/f", "batch"]),
            ("ids=,,", &[]),
        ];
        for (query, expected) in table {
            assert_eq!(meant(query), expected, "{query}");
        }
        assert_eq!(BatchQuery::parse(None), BatchQuery::default());
    }

    #[test]
    fn the_store_is_asked_for_wholes_and_parts_once() {
        let batch = BatchQuery::parse(Some("ids=a,b&ids=b&ids=a"));
        assert_eq!(batch.candidates(), ["a,b", "a", "b"]);
        assert_eq!(batch.asked().len(), 3);
    }

    #[test]
    fn a_thousand_long_ids_are_read() {
        let query: Vec<_> = (0..1000)
            .map(|number| format!("ids={number:0>200}"))
            .collect();
        assert_eq!(
            BatchQuery::parse(Some(&query.join("&"))).candidates().len(),
            1000
        );
    }

    proptest! {
        #[test]
        fn any_query_is_read(query in "[ids=&,%+0-9a-f]{0,40}|.*") {
            let batch = BatchQuery::parse(Some(&query));
            let candidates = batch.candidates();
            prop_assert!(batch.meant(|_| true).iter().all(|id| candidates.contains(id)));
        }
    }
}

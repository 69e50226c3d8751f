//! Paths and queries from texts of any letters.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves as it is (section 2.3), but for the dot: `.` and `..` are ids like any other, and no step in a
/// path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A text as one segment of a path, or as one value of a query.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// A query with the same parameter for each of these values.
pub(super) fn repeated<I>(name: &str, values: I) -> String
where
    I: IntoIterator<Item: AsRef<str>>,
{
    let pairs: Vec<_> = values
        .into_iter()
        .map(|value| format!("{name}={}", segment(value.as_ref())))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::query;

    #[test]
    fn an_id_of_any_letters_is_one_segment() {
        let table = [
            ("a/b é", "a%2Fb%20%C3%A9"),
            ("a.b-C_1~", "a%2Eb-C_1~"),
            ("..", "%2E%2E"),
            ("?x=1&y#z%", "%3Fx%3D1%26y%23z%25"),
        ];
        for (id, expected) in table {
            assert_eq!(segment(id), expected);
        }
    }

    proptest! {
        #[test]
        fn values_are_read_as_they_were_written(values in proptest::collection::vec(".*", 0..4)) {
            let text = repeated("ids", &values);
            prop_assert_eq!(query::values(&text, "ids").collect::<Vec<_>>(), values);
        }
    }
}

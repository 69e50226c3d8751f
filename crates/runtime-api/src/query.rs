//! Reading a raw query string.

use percent_encoding::percent_decode_str;

/// The values of a parameter, in order, decoded once as a form is (`+` is a space).
///
/// A value that is not UTF-8 after decoding is left out: nothing on our side can be named by it.
pub(crate) fn values<'q>(query: &'q str, name: &'q str) -> impl Iterator<Item = String> + 'q {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(move |(key, _)| decoded(key).is_some_and(|key| key == name))
        .filter_map(|(_, value)| decoded(value))
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let read = |query| values(query, "ids").collect::<Vec<_>>();
        assert_eq!(read("ids=a&x=b&ids=c"), ["a", "c"]);
        assert_eq!(read("ids=a%20b+c%2Bd%252F%26"), ["a b c+d%2F&"]);
        assert_eq!(read("i%64s=a=b"), ["a=b"]);
        assert_eq!(read("ids&ids="), ["", ""]);
        assert_eq!(read("ids=%zz&ids=%"), ["%zz", "%"]);
        assert_eq!(read("ids=%ff&ids=a"), ["a"]);
        assert!(read("").is_empty());
    }
}

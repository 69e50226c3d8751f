//! The beginning of an answer that was not understood, fit for an error: never with a key in it.

/// How much of an answer is looked at, in bytes.
const LOOKED_AT: usize = 200;
/// A run of letters as they stand in keys is hidden from this length on. Keys have 32 and more; the end of the excerpt
/// may cut one short, so what touches it is hidden at any length.
const SHORTEST_HIDDEN: usize = 12;

/// The first bytes as one line of text.
pub(super) fn beginning(body: &[u8]) -> String {
    let cut = body.len() > LOOKED_AT;
    let text = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body));
    let mut shown = without_keys(&text, cut);
    if cut {
        shown.push('…');
    }
    shown
}

/// The text with every run that could be a key hidden, and no control characters.
pub(super) fn without_keys(text: &str, cut: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let run = rest
            .find(|letter: char| !is_of_keys(letter))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(run);
        if word.is_empty() {
            shown.push(if letter.is_control() { ' ' } else { letter });
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        } else {
            let hidden =
                word.len() >= SHORTEST_HIDDEN && !is_plain_word(word) || (cut && after.is_empty());
            shown.push_str(if hidden { "[…]" } else { word });
            rest = after;
        }
    }
    shown
}

/// Base64 of both alphabets, and hex.
const fn is_of_keys(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '+' | '/')
}

/// Names of fields and tags: small letters and underscores alone, as no random key of that length is.
fn is_plain_word(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && word.contains('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_for_people_is_shown_on_one_line() {
        let page = b"<html>\n<head><title>502 Bad Gateway</title></head>";
        assert_eq!(
            beginning(page),
            "<html> <head><title>502 Bad Gateway</title></head>"
        );
        assert_eq!(beginning(b""), "");
        assert_eq!(beginning(b"\xff\x00"), "\u{fffd} ");
    }

    #[test]
    fn a_key_is_hidden_wherever_the_excerpt_is_cut() {
        let key = "b0x9Yk3lQ7TnUeXw2mLs9PdA4Zr0bQk7TnUeXw2mLs9";
        for before in 0..250 {
            let body = format!(
                r#"{}{{"session_api_key":"{key}","runtime_id":5}}"#,
                " ".repeat(before)
            );
            let shown = beginning(body.as_bytes());
            for part in key.as_bytes().windows(5) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(!shown.contains(part), "{shown}");
            }
        }
    }

    #[test]
    fn names_of_fields_stay() {
        assert_eq!(
            without_keys("missing field `session_api_key` at line 1", false),
            "missing field `session_api_key` at line 1"
        );
        assert_eq!(
            without_keys(r#"invalid type: string "b0x9Yk3lQ7TnUeXw""#, false),
            r#"invalid type: string "[…]""#
        );
    }
}

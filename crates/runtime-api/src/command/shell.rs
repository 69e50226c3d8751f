//! Does a command need a shell, or is it words?

use crate::body::BodyError;

/// How a text must be run.
pub(super) enum Reading {
    /// As these words.
    Words(Vec<String>),
    /// By a shell.
    Script,
}

/// Reads a text by the rules of POSIX (Shell Command Language, 2.2 Quoting and 2.3 Token Recognition).
///
/// # Errors
/// A quote that is not closed or a backslash at the end, unless the text has a here-document, in which quotes are text.
pub(super) fn read(text: &str) -> Result<Reading, BodyError> {
    let scan = Scan::of(text);
    match scan.open {
        Some(open) if !scan.here_document => Err(BodyError::of_field("command", open)),
        _ if scan.script => Ok(Reading::Script),
        _ => {
            // The scan found every quote closed, which is the one thing that the splitter refuses.
            let words = shlex::split(text).unwrap_or_default();
            Ok(if words.first().is_some_and(|word| is_assignment(word)) {
                Reading::Script
            } else {
                Reading::Words(words)
            })
        }
    }
}

/// What one pass over the text found.
#[derive(Default)]
struct Scan {
    /// It has something that only a shell understands.
    script: bool,
    /// It has a here-document.
    here_document: bool,
    /// What is missing at its end.
    open: Option<&'static str>,
}

impl Scan {
    fn of(text: &str) -> Self {
        let mut scan = Self::default();
        let mut letters = text.chars().peekable();
        let mut word_begins = true;
        let mut seen_word = false;
        let mut line_ended = false;
        while let Some(letter) = letters.next() {
            if matches!(letter, ' ' | '\t' | '\n') {
                line_ended |= letter == '\n' && seen_word;
                word_begins = true;
                continue;
            }
            // A second line is a second command; empty lines around the only one are not.
            scan.script |= line_ended;
            seen_word = true;
            let begins = std::mem::replace(&mut word_begins, false);
            match letter {
                '\\' => match letters.next() {
                    // A line that goes on: the splitter would make an empty word of it.
                    Some('\n') => scan.script = true,
                    Some(_) => {}
                    None => {
                        scan.open = Some("ends in a backslash: escape it as `\\\\` or remove it");
                    }
                },
                '\'' => scan.single_quoted(&mut letters),
                '"' => scan.double_quoted(&mut letters),
                '#' if begins => {
                    scan.script = true;
                    while letters.next_if(|letter| *letter != '\n').is_some() {}
                }
                '<' if letters.peek() == Some(&'<') => {
                    scan.script = true;
                    scan.here_document = true;
                }
                '|' | '&' | ';' | '<' | '>' | '(' | ')' => {
                    scan.script = true;
                    word_begins = true;
                }
                '$' | '`' => scan.script = true,
                _ => {}
            }
        }
        scan
    }

    fn single_quoted(&mut self, letters: &mut impl Iterator<Item = char>) {
        if !letters.any(|letter| letter == '\'') {
            self.open =
                Some("has a single quote that is not closed: close it, or send an array of words");
        }
    }

    fn double_quoted(&mut self, letters: &mut impl Iterator<Item = char>) {
        while let Some(letter) = letters.next() {
            match letter {
                '"' => return,
                '\\' => drop(letters.next()),
                '$' | '`' => self.script = true,
                _ => {}
            }
        }
        self.open =
            Some("has a double quote that is not closed: close it, or send an array of words");
    }
}

/// `NAME=value` in front of a program: as a word it would be a program that cannot exist.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

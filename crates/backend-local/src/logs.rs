//! The end of what a boot wrote, over the current file and the full ones before it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// What is kept of a boot's output when it ends, in bytes.
const TAIL_BYTES: u64 = 4096;
/// And in lines.
const TAIL_LINES: usize = 30;

/// The file that the output moved to after it was filled `age` files ago; 0 is the current one.
pub(crate) fn file(current: &Path, age: u32) -> PathBuf {
    if age == 0 {
        return current.to_owned();
    }
    let mut name = current.as_os_str().to_owned();
    name.push(format!(".{age}"));
    PathBuf::from(name)
}

/// The last `bytes` at most, or nothing where there is no log.
pub(crate) fn read_end(current: &Path, bytes: u64) -> io::Result<Option<String>> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let mut left = bytes;
    let mut found = false;
    for age in 0.. {
        let mut log = match File::open(file(current, age)) {
            Ok(log) => log,
            // Between two steps of a rotation the current file is missing for a moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound && age == 0 => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        };
        found = true;
        let size = log.metadata()?.len();
        log.seek(SeekFrom::Start(size.saturating_sub(left)))?;
        let mut part = Vec::new();
        log.take(left).read_to_end(&mut part)?;
        left = left.saturating_sub(u64::try_from(part.len()).unwrap_or(u64::MAX));
        parts.push(part);
        if left == 0 {
            break;
        }
    }
    parts.reverse();
    Ok(found.then(|| text(&parts.concat())))
}

/// Bytes as text; a character that was cut at the beginning is left out.
fn text(bytes: &[u8]) -> String {
    let cut = bytes
        .iter()
        .take(3)
        .take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000)
        .count();
    String::from_utf8_lossy(bytes.get(cut..).unwrap_or_default()).into_owned()
}

/// The last lines that a boot wrote; empty where nothing is known.
pub(crate) fn tail(current: &Path) -> String {
    let text = read_end(current, TAIL_BYTES)
        .ok()
        .flatten()
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(TAIL_LINES)..)
        .unwrap_or_default()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_end_is_read_over_several_files() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("output.log");
        assert_eq!(read_end(&log, 10).unwrap(), None);
        fs::write(file(&log, 2), "one\n").unwrap();
        fs::write(file(&log, 1), "two\n").unwrap();
        assert_eq!(read_end(&log, 100).unwrap().as_deref(), Some("one\ntwo\n"));
        fs::write(&log, "three\n").unwrap();
        assert_eq!(
            read_end(&log, 100).unwrap().as_deref(),
            Some("one\ntwo\nthree\n")
        );
        assert_eq!(read_end(&log, 8).unwrap().as_deref(), Some("o\nthree\n"));
        assert_eq!(tail(&log), "one\ntwo\nthree");
    }

    #[test]
    fn a_cut_character_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("output.log");
        fs::write(&log, "€uro").unwrap();
        assert_eq!(read_end(&log, 5).unwrap().as_deref(), Some("uro"));
        assert_eq!(read_end(&log, 7).unwrap().as_deref(), Some("€uro"));
    }
}

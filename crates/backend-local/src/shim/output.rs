//! What the program writes: from its pipe to the log, in files of bounded size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::config::LogLimits;
use crate::logs;

/// Read at once, in bytes.
const CHUNK: usize = 16 * 1024;

/// The log of one boot, open for writing.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    limits: LogLimits,
    /// None until something is written to it.
    file: Option<File>,
    size: u64,
    /// It could not be written the last time.
    losing: bool,
}

impl Log {
    /// A new log.
    pub(super) fn create(path: PathBuf, limits: LogLimits) -> io::Result<Self> {
        let file = open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path,
            limits,
            file: Some(file),
            size,
            losing: false,
        })
    }

    /// Writes all of it, in as many files as that needs. Files end at the end of a line, unless one line is longer than
    /// a file.
    fn write(&mut self, mut bytes: &[u8]) {
        let max = self.limits.max_bytes.max(1);
        while !bytes.is_empty() {
            let room = usize::try_from(max.saturating_sub(self.size)).unwrap_or(usize::MAX);
            let fits = bytes.get(..room).unwrap_or(bytes);
            let part = if fits.len() == bytes.len() {
                bytes
            } else {
                match fits.iter().rposition(|byte| *byte == b'\n') {
                    Some(end) => bytes.get(..=end).unwrap_or(fits),
                    None if self.size == 0 => fits,
                    None => &[],
                }
            };
            self.append(part);
            bytes = bytes.get(part.len()..).unwrap_or_default();
            if !bytes.is_empty() {
                self.rotate();
            }
        }
    }

    /// Writes to the current file, or loses it: the program must go on whatever happens to its log.
    fn append(&mut self, part: &[u8]) {
        let written = match &mut self.file {
            Some(file) => file.write_all(part),
            None => open(&self.path).and_then(|file| self.file.insert(file).write_all(part)),
        };
        match written {
            Ok(()) => {
                self.losing = false;
                self.size = self
                    .size
                    .saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
            }
            Err(error) => {
                if !self.losing {
                    super::note(&format!("cannot write the log, output is lost: {error}"));
                }
                self.losing = true;
            }
        }
    }

    /// Moves every file one further, the oldest out. The next write opens a new one.
    fn rotate(&mut self) {
        let oldest = self.limits.files.saturating_sub(1);
        for age in (0..oldest).rev() {
            let from = logs::file(&self.path, age);
            // The older ones are not there yet.
            fs::rename(from, logs::file(&self.path, age + 1)).ok();
        }
        if oldest == 0 {
            fs::remove_file(&self.path).ok();
        }
        self.size = 0;
        self.file = None;
    }
}

fn open(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// The read end of the program's output.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) pipe: PipeReader,
    log: Log,
    buffer: Box<[u8]>,
}

/// Whether more can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    Maybe,
    Never,
}

impl Output {
    pub(super) fn new(pipe: PipeReader, log: Log) -> Self {
        Self {
            pipe,
            log,
            buffer: vec![0; CHUNK].into_boxed_slice(),
        }
    }

    /// Takes what is there; waits where nothing is.
    pub(super) fn take(&mut self) -> More {
        match self.pipe.read(&mut self.buffer) {
            Ok(0) => More::Never,
            Ok(length) => {
                self.log
                    .write(self.buffer.get(..length).unwrap_or_default());
                More::Maybe
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => More::Maybe,
            Err(error) => {
                super::note(&format!("cannot read the program's output: {error}"));
                More::Never
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(max_bytes: u64, files: u32) -> (tempfile::TempDir, Log) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("output.log");
        let log = Log::create(path, LogLimits { max_bytes, files }).unwrap();
        (dir, log)
    }

    fn read(log: &Log, age: u32) -> Option<String> {
        fs::read_to_string(logs::file(&log.path, age)).ok()
    }

    #[test]
    fn files_end_with_a_line() {
        let (_dir, mut log) = log(8, 3);
        log.write(b"one\ntwo\nthree\n");
        log.write(b"four\n");
        assert_eq!(read(&log, 2).as_deref(), Some("one\ntwo\n"));
        assert_eq!(read(&log, 1).as_deref(), Some("three\n"));
        assert_eq!(read(&log, 0).as_deref(), Some("four\n"));
        log.write(b"five\n");
        assert_eq!(read(&log, 2).as_deref(), Some("three\n"), "the oldest went");
        assert_eq!(read(&log, 3), None);
    }

    #[test]
    fn a_line_longer_than_a_file_is_cut_and_nothing_of_it_is_lost() {
        let (_dir, mut log) = log(4, 9);
        log.write(b"0123456789");
        let whole: String = (0..9).rev().filter_map(|age| read(&log, age)).collect();
        assert_eq!(whole, "0123456789");
    }

    #[test]
    fn one_file_is_emptied_when_it_is_full() {
        let (_dir, mut log) = log(4, 1);
        log.write(b"abc\ndef\n");
        assert_eq!(read(&log, 0).as_deref(), Some("def\n"));
        assert_eq!(read(&log, 1), None);
    }
}

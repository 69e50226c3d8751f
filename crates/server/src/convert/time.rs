//! Points in time as clients read them.

use jiff::fmt::temporal::DateTimePrinter;
use runtime_core::Timestamp;

/// Three digits: records have milliseconds.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// RFC 3339 in UTC, with milliseconds; none for a time that no calendar has.
pub(crate) fn rfc3339(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    Some(PRINTER.timestamp_to_string(&at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        let text = |millis| rfc3339(Timestamp::from_millis(millis));
        assert_eq!(text(0).unwrap(), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(1_767_607_200_250).unwrap(), "2026-01-05T10:00:00.250Z");
        assert_eq!(text(i64::MAX), None);
    }
}

//! Times for people.

use std::time::Duration;

use runtime_core::Timestamp;

/// A time as the server writes it (RFC 3339).
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

/// How long ago it was, in words; a clock that is behind makes no negative time.
pub(super) fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(
        || "an unknown time".to_owned(),
        |at| in_words(now.since(at)),
    )
}

/// In the two largest units that matter.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_units_that_matter() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3660, "1 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn what_the_server_writes_is_read() {
        let at = moment("1970-01-01T00:00:01.500Z").unwrap();
        assert_eq!(at, Timestamp::from_millis(1500));
        assert_eq!(moment("soon"), None);
        assert_eq!(ago(Some(at), Timestamp::from_millis(0)), "0 s");
    }
}

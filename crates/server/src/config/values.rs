//! Settings that are written as text: times, sizes, addresses, ranges.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::{Deserializer, Error as _, Visitor};

use super::error::ConfigError;
use super::file::LogFormat;

/// A setting that is written as text.
pub(super) trait Written: Sized {
    /// What is allowed; it goes on after *must be*.
    const ALLOWED: &str;

    /// None where the text is something else.
    fn read(text: &str) -> Option<Self>;
}

/// For `#[serde(deserialize_with)]`.
pub(super) fn written<'de, D: Deserializer<'de>, T: Written>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor(PhantomData))
}

/// As [`written`], for a setting that may be absent.
pub(super) fn maybe_written<'de, D: Deserializer<'de>, T: Written>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    written(deserializer).map(Some)
}

/// The value of a flag.
pub(super) fn flag<T: Written>(flag: &'static str, text: &str) -> Result<T, ConfigError> {
    T::read(text).ok_or_else(|| ConfigError::Flag {
        flag,
        mistake: format!("must be {}, not {text:?}", T::ALLOWED),
    })
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Written> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::ALLOWED)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        T::read(text).ok_or_else(|| E::custom(format!("must be {}, not {text:?}", T::ALLOWED)))
    }
}

impl Written for SocketAddr {
    const ALLOWED: &str = "an address with a port, such as \"127.0.0.1:9000\" or \"[::1]:9000\"";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Written for IpAddr {
    const ALLOWED: &str = "an IP address, such as \"127.0.0.1\" or \"::1\"";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Written for Duration {
    const ALLOWED: &str = "a time, such as \"500ms\", \"30s\", \"5m\", \"2h\" or \"90d\"";

    fn read(text: &str) -> Option<Self> {
        let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
        let (count, unit) = text.split_at_checked(unit_at)?;
        let count: u64 = count.parse().ok()?;
        let seconds = |each: u64| count.checked_mul(each).map(Self::from_secs);
        match unit.trim() {
            "ms" => Some(Self::from_millis(count)),
            "s" => seconds(1),
            "m" => seconds(60),
            "h" => seconds(3600),
            "d" => seconds(24 * 3600),
            _ => None,
        }
    }
}

impl Written for RangeInclusive<u16> {
    const ALLOWED: &str = "a range of ports, such as \"20000-29999\"";

    fn read(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (1..=last).contains(&first).then_some(first..=last)
    }
}

/// A number of bytes; zero stands for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

impl Written for Bytes {
    const ALLOWED: &str = "a size, such as \"512MiB\" or \"4GiB\"";

    fn read(text: &str) -> Option<Self> {
        let unit_at = text
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(text.len());
        let (count, unit) = text.split_at_checked(unit_at)?;
        let factor = match unit.trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1_u64 << 40,
            _ => return None,
        };
        count.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl Written for LogFormat {
    const ALLOWED: &str = "\"human\" or \"json\"";

    fn read(text: &str) -> Option<Self> {
        match text {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// For secrets: no error ever quotes the text.
pub(super) fn secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    struct Secret;

    impl Visitor<'_> for Secret {
        type Value = SecretString;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretString, E> {
            Ok(text.to_owned().into())
        }
    }

    deserializer
        .deserialize_str(Secret)
        .map(Some)
        .map_err(|_quoting| D::Error::custom("must be a text in quotes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [
            ("0s", 0.0),
            ("500ms", 0.5),
            ("30s", 30.0),
            ("30 s", 30.0),
            ("5m", 300.0),
            ("2h", 7200.0),
            ("90d", 7_776_000.0),
        ] {
            assert_eq!(Duration::read(text), Some(Duration::from_secs_f64(seconds)));
        }
        for wrong in ["", "s", "30", "-1s", "1.5s", "1w", "99999999999999999999s"] {
            assert_eq!(Duration::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(Bytes::read("0"), Some(Bytes(0)));
        assert_eq!(Bytes::read("4GiB"), Some(Bytes(4 << 30)));
        assert_eq!(Bytes::read("512 MiB"), Some(Bytes(512 << 20)));
        for wrong in ["", "GiB", "4GB", "4gib", "99999999TiB"] {
            assert_eq!(Bytes::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_range_has_a_first_and_a_last() {
        let read = RangeInclusive::<u16>::read;
        assert_eq!(read("20000-29999"), Some(20_000..=29_999));
        assert_eq!(read("7 - 7"), Some(7..=7));
        for wrong in ["", "7", "7-", "8-7", "0-7", "7-65536", "a-b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

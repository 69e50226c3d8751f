//! How settings are written: which TOML type they have, what is allowed, and back to text.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use runtime_core::TenantId;
use secrecy::SecretString;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Serialize as _, Serializer};

/// In the place of a secret.
pub(super) const HIDDEN: &str = "…";

/// Which TOML type a setting has, and so what the text of a variable means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Whole,
    Number,
    Truth,
    /// A list of texts; apart by commas in a variable.
    List,
}

/// A type that a key can have.
pub(crate) trait Setting {
    const KIND: Kind;
    /// What is allowed; it goes on after *must be*, and in a list after *each*.
    const ALLOWED: &'static str;
}

/// A setting that is written as text and read by us.
pub(crate) trait Written: Sized {
    /// As [`Setting::ALLOWED`].
    const ALLOWED: &'static str;

    /// None where the text is something else.
    fn read(text: &str) -> Option<Self>;

    /// What [`read`](Self::read) takes back.
    fn write(&self) -> String;
}

impl<T: Written> Setting for T {
    const KIND: Kind = Kind::Text;
    const ALLOWED: &'static str = T::ALLOWED;
}

impl<T: Setting> Setting for Vec<T> {
    const KIND: Kind = Kind::List;
    const ALLOWED: &'static str = T::ALLOWED;
}

impl Setting for bool {
    const KIND: Kind = Kind::Truth;
    const ALLOWED: &'static str = "true or false";
}

impl Setting for u32 {
    const KIND: Kind = Kind::Whole;
    const ALLOWED: &'static str = "a whole number";
}

impl Setting for u64 {
    const KIND: Kind = Kind::Whole;
    const ALLOWED: &'static str = "a whole number";
}

impl Setting for usize {
    const KIND: Kind = Kind::Whole;
    const ALLOWED: &'static str = "a whole number";
}

impl Setting for f64 {
    const KIND: Kind = Kind::Number;
    const ALLOWED: &'static str = "a number";
}

impl Setting for SecretString {
    const KIND: Kind = Kind::Text;
    const ALLOWED: &'static str = "a text in quotes";
}

impl Written for String {
    const ALLOWED: &'static str = "a text in quotes";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn write(&self) -> String {
        self.clone()
    }
}

impl Written for PathBuf {
    const ALLOWED: &'static str = "a path in quotes";

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.into())
    }

    fn write(&self) -> String {
        self.display().to_string()
    }
}

impl Written for SocketAddr {
    const ALLOWED: &'static str =
        "an address with a port, such as \"127.0.0.1:9000\" or \"[::1]:9000\"";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for IpAddr {
    const ALLOWED: &'static str = "an IP address, such as \"127.0.0.1\" or \"::1\"";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for IpNet {
    const ALLOWED: &'static str =
        "an IP address or a network, such as \"10.0.0.7\" or \"10.0.0.0/8\"";

    fn read(text: &str) -> Option<Self> {
        let one_address = || text.parse::<IpAddr>().ok().map(Self::from);
        text.parse().ok().or_else(one_address)
    }

    fn write(&self) -> String {
        if self.prefix_len() == self.max_prefix_len() {
            self.addr().to_string()
        } else {
            self.to_string()
        }
    }
}

impl Written for TenantId {
    const ALLOWED: &'static str = "1 to 63 letters, digits, dots, dashes and underscores";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}

/// Units of time and their milliseconds, the smallest first.
const TIMES: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

impl Written for Duration {
    const ALLOWED: &'static str = "a time, such as \"500ms\", \"30s\", \"5m\", \"2h\" or \"90d\"";

    fn read(text: &str) -> Option<Self> {
        count(text, &TIMES).map(Self::from_millis)
    }

    fn write(&self) -> String {
        match u64::try_from(self.as_millis()) {
            Ok(0) => "0s".to_owned(),
            Ok(count) => in_largest(count, &TIMES),
            Err(_) => format!("{}s", self.as_secs()),
        }
    }
}

impl Written for RangeInclusive<u16> {
    const ALLOWED: &'static str = "a range of ports, such as \"20000-29999\"";

    fn read(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (1..=last).contains(&first).then_some(first..=last)
    }

    fn write(&self) -> String {
        format!("{}-{}", self.start(), self.end())
    }
}

/// A number of bytes; zero stands for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

/// Units of sizes and their bytes, the smallest first.
const SIZES: [(&str, u64); 6] = [
    ("", 1),
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl Written for Bytes {
    const ALLOWED: &'static str = "a size, such as \"512MiB\" or \"4GiB\"";

    fn read(text: &str) -> Option<Self> {
        count(text, &SIZES).map(Self)
    }

    fn write(&self) -> String {
        if self.0 == 0 {
            "0".to_owned()
        } else {
            in_largest(self.0, &SIZES)
        }
    }
}

/// `4 GiB` by the units, in the smallest.
fn count(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let unit_at = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (count, unit) = text.split_at_checked(unit_at)?;
    let &(_, each) = units.iter().find(|(name, _)| *name == unit.trim())?;
    count.parse::<u64>().ok()?.checked_mul(each)
}

/// In the largest unit of which it is a whole number.
fn in_largest(count: u64, units: &[(&str, u64)]) -> String {
    let whole = |(_, each): &&(&str, u64)| count.is_multiple_of(*each);
    units.iter().rev().find(whole).map_or_else(
        || count.to_string(),
        |(unit, each)| format!("{}{unit}", count / each),
    )
}

/// For `#[serde(with)]` of a setting that is written as text.
pub(super) mod written {
    use super::*;

    pub(crate) fn serialize<S: Serializer, T: Written>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.write())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Written>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

/// As [`written`], for a setting that may be absent.
pub(super) mod maybe_written {
    use super::*;

    pub(crate) fn serialize<S: Serializer, T: Written>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(T::write).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Written>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        written::deserialize(deserializer).map(Some)
    }
}

/// As [`written`], for a list.
pub(super) mod written_list {
    use super::*;

    pub(crate) fn serialize<S: Serializer, T: Written>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(T::write))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Written>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

/// For a secret that may be absent: no error quotes it, and nothing writes it.
pub(super) mod secret {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<SecretString>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(|_| HIDDEN).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SecretString>, D::Error> {
        written::deserialize::<D, String>(deserializer)
            .map(|text| Some(text.into()))
            .map_err(|_quoting| D::Error::custom("must be a text in quotes"))
    }
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

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Written> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list, each {}", T::ALLOWED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = seq.next_element::<String>()? {
            all.push(TextVisitor(PhantomData).visit_str(&text)?);
        }
        Ok(all)
    }
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

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["10.0.0.7", "10.0.0.0/8", "fd00::/8", "::1"] {
            assert_eq!(IpNet::read(text).unwrap().write(), text);
        }
        assert_eq!(IpNet::read("10.0.0.7/33"), None);
        for text in ["0s", "1ms", "1500ms", "90s", "20m", "36h", "90d"] {
            assert_eq!(Duration::read(text).unwrap().write(), text);
        }
        assert_eq!(Duration::from_secs(3600).write(), "1h");
        for text in ["0", "1000B", "3KiB", "10MiB", "4GiB", "2TiB"] {
            assert_eq!(Bytes::read(text).unwrap().write(), text);
        }
    }

    #[test]
    fn each_item_of_a_list_is_read() {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Hosts {
            #[serde(with = "written_list")]
            hosts: Vec<IpAddr>,
        }

        let text = "hosts = [\"127.0.0.1\", \"::1\"]\n";
        let hosts: Hosts = toml::from_str(text).unwrap();
        assert_eq!(hosts.hosts.len(), 2);
        assert_eq!(toml::to_string(&hosts).unwrap(), text);
        toml::from_str::<Hosts>("hosts = [\"127.0.0.1\", \"a\"]").unwrap_err();
    }
}

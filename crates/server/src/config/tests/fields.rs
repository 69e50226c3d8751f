//! The keys that serde reads, found by asking it: for each path, a deserializer that answers with the fields it was
//! asked for.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor, value};
use serde::{Deserialize as _, forward_to_deserialize_any};

use crate::config::sections::Config;

/// The path of every field that is no section, lists as `local.images[].image`.
pub(super) fn fields() -> Vec<String> {
    let mut found = Vec::new();
    descend(&[], &mut found);
    found
}

fn descend(path: &[&'static str], found: &mut Vec<String>) {
    let mut probe = Probe {
        path,
        fields: None,
        in_list: false,
    };
    Config::deserialize(&mut probe).unwrap_err();
    let Some(fields) = probe.fields else {
        found.push(path.join(".").replace(".[]", "[]"));
        return;
    };
    for field in fields {
        let mut below = path.to_vec();
        if probe.in_list {
            below.push("[]");
        }
        below.push(field);
        descend(&below, found);
    }
}

/// Goes down `path` and notes what stands at its end.
struct Probe<'a> {
    path: &'a [&'static str],
    /// The fields, where a struct stands there.
    fields: Option<&'static [&'static str]>,
    /// Whether the struct is that of a list.
    in_list: bool,
}

type Stop = value::Error;

fn stop() -> Stop {
    serde::de::Error::custom("seen")
}

impl<'de> Deserializer<'de> for &mut Probe<'_> {
    type Error = Stop;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.path.split_first() {
            None => {
                self.fields = Some(fields);
                Err(stop())
            }
            Some((first, rest)) => {
                self.path = rest;
                visitor.visit_map(Field(first, self))
            }
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if let Some((&"[]", rest)) = self.path.split_first() {
            self.path = rest;
        } else {
            self.in_list = true;
        }
        visitor.visit_seq(Item(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        Err(stop())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map enum identifier ignored_any
    }
}

struct Field<'a, 'b>(&'static str, &'a mut Probe<'b>);

impl<'de> MapAccess<'de> for Field<'_, '_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        seed.deserialize(value::StrDeserializer::new(self.0))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(&mut *self.1)
    }
}

struct Item<'a, 'b>(&'a mut Probe<'b>);

impl<'de> SeqAccess<'de> for Item<'_, '_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        seed.deserialize(&mut *self.0).map(Some)
    }
}

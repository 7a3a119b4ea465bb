//! What the fields of a lock file may hold, read with the manners of the tools that write them:
//! of equal keys the last holds, `null` is absent, an empty list stands for an empty map (PHP
//! does not tell them apart).
//!
//! `record!` makes a struct that is read so; derived readers refuse equal keys.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::limits::MAX_PACKAGES;

/// A scalar as text, borrowed from the input where it can be; a list or map reads as empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    /// Whether it is the boolean `true`.
    pub(crate) fn is_true(&self) -> bool {
        self.0 == "true"
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A map, in the order of the file, equal keys kept. At most [`MAX_PACKAGES`] entries.
#[derive(Debug)]
pub(crate) struct Entries<'a, V>(pub(crate) Vec<(Text<'a>, V)>);

impl<V> Default for Entries<'_, V> {
    fn default() -> Self {
        Entries(Vec::new())
    }
}

impl<V> Entries<'_, V> {
    /// The value of the last entry with this key.
    pub(crate) fn last(&self, key: &str) -> Option<&V> {
        self.0.iter().rev().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }
}

/// A list. At most [`MAX_PACKAGES`] elements.
#[derive(Debug)]
pub(crate) struct List<V>(pub(crate) Vec<V>);

impl<V> Default for List<V> {
    fn default() -> Self {
        List(Vec::new())
    }
}

/// A map read as `V`; anything else reads as `V`'s default, so that one odd entry does not hide
/// the others.
#[derive(Debug, Default)]
pub(crate) struct Loose<V>(pub(crate) V);

/// Defines a struct with lifetime `'a` whose fields are read from the keys given; every field may
/// be absent or `null`, unknown keys are passed over, of equal keys the last holds.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($field:ident = $key:literal: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        struct $name<'a> {
            $($field: $type,)*
            lifetime: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> serde::Deserialize<'a> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
                struct Fields<'a>(std::marker::PhantomData<&'a ()>);

                impl<'a> serde::de::Visitor<'a> for Fields<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a map")
                    }

                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok($name::default())
                    }

                    fn visit_map<A: serde::de::MapAccess<'a>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut record = $name::default();
                        while let Some(key) = map.next_key::<$crate::value::Text<'a>>()? {
                            match &*key {
                                $($key => record.$field = map.next_value()?,)*
                                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok(record)
                    }
                }

                from.deserialize_any(Fields(std::marker::PhantomData))
            }
        }
    };
}

pub(crate) use record;

impl<'a> Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'a> Visitor<'a> for TextVisitor {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
}

impl<'a, V: Deserialize<'a>> Deserialize<'a> for Entries<'a, V> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'a, V: Deserialize<'a>> Visitor<'a> for EntriesVisitor<V> {
    type Value = Entries<'a, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Entries::default())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        match list.next_element::<IgnoredAny>()? {
            None => Ok(Entries::default()),
            Some(_) => Err(A::Error::custom("expected a map, found a list")),
        }
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            check_count(entries.len())?;
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl<'a, V: Deserialize<'a>> Deserialize<'a> for List<V> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<V>(PhantomData<V>);

impl<'a, V: Deserialize<'a>> Visitor<'a> for ListVisitor<V> {
    type Value = List<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_entry::<IgnoredAny, IgnoredAny>()? {
            None => Ok(List::default()),
            Some(_) => Err(A::Error::custom("expected a list, found a map")),
        }
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            check_count(elements.len())?;
            elements.push(element);
        }
        Ok(List(elements))
    }
}

fn check_count<E: Error>(count: usize) -> Result<(), E> {
    if count < MAX_PACKAGES {
        Ok(())
    } else {
        Err(E::custom(format_args!("more than {MAX_PACKAGES} entries in one place")))
    }
}

impl<'a, V: Deserialize<'a> + Default> Deserialize<'a> for Loose<V> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LooseVisitor(PhantomData))
    }
}

struct LooseVisitor<V>(PhantomData<V>);

impl<'a, V: Deserialize<'a> + Default> Visitor<'a> for LooseVisitor<V> {
    type Value = Loose<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Loose::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Loose::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Loose::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Loose::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Loose::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose::default())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::default())
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        V::deserialize(MapAccessDeserializer::new(map)).map(Loose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{json, toml, yaml};

    record! {
        Sample {
            name = "name": Text<'a>,
            on = "on": Text<'a>,
            entries = "entries": Entries<'a, Loose<Inner<'a>>>,
            list = "list": List<Text<'a>>,
        }
    }

    record! { Inner { x = "x": Text<'a>, } }

    #[test]
    fn reads_with_the_manners_of_the_writers() {
        let sample: Sample<'_> = json(
            r#"{"name":"a","name":"b","on":true,"other":{"deep":[1]},"list":null,
               "entries":{"p":{"x":1.5},"q":"odd","r":[1],"s":{"x":["no"]},"p":{"x":"last"}}}"#,
        )
        .unwrap();
        assert_eq!((&*sample.name, sample.on.is_true()), ("b", true));
        assert!(matches!(sample.name.0, Cow::Borrowed(_)));
        assert!(sample.list.0.is_empty());
        let read: Vec<_> = sample.entries.0.iter().map(|(k, v)| (&**k, &*v.0.x)).collect();
        assert_eq!(read, [("p", "1.5"), ("q", ""), ("r", ""), ("s", ""), ("p", "last")]);
        assert_eq!(&*sample.entries.last("p").unwrap().0.x, "last");
    }

    #[test]
    fn empty_lists_stand_for_empty_maps_and_other_shapes_are_errors() {
        assert!(json::<Sample<'_>>(r#"{"entries":[]}"#).unwrap().entries.0.is_empty());
        for bad in [r#"{"entries":[1]}"#, r#"{"entries":"x"}"#, r#"{"list":{"a":1}}"#, "[]"] {
            assert!(json::<Sample<'_>>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_in_toml_and_yaml() {
        let sample: Sample<'_> =
            toml("name = 'n'\nlist = ['a', 1]\n[entries]\np = {x = 'y'}\nq = 1").unwrap();
        assert_eq!((&*sample.name, sample.list.0.len(), sample.entries.0.len()), ("n", 2, 2));
        let sample: Sample<'_> =
            yaml("name: a\nname: b\non: yes\nlist: [a]\nentries:\n  p: {x: y}\n  q:\n").unwrap();
        assert_eq!((&*sample.name, &*sample.on, sample.entries.0.len()), ("b", "yes", 2));
    }
}

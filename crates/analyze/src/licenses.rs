//! `Licenses`: the licence field of a package's description, in every shape that was ever used.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::limits::{MAX_LICENSES, MAX_NAME_BYTES};
use crate::value::Text;

/// Licences as declared: a name, a map with `type` or `name`, or a list of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Licenses(pub(crate) Vec<String>);

impl Licenses {
    fn add(&mut self, name: &str) {
        let name = name.trim();
        if !name.is_empty() && name.len() <= MAX_NAME_BYTES && self.0.len() < MAX_LICENSES {
            self.0.push(name.to_owned());
        }
    }
}

impl<'a> Deserialize<'a> for Licenses {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LicensesVisitor)
    }
}

struct LicensesVisitor;

impl<'a> Visitor<'a> for LicensesVisitor {
    type Value = Licenses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a licence")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let mut licenses = Licenses::default();
        licenses.add(name);
        Ok(licenses)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Licenses::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Licenses::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Licenses::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Licenses::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Licenses::default())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut licenses = Licenses::default();
        while let Some(inner) = list.next_element::<Licenses>()? {
            inner.0.iter().for_each(|name| licenses.add(name));
        }
        Ok(licenses)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut licenses = Licenses::default();
        while let Some(key) = map.next_key::<Text<'a>>()? {
            if matches!(&*key, "type" | "name") {
                licenses.add(&map.next_value::<Text<'a>>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(licenses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape() {
        for (json, expect) in [
            (r#""MIT""#, &["MIT"][..]),
            (r#"{"type":"BSD","url":"https://host"}"#, &["BSD"]),
            (r#"[{"type":"MIT"},"Apache-2.0",[{"name":"ISC"}]]"#, &["MIT", "Apache-2.0", "ISC"]),
            ("null", &[]),
            ("false", &[]),
            ("-1", &[]),
            ("1.5", &[]),
            (r#"{"type":{"a":1}}"#, &[]),
            (r#""  ""#, &[]),
        ] {
            assert_eq!(crate::text::json::<Licenses>(json).unwrap().0, expect, "{json}");
        }
    }
}

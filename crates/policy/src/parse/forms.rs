//! Values that may be written in two forms: `true` for all defaults or a mapping, one text or a list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `true`, or what is to be otherwise than usual.
pub(super) struct TrueOr<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TrueOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TrueOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true` or keys and values")
            }

            fn visit_bool<E: Error>(self, is: bool) -> Result<Self::Value, E> {
                if is { Ok(TrueOr(None)) } else { Err(E::custom(NOT_FALSE)) }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "true" => Ok(TrueOr(None)),
                    "false" => Err(E::custom(NOT_FALSE)),
                    other => Err(E::custom(format!("`{other}` is not `true` or keys and values"))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|value| TrueOr(Some(value)))
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// What is said of `false` where a rule is switched on by being there.
const NOT_FALSE: &str = "write `true`, or take the rule out";

/// One text, or a list of them.
#[derive(Default)]
pub(super) struct OneOrMany(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

//! `ConnectionMap`: who speaks with whom on this node, the last seen kept.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lru::LruCache;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::flow::PROTOCOLS;
use crate::AgentError;
use crate::kept::read_kept;

/// The name of a protocol, one of a few.
pub type ProtocolName = &'static str;

/// Who speaks with whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EdgeKey {
    /// Who began: a workload, or an address or network from outside.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub from: Arc<str>,
    /// With whom: a workload or an address.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub to: Arc<str>,
    /// The port of the one spoken to.
    pub port: u16,
    /// `tcp`, `udp` …
    #[serde(deserialize_with = "protocol")]
    pub protocol: ProtocolName,
}

/// An edge of the connection map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Who with whom.
    #[serde(flatten)]
    pub key: EdgeKey,
    /// Connections begun, of datagrams calls that sent them.
    pub count: u64,
    /// Of these, how many failed at once.
    pub failed: u64,
    /// When first, in nanoseconds since 1970.
    pub first_ns: i64,
    /// When last.
    pub last_ns: i64,
}

/// The edges, the least recent go first.
#[derive(Debug)]
pub(super) struct ConnectionMap(LruCache<EdgeKey, Edge>);

impl ConnectionMap {
    /// A map of so many edges that begins with those of before, the most recent of them.
    pub(super) fn new(edges: usize, mut before: Vec<Edge>) -> Self {
        let room = NonZeroUsize::new(edges).unwrap_or(NonZeroUsize::MIN);
        let mut map = LruCache::new(room);
        before.sort_by_key(|edge| edge.last_ns);
        for edge in before {
            map.put(edge.key.clone(), edge);
        }
        ConnectionMap(map)
    }

    /// Takes a connection in. `counts` is false of what the other end has counted already.
    pub(super) fn add(&mut self, key: EdgeKey, now_ns: i64, counts: bool, failed: bool) {
        let edge = self.0.get_or_insert_mut_ref(&key, || Edge {
            key: key.clone(),
            count: 0,
            failed: 0,
            first_ns: now_ns,
            last_ns: now_ns,
        });
        edge.count += u64::from(counts);
        edge.failed += u64::from(failed);
        edge.last_ns = now_ns;
    }

    /// Every edge, in the order of their names.
    pub(super) fn edges(&self) -> Vec<Edge> {
        let mut edges: Vec<Edge> = self.0.iter().map(|(_, edge)| edge.clone()).collect();
        edges.sort_by(|one, other| one.key.cmp(&other.key));
        edges
    }
}

/// The map as the agent kept it last, beside the baselines of `state`; empty where none is.
///
/// # Errors
/// The file cannot be read.
pub fn kept_map(state: &Path) -> Result<Vec<Edge>, AgentError> {
    Ok(read_kept(&place_beside(state))?.unwrap_or_default())
}

/// The map's file, beside that of the baselines.
pub(super) fn place_beside(state: &Path) -> PathBuf {
    state.with_extension("map.json")
}

fn from_text<'de, D: Deserializer<'de>>(text: D) -> Result<Arc<str>, D::Error> {
    Ok(String::deserialize(text)?.into())
}

fn protocol<'de, D: Deserializer<'de>>(text: D) -> Result<&'static str, D::Error> {
    let text = String::deserialize(text)?;
    let known = PROTOCOLS.iter().find(|known| **known == text);
    known.copied().ok_or_else(|| serde::de::Error::custom(format!("no protocol is called {text}")))
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_counted_and_the_oldest_go() {
        let key = |port| EdgeKey { from: "a".into(), to: "b".into(), port, protocol: "tcp" };
        let mut map = ConnectionMap::new(2, Vec::new());
        map.add(key(1), 10, true, false);
        map.add(key(2), 11, true, true);
        map.add(key(1), 12, false, false);
        map.add(key(3), 13, true, false);
        let edges = map.edges();
        let text = serde_json::to_string(&edges).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Edge>>(&text).unwrap(), edges);
        let ports: Vec<u16> = edges.iter().map(|edge| edge.key.port).collect();
        assert_eq!(ports, [1, 3]);
        assert_eq!((edges[0].count, edges[0].first_ns, edges[0].last_ns), (1, 10, 12));

        // After a restart it goes on, with the most recent.
        let mut map = ConnectionMap::new(1, edges);
        map.add(key(3), 14, true, false);
        let [edge] = &map.edges()[..] else { panic!("{:?}", map.edges()) };
        assert_eq!((edge.key.port, edge.count, edge.first_ns), (3, 2, 13));
    }
}

//! The engine in memory, for tests and simulation.

use super::StoreFault;
use super::kv::{Kv, KvStore, Pair, Write};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A log store in memory.
pub type MemoryStore = KvStore<MemoryKv>;

/// An ordered map.
#[derive(Debug, Default)]
pub struct MemoryKv(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);

impl Default for MemoryStore {
    fn default() -> Self {
        Self::over(MemoryKv::default())
    }
}

impl Kv for MemoryKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned())
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = map.range(prefix.to_vec()..);
        Ok(from
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect())
    }

    fn range(&self, from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = map.range(from.to_vec()..).take(count);
        Ok(found.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in writes {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }
}

//! The vault as the client's store, with a memory of whether its disk failed.

use primitives::store::{Record, Value};
use primitives::{Batch, Store, StoreError, Table};
use std::cell::RefCell;
use std::rc::Rc;
use vault::Vault;

/// An open vault. After a failed write it answers nothing any more and has to be opened again.
#[derive(Debug)]
pub(crate) struct ClientStore {
    vault: Vault,
    failure: Failure,
}

/// Why the vault can no longer be written; shared between the store and its owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failure(Rc<RefCell<Option<StoreError>>>);

impl Failure {
    /// Takes the failure, if there was one.
    pub(crate) fn take(&self) -> Option<StoreError> {
        self.0.take()
    }
}

impl ClientStore {
    pub(crate) fn new(vault: Vault) -> (Self, Failure) {
        let failure = Failure::default();
        (
            Self {
                vault,
                failure: failure.clone(),
            },
            failure,
        )
    }

    #[cfg(test)]
    pub(crate) fn vault(&mut self) -> &mut Vault {
        &mut self.vault
    }
}

impl Store for ClientStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.vault.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.vault.scan(table, prefix, from, limit)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        let result = self.vault.apply(batch);
        if let Err(error @ StoreError::Environment(_)) = &result {
            self.failure.0.replace(Some(error.clone()));
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vault::{Moment, Params};

    #[test]
    fn remembers_that_a_write_failed() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::create(dir.path(), b"passphrase", Params::testing()).unwrap();
        let (mut store, failure) = ClientStore::new(vault);
        let batch = || {
            let mut batch = Batch::new();
            batch.put(Table("sample"), *b"key", *b"value");
            batch
        };
        store.apply(batch()).unwrap();
        assert_eq!(failure.take(), None);
        store.vault().crash_at(Moment::BeforeStore);
        assert!(store.apply(batch()).is_err());
        assert!(failure.take().is_some());
    }
}

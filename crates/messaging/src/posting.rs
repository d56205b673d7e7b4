//! What lies in the logs where devices meet that share no group, an invitation's and the directory's:
//! `CBOR [1, kind, content]`.

use crate::rendezvous::JournalKey;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{Malformed, decode_canonical_max};
use primitives::{Secret, encode};
use zeroize::Zeroize as _;

const VERSION: u8 = 1;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Posting {
    #[n(0)]
    version: u8,
    #[n(1)]
    kind: u8,
    #[cbor(n(2), with = "minicbor::bytes")]
    content: Vec<u8>,
}

/// The bytes of a posting of this kind.
pub(crate) fn posting(kind: u8, content: Vec<u8>) -> Vec<u8> {
    encode(&Posting {
        version: VERSION,
        kind,
        content,
    })
}

/// The kind and content of a posting; `None` if it is of another version.
///
/// # Errors
/// [`Malformed`], also if it has more than `max` bytes.
pub(crate) fn read_posting(bytes: &[u8], max: usize) -> Result<Option<(u8, Vec<u8>)>, Malformed> {
    let posting: Posting = decode_canonical_max(bytes, max)?;
    Ok((posting.version == VERSION).then_some((posting.kind, posting.content)))
}

/// Journal keys as they travel inside an envelope: `[[number, key (32)], …]`; wiped when dropped.
#[derive(Encode, Decode)]
#[cbor(transparent)]
pub(crate) struct KeysWire(#[n(0)] Vec<(u64, ByteArray<32>)>);

impl KeysWire {
    pub(crate) fn of(keys: &[JournalKey]) -> Self {
        let keys = keys.iter();
        Self(
            keys.map(|key| (key.number, ByteArray::from(*key.key.expose())))
                .collect(),
        )
    }

    /// Takes the keys out.
    pub(crate) fn take(&mut self) -> Vec<JournalKey> {
        let keys = self.0.iter_mut();
        keys.map(|(number, key)| JournalKey {
            number: *number,
            key: Secret::take(key),
        })
        .collect()
    }
}

impl Drop for KeysWire {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, key)| key.zeroize());
    }
}

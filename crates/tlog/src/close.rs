//! The entry that closes a ballot box.

use primitives::{OpeningId, decode_canonical, encode, labels};

/// Closes the box of one opening. A gated log takes it once, at `slots.closes` or later, and nothing after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseEntry {
    /// The opening whose box it closes.
    pub opening: OpeningId,
}

impl CloseEntry {
    /// The entry's bytes: `CBOR([label, opening])`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&(labels::BOX_CLOSE, self.opening))
    }

    /// The close entry that `bytes` are; `None` if they are something else (a ballot).
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (label, opening) = decode_canonical::<(String, OpeningId)>(bytes).ok()?;
        (label == labels::BOX_CLOSE.as_str()).then_some(Self { opening })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_itself_and_nothing_else() {
        let close = CloseEntry {
            opening: OpeningId::new([5; 32]),
        };
        let bytes = close.to_bytes();
        assert_eq!(CloseEntry::from_bytes(&bytes), Some(close));
        assert_eq!(CloseEntry::from_bytes(&bytes[1..]), None);
        assert_eq!(CloseEntry::from_bytes(&[bytes, vec![0]].concat()), None);
    }
}

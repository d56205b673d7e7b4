//! What a conversation besides the plenary is: its terms, of which its id is the hash (MSG-25).
//!
//! ```text
//! terms = CBOR [1, assembly, kind, salt, name, [identity key, …]]      kind: 1 direct, 2 working group, 3 one's own
//! id    = hash (CONVERSATION_TERMS, terms)
//! ```
//!
//! The id is the MLS group id, so nobody can be brought into a group under other terms than its members have.

use crate::title::Title;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::hash;
use primitives::{AssemblyId, ConversationId, VerifyingKey, labels};

const VERSION: u8 = 1;
const DIRECT: u8 = 1;
const GROUP: u8 = 2;
const OWN: u8 = 3;
/// Most devices of a conversation besides the plenary: its Welcome has to fit one entry of a log.
pub const GROUP_DEVICES_MAX: usize = 50;

/// The terms of a conversation. Valid by construction; what is decoded goes through [`Terms::is_valid`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Terms {
    #[n(0)]
    version: u8,
    #[n(1)]
    assembly: AssemblyId,
    #[n(2)]
    kind: u8,
    #[n(3)]
    salt: ByteArray<32>,
    #[n(4)]
    name: String,
    #[n(5)]
    members: Vec<VerifyingKey>,
}

impl Terms {
    /// A conversation of two members with all of their devices; `None` if they are one.
    #[must_use]
    pub fn direct(assembly: AssemblyId, a: VerifyingKey, b: VerifyingKey, salt: [u8; 32]) -> Option<Self> {
        let mut members = vec![a, b];
        members.sort_unstable();
        (a != b).then(|| Self {
            version: VERSION,
            assembly,
            kind: DIRECT,
            salt: salt.into(),
            name: String::new(),
            members,
        })
    }

    /// One member's own: its devices and nobody else.
    #[must_use]
    pub fn own(assembly: AssemblyId, identity: VerifyingKey, salt: [u8; 32]) -> Self {
        Self {
            version: VERSION,
            assembly,
            kind: OWN,
            salt: salt.into(),
            name: String::new(),
            members: vec![identity],
        }
    }

    /// A working group; `None` if the name is empty or longer than [`Title::BYTES_MAX`].
    #[must_use]
    pub fn group(assembly: AssemblyId, name: String, salt: [u8; 32]) -> Option<Self> {
        let terms = Self {
            version: VERSION,
            assembly,
            kind: GROUP,
            salt: salt.into(),
            name,
            members: Vec::new(),
        };
        terms.is_valid().then_some(terms)
    }

    /// The conversation that they are the terms of.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        hash(labels::CONVERSATION_TERMS, self).into()
    }

    /// The assembly whose journal says who is a member.
    #[must_use]
    pub fn assembly(&self) -> AssemblyId {
        self.assembly
    }

    /// The name that a working group was founded under; empty in a direct conversation.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The two of a direct conversation; `None` in a working group.
    #[must_use]
    pub fn pair(&self) -> Option<[VerifyingKey; 2]> {
        match (self.kind, self.members.as_slice()) {
            (DIRECT, [a, b]) => Some([*a, *b]),
            _ => None,
        }
    }

    /// Whether it is a working group: it has a name, is renamed, and is left on demand.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.kind == GROUP
    }

    /// Whether it is one member's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.kind == OWN
    }

    /// Whether these bytes mean terms of this version.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.version == VERSION
            && match (self.kind, self.members.as_slice()) {
                (DIRECT, [a, b]) => a < b && self.name.is_empty(),
                (OWN, [_]) => self.name.is_empty(),
                (GROUP, []) => (1..=Title::BYTES_MAX).contains(&self.name.len()),
                _ => false,
            }
    }

    /// Whether somebody with this identity can be in it, as far as the terms say.
    #[must_use]
    pub fn admits(&self, identity: &VerifyingKey) -> bool {
        self.members.is_empty() || self.members.contains(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::canonical::{decode_canonical, encode};
    use primitives::{Secret, SigningSecret};

    const ASSEMBLY: AssemblyId = AssemblyId::new([1; 32]);

    fn key(seed: u8) -> VerifyingKey {
        SigningSecret::from_seed(&Secret::take(&mut [seed; 32])).verifying_key()
    }

    #[test]
    fn a_direct_conversation_is_the_same_whoever_names_it_first() {
        let (one, two) = (
            Terms::direct(ASSEMBLY, key(1), key(2), [3; 32]).unwrap(),
            Terms::direct(ASSEMBLY, key(2), key(1), [3; 32]).unwrap(),
        );
        assert_eq!(one.id(), two.id());
        assert_ne!(
            one.id(),
            Terms::direct(ASSEMBLY, key(1), key(2), [4; 32]).unwrap().id()
        );
        assert_eq!(Terms::direct(ASSEMBLY, key(1), key(1), [3; 32]), None);
    }

    #[test]
    fn msg_25_one_s_own_conversation_admits_nobody_else() {
        let own = Terms::own(ASSEMBLY, key(1), [3; 32]);
        assert!(own.is_valid() && own.is_own() && !own.is_group() && own.pair().is_none());
        assert!(own.admits(&key(1)) && !own.admits(&key(2)));
    }

    #[test]
    fn names_have_bounds() {
        for (len, fits) in [(0, false), (1, true), (800, true), (801, false)] {
            assert_eq!(
                Terms::group(ASSEMBLY, "x".repeat(len), [0; 32]).is_some(),
                fits,
                "{len}"
            );
        }
    }

    #[test]
    fn msg_25_rejects_terms_that_nobody_makes() {
        let good = Terms::direct(ASSEMBLY, key(1), key(2), [3; 32]).unwrap();
        let swapped = Terms {
            members: good.members.iter().rev().copied().collect(),
            ..good.clone()
        };
        let three = Terms {
            members: vec![key(1), key(2), key(3)],
            ..good.clone()
        };
        let named = Terms {
            name: "x".into(),
            ..good.clone()
        };
        let newer = Terms {
            version: 2,
            ..good.clone()
        };
        let kind = Terms {
            kind: 3,
            ..good.clone()
        };
        let newer_kind = Terms {
            kind: 4,
            ..good.clone()
        };
        for bad in [swapped, three, named, newer, kind, newer_kind] {
            let decoded: Terms = decode_canonical(&encode(&bad)).unwrap();
            assert!(!decoded.is_valid(), "{bad:?}");
        }
        assert!(good.is_valid());
    }
}

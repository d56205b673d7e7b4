//! Every domain-separation label of the project, in one place.
//!
//! A label is the first element of everything that is signed, hashed or used to derive a key, so that bytes
//! made for one purpose mean nothing for another. A label never changes its meaning: a new meaning is a new label.

use minicbor::encode::{Encode, Encoder, Error, Write};

/// A domain-separation label, `veche/v1/<what>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(&'static str);

impl Label {
    /// The label's text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The label's bytes (for key derivation functions that take an `info` string).
    #[must_use]
    pub const fn as_bytes(self) -> &'static [u8] {
        self.0.as_bytes()
    }
}

impl<C> Encode<C> for Label {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), Error<W::Error>> {
        e.str(self.0)?.ok()
    }
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Label = Label(concat!("veche/v1/", $text));)*

        /// All labels, for the test that no two are equal.
        pub const ALL: &[Label] = &[$($name),*];
    };
}

labels! {
    /// Id of a log: hash of its creation record.
    LOG_ID = "log/id";
    /// Signature of an append by the log's append key.
    LOG_APPEND = "log/append";
    /// Signature by the append key that a private log's beginning is not needed any more.
    LOG_TRIM = "log/trim";
    /// Hash of a read token.
    LOG_READ_TOKEN = "log/read-token";
    /// Statement by which a relay's identity key certifies its TLS and checkpoint keys.
    RELAY_KEYS = "relay/keys";
    /// Id of a relay: hash of its identity key.
    RELAY_ID = "relay/id";
    /// Entry that closes a ballot box.
    BOX_CLOSE = "box/close";

    /// Generators of the ballot proof.
    BALLOT_GENERATOR = "ballot/generator";
    /// Digest over the generators in use.
    BALLOT_GENERATOR_DIGEST = "ballot/generator-digest";
    /// Per-event generator E.
    BALLOT_EVENT = "ballot/event";
    /// Proof of possession of a ballot key.
    BALLOT_KEY_POSSESSION = "ballot/key-possession";
    /// Root of a roll.
    BALLOT_ROLL = "ballot/roll";
    /// Challenge of the ballot proof.
    BALLOT_CHALLENGE = "ballot/challenge";
    /// Hedged randomness of the prover.
    BALLOT_HEDGE = "ballot/hedge";

    /// Key and associated data of a sealed choice.
    SEALED_CHOICE = "sealing/choice";
    /// What a trustee derives from the one secret of a run: polynomials and X25519 key.
    SEALING_RUN = "sealing/run";
    /// A trustee's place (x coordinate) in a run.
    SEALING_TRUSTEE = "sealing/trustee";
    /// Transcript of a trustees' key generation.
    SEALING_TRANSCRIPT = "sealing/transcript";
    /// A round-2 package sealed to its recipient.
    SEALING_PACKAGE = "sealing/package";

    /// Signature of a statement of the journal.
    STATEMENT = "journal/statement";
    /// Id of a statement.
    STATEMENT_ID = "journal/statement-id";
    /// Certificate of a device by its member's identity key.
    DEVICE_CERTIFICATE = "journal/device-certificate";
    /// Signature by which a further device claims its place in a seat, by that device.
    DEVICE_CLAIM = "journal/device-claim";
    /// Key with which a device cosigns besides its own, for a time when that can be forged.
    DEVICE_COSIGNING = "journal/device-cosigning";
    /// Key of one journal entry.
    JOURNAL_ENTRY_KEY = "journal/entry-key";
    /// Commitment to the key of one journal entry.
    JOURNAL_ENTRY_COMMITMENT = "journal/entry-commitment";
    /// Key of what lies beside a statement (opened names).
    JOURNAL_BESIDE_KEY = "journal/beside-key";
    /// Announced hash of a journal key.
    JOURNAL_KEY_HASH = "journal/key-hash";
    /// The key of a day's entries.
    JOURNAL_DAY_KEY = "journal/day-key";
    /// A day's leaf in the tree over all days of a journal key.
    JOURNAL_DAY = "journal/day";
    /// A box's leaf in the tree over all boxes of a journal key.
    JOURNAL_BOX = "journal/box";
    /// Keys of a log derived from a journal key (journal, side logs, boxes).
    JOURNAL_LOG = "journal/log";
    /// Salted commitment to a name or mandate.
    NAME_COMMITMENT = "journal/name";
    /// Id of a motion.
    MOTION_ID = "motion/id";
    /// Id of an opening.
    OPENING_ID = "motion/opening-id";
    /// Hash of a result.
    RESULT = "motion/result";
    /// The public order of a vote's options.
    TIE_ORDER = "motion/tie-order";
    /// Hash of the folded state.
    FOLD_STATE = "journal/fold-state";
    /// What stands first in an audit file.
    AUDIT_FORMAT = "audit";
    /// Record of a side log (cosignature, confirmation), signed by a device.
    SIDE_RECORD = "journal/side-record";
    /// Draw of the witnesses of a quarter.
    WITNESS_DRAW = "journal/witness-draw";

    /// Keys of a conversation's log, derived from its log secret.
    CONVERSATION_LOG = "conversation/log";
    /// Outer wrap of a conversation's entries.
    CONVERSATION_WRAP = "conversation/wrap";
    /// MLS exporter label of the log secret.
    EXPORT_LOG = "log";
    /// MLS exporter label of a journal key.
    EXPORT_JOURNAL = "journal";
    /// Envelope posted to an inbox.
    ENVELOPE = "inbox/envelope";
    /// Keys that derive from an invitation's one-time secret.
    INVITATION = "invitation";
    /// Signature of a join request by the joining device.
    JOIN_REQUEST = "invitation/join-request";
    /// Associated data of what is posted to an invitation's log.
    RENDEZVOUS = "invitation/rendezvous";
    /// Keys that derive from the one-time secret of a link for a further device.
    DEVICE_LINK = "device-link";
    /// Signature of a further device's request by that device.
    DEVICE_REQUEST = "device-link/request";
    /// What a further device's request says of the nonce that the device opens later.
    DEVICE_COMMITMENT = "device-link/commitment";
    /// Signature of the first device's nonce, by the identity key.
    DEVICE_CHALLENGE = "device-link/challenge";
    /// Signature of the nonce that a further device opens, by that device.
    DEVICE_OPENING = "device-link/opening";
    /// The code that two devices show.
    DEVICE_CODE = "device-link/code";
    /// Signature of what the first device answers, by the identity key.
    DEVICE_ANSWER = "device-link/answer";
    /// Associated data of what is posted to a device link's log.
    DEVICE_LINKING = "device-link/linking";
    /// Signature of a part of a large message by the sending device.
    CONVERSATION_PART = "conversation/part";
    /// Signature by which a device asks to be added to a conversation again.
    CONVERSATION_REQUEST = "conversation/request";
    /// Id of a conversation besides the plenary: hash of its terms.
    CONVERSATION_TERMS = "conversation/terms";
    /// Id of the plenary once it has been founded anew: hash of the assembly, how many times, and what the proposer has drawn.
    CONVERSATION_PLENARY = "conversation/plenary";
    /// Signature by which a device asks that somebody leave a working group.
    CONVERSATION_DEMAND = "conversation/demand";
    /// Signature by which a device says in a conversation how far the journal is.
    CONVERSATION_POINT = "conversation/point";
    /// Keys of an assembly's directory, derived from a journal key.
    DIRECTORY = "directory";
    /// Associated data of a directory's entries.
    DIRECTORY_WRAP = "directory/wrap";
    /// Signature of a device's card in the directory.
    DIRECTORY_CARD = "directory/card";
    /// Signature of a letter by its author's device.
    DIRECTORY_LETTER_AUTHOR = "directory/letter-author";
    /// Associated data of a letter in the directory.
    DIRECTORY_LETTER = "directory/letter";
    /// Associated data of the pieces of a large answer to an invitation.
    CONVERSATION_PIECE = "conversation/piece";
    /// Associated data of the chunks of a file that goes with a message.
    CONVERSATION_ATTACHMENT = "conversation/attachment";
    /// Name of a message: hash of its conversation, author and id.
    MESSAGE_NAME = "conversation/message";
    /// Short code of a conversation's epoch.
    EPOCH_CODE = "conversation/epoch-code";

    /// A member's half of a safety number.
    MEMBER_SAFETY = "member/safety";

    /// Header of a vault.
    VAULT_HEADER = "vault/header";
    /// Hidden names of the vault's chunks.
    VAULT_NAME = "vault/name";
    /// Purpose keys of the vault.
    VAULT_PURPOSE = "vault/purpose";
    /// Chunks of the vault.
    VAULT_CHUNK = "vault/chunk";
    /// The body of a vault's passphrase slot.
    VAULT_BODY = "vault/body";
    /// The vault's counter file.
    VAULT_COUNTER = "vault/counter";
    /// A fresh header key, sealed under the one it replaces.
    VAULT_PENDING = "vault/pending";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_labels_are_equal() {
        let distinct: BTreeSet<_> = ALL.iter().collect();
        assert_eq!(distinct.len(), ALL.len());
    }

    #[test]
    fn every_label_has_the_version_prefix() {
        assert!(ALL.iter().all(|label| label.as_str().starts_with("veche/v1/")));
    }
}

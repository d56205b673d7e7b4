//! Asking to be added again: the one way in which a device that the journal admits leaves and comes back (MSG-18).
//!
//! ```text
//! request = CBOR [1, conversation, journal size, key package], signed by the device under CONVERSATION_REQUEST
//! ```
//!
//! Without it, a member who holds somebody's unused key package could put that device out, in again by the package, and
//! keep the Welcome back. A request is an entry of the log, so that all judge alike; it names a journal size above the
//! last commit's, and the commit that follows it has at least that size, so that it is followed once and never again.

use crate::conversation::Conversation;
use crate::credential::{Member, OwnDevice};
use crate::key_package::{KeyPackage, NewKeyPackageError, new_key_package};
use crate::meta::Asked;
use crate::parts::Unwrapped;
use crate::wrap::{REQUEST, Unreadable, seal_entry};
use minicbor::{Decode, Encode};
use primitives::signed::Unverified;
use primitives::store::Store;
use primitives::{ConversationId, Hash, Overlay, Signed, encode, labels};
use rand_core::CryptoRng;

const VERSION: u8 = 1;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Request {
    #[n(0)]
    version: u8,
    #[n(1)]
    conversation: ConversationId,
    #[n(2)]
    journal_size: u64,
    #[cbor(n(3), with = "minicbor::bytes")]
    key_package: Vec<u8>,
}

impl Conversation {
    /// Makes the entry by which this device asks to be added again, with a fresh key package whose private half goes to
    /// `overlay`. For a device that has halted; the Welcome is then followed with [`crate::Replace::Broken`].
    ///
    /// - `journal_size`: how far this device has folded the journal. A request counts only if that is above the size
    ///   of the last commit; ask again when the journal has grown.
    ///
    /// # Errors
    /// [`NewKeyPackageError`].
    pub fn ask_again<S: Store + ?Sized>(
        &self,
        overlay: &mut Overlay<'_, S>,
        device: &OwnDevice<'_>,
        journal_size: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Vec<u8>, NewKeyPackageError> {
        let request = Request {
            version: VERSION,
            conversation: self.id,
            journal_size,
            key_package: new_key_package(overlay, device, false)?,
        };
        let signed = Signed::sign(labels::CONVERSATION_REQUEST, request, device.key());
        let (key, content) = (self.log_keys().wrap, encode(signed.unverified()));
        seal_entry(&key, labels::CONVERSATION_WRAP, REQUEST, &content, rng).ok_or(NewKeyPackageError::Library)
    }

    /// Who asks to be added again in this epoch, with the key packages to do it by, as far as a commit at `journal_size` can.
    #[must_use]
    pub fn requests(&self, journal_size: u64) -> Vec<KeyPackage> {
        let asked = self.meta.asked.iter();
        asked
            .filter(|asked| asked.journal_size <= journal_size)
            .filter_map(|asked| KeyPackage::parse(&asked.key_package).ok())
            .collect()
    }

    /// Whether `member` asked to be added again by this very package, and the journal size of the commit suffices.
    pub(crate) fn asked(&self, member: &Member, package: Hash, journal_size: u64) -> bool {
        self.meta.asked.iter().any(|asked| {
            asked.device == member.device && asked.package == package && asked.journal_size <= journal_size
        })
    }

    /// MSG-18.
    pub(crate) fn take_request(&mut self, unverified: Unverified) -> Unwrapped {
        match self.request_of_a_member(unverified) {
            Some(asked) => {
                self.meta.asked.retain(|other| other.device != asked.device);
                self.meta.asked.push(asked);
                Unwrapped::Request
            }
            None => Unwrapped::Skipped(Unreadable::Request),
        }
    }

    fn request_of_a_member(&self, unverified: Unverified) -> Option<Asked> {
        let claimed = unverified.peek::<Request>().ok()?;
        if claimed.version != VERSION
            || claimed.conversation != self.id
            || claimed.journal_size <= self.meta.journal.size
        {
            return None;
        }
        let package = KeyPackage::parse(&claimed.key_package).ok()?;
        let member = package.member();
        self.leaves().iter().find(|(_, leaf)| *leaf == member)?;
        let request = unverified
            .verify::<Request>(labels::CONVERSATION_REQUEST, &member.device)
            .ok()?
            .into_value();
        Some(Asked {
            device: member.device,
            journal_size: request.journal_size,
            package: package.hash()?,
            key_package: request.key_package.into(),
        })
    }
}

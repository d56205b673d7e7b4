//! A file that is here, for whoever saves or shows it: a chunk at a time, checked again.

use super::{Way, chunk_key};
use crate::commands::parse;
use crate::machine::{Client, Failed};
use crate::requests::{Refusal, RefusalCode};
use crate::step::Step;
use crate::tables;
use messaging::{Attachment, CHUNK_BYTES};
use primitives::{MessageName, Store, Time};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A file that is here, whole.
#[derive(Debug, Clone)]
pub struct KeptFile {
    message: MessageName,
    attachment: Attachment,
}

impl KeptFile {
    /// Its name: no path, nothing that deceives.
    #[must_use]
    pub fn name(&self) -> &str {
        self.attachment.name.as_str()
    }

    /// How long it is.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.attachment.bytes
    }

    /// Whether its author says that it is a picture.
    #[must_use]
    pub const fn is_picture(&self) -> bool {
        self.attachment.picture.is_some()
    }

    /// How many chunks have bytes of it.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        let chunk = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        u32::try_from(self.attachment.bytes.div_ceil(chunk)).unwrap_or(u32::MAX)
    }
}

impl<S: Store> Client<S> {
    /// The file of a message, if it is here.
    ///
    /// # Errors
    /// A refusal if there is no such message or its file is not here.
    pub fn file(
        &self,
        now: Time,
        rng: &mut dyn CryptoRng,
        conversation: Option<&str>,
        message: &str,
    ) -> Result<KeptFile, Refusal> {
        // Only reads: the step is dropped.
        let step = Step::new(now, rng, &self.store, self.state.clone());
        match step.kept_file(conversation, message) {
            Ok(kept) => Ok(kept),
            Err(Failed::Refused(refusal)) => Err(refusal),
            Err(Failed::Step(error)) => Err(error.refusal()),
        }
    }

    /// The bytes in a file's chunk, less than 256 KiB.
    ///
    /// # Errors
    /// A refusal if it is damaged, or has been forgotten meanwhile.
    pub fn file_chunk(&self, kept: &KeptFile, index: u32) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let sealed = self.store.get(tables::CHUNKS, &chunk_key(kept.message, index));
        let opened = sealed
            .ok()
            .flatten()
            .map(|bytes| kept.attachment.open(index, &bytes));
        opened.and_then(Result::ok).ok_or_else(|| {
            Refusal::new(
                RefusalCode::VaultDamaged,
                "the file is not whole any more; fetch it again if its author or the relay still has it",
            )
        })
    }
}

impl Step<'_> {
    fn kept_file(&self, conversation: Option<&str>, message: &str) -> Result<KeptFile, Failed> {
        let conversation = self.conversation_named(conversation)?;
        let message = parse::<MessageName>(message)?;
        let attachment = self.file_of(conversation, message, self.log_now().max(self.now))?;
        let transfer = self.transfer(message)?;
        // One's own is here before it is there.
        let here = transfer.is_some_and(|transfer| matches!(transfer.way, Way::Here | Way::Sending));
        if !here {
            let details = "the file is not here yet; fetch it first";
            return Err(Refusal::new(RefusalCode::NotReady, details).into());
        }
        Ok(KeptFile { message, attachment })
    }
}

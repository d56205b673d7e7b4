//! What is kept of a link for a further device, on either side of it.

use crate::state::Seed;
use messaging::{DeviceCode, DeviceNonce, DeviceRequest};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::signed::Unverified;
use primitives::{ConversationId, Hash, LogId, Time, VerifyingKey};

/// A link that this device, the first one, has made.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct LinkState {
    #[n(0)]
    pub(crate) link: String,
    #[n(1)]
    pub(crate) expires: Time,
    /// The first request that came in time.
    #[n(2)]
    pub(crate) request: Option<DeviceRequest>,
    /// A person has let the device in.
    #[n(3)]
    pub(crate) admitted: Option<AdmittedDevice>,
    /// Nothing more comes by it; it is forgotten once all that it has to say has left.
    #[n(4)]
    pub(crate) over: bool,
    /// What this device has put into the code, once somebody has asked.
    #[n(5)]
    pub(crate) challenge: Option<DeviceNonce>,
    /// What the new device has put into it.
    #[n(6)]
    pub(crate) opening: Option<DeviceNonce>,
}

/// A device on its way in.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct AdmittedDevice {
    #[n(0)]
    pub(crate) certificate: Unverified,
    /// Whether it gets what was said so far.
    #[n(1)]
    pub(crate) history: bool,
    /// The journal has it, and it has been sent its certificate.
    #[n(2)]
    pub(crate) certified: bool,
    /// Of which conversations it is still to be given lines: those below a position.
    #[n(3)]
    pub(crate) owed: Vec<(ConversationId, u64)>,
}

impl LinkState {
    /// The code, once both devices have told each other what it is made from.
    pub(crate) fn code(&self, identity: VerifyingKey) -> Option<String> {
        let code = DeviceCode {
            request: self.request.as_ref()?.id(),
            identity,
            challenge: self.challenge?,
            opening: self.opening?,
        };
        Some(code.digits())
    }

    /// Whether the journal has the device that comes by it, which has been told so.
    pub(crate) fn is_certified(&self) -> bool {
        self.admitted.as_ref().is_some_and(|admitted| admitted.certified)
    }

    /// The device that is being let in by it.
    pub(crate) fn device(&self) -> Option<VerifyingKey> {
        self.admitted
            .as_ref()
            .and(self.request.as_ref())
            .map(|request| request.device)
    }
}

/// The new device's own side of a link, until everything has come that comes by it.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Linking {
    #[n(0)]
    pub(crate) log: LogId,
    #[n(1)]
    pub(crate) link: String,
    /// Id of one's own request.
    #[n(2)]
    pub(crate) request: Hash,
    /// The identity key that the link named.
    #[n(3)]
    pub(crate) identity: VerifyingKey,
    /// The log has shown the request.
    #[n(4)]
    pub(crate) asked: bool,
    /// The certificate has come.
    #[n(5)]
    pub(crate) certified: bool,
    /// Why it came to nothing.
    #[n(6)]
    pub(crate) refused: Option<String>,
    /// What this device puts into the code; the request is bound to it.
    #[n(7)]
    pub(crate) nonce: Seed,
    /// What the first device has put into it.
    #[n(8)]
    pub(crate) challenge: Option<DeviceNonce>,
    /// The log has shown what this device puts into it.
    #[n(9)]
    pub(crate) opened: bool,
}

impl Linking {
    /// Whether it may still be let in.
    pub(crate) fn waits(&self) -> bool {
        !self.certified && self.refused.is_none()
    }

    /// The code, while it is to be compared.
    pub(crate) fn code(&self) -> Option<String> {
        let code = DeviceCode {
            request: self.request,
            identity: self.identity,
            challenge: self.challenge.filter(|_| self.opened && self.waits())?,
            opening: ByteArray::from(*self.nonce.secret().expose()),
        };
        Some(code.digits())
    }
}

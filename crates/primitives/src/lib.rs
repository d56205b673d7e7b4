//! What every other crate speaks in: ids, labels, canonical bytes, signatures, secrets and the store port.
//!
//! Pure: no clock, no socket, no file, no global random generator. Trusts nobody. Deliberately absent:
//! anything that knows what an assembly, a log or a ballot is.

pub mod canonical;
pub mod device;
pub mod ids;
pub mod labels;
pub mod secret;
pub mod signed;
pub mod store;
pub mod time;

pub use canonical::{Malformed, decode_canonical, encode};
pub use device::{DeviceCertificate, DeviceClaim};
pub use ids::{
    AssemblyId, ConversationId, Hash, LogId, MessageId, MessageName, MotionId, OpeningId, RelayId,
    SeatNumber, StatementId,
};
pub use labels::Label;
pub use secret::{Secret, SigningSecret};
pub use signed::{BadSignature, Signed, VerifyingKey};
pub use store::{Batch, Overlay, Purpose, Store, StoreError, Table};
pub use time::Time;

//! Sealed choices, and the trustees who open them after the close.
//!
//! A choice is sealed to one key Y per vote ([`seal`]). Nobody ever holds Y's secret before the close: trustees
//! generate it together over the journal ([`round1`], [`round2`], [`finish`]), each keeps a [`ShareSecret`], and
//! after the close `threshold` released [`Share`]s give everybody the [`OpeningSecret`] ([`combine`]). A false
//! package of a run is proven by a [`Complaint`] that everybody can judge; a false share is a finding and blocks
//! nothing. Bytes, equations and rules `SEA-01` to `SEA-10`: `docs/spec/sealing.md`.
//!
//! Everything is a function of bytes; every step can be repeated after a crash from what is stored. Trusts
//! `frost-ristretto255` for the key generation and the journal for showing everybody the same statements from
//! the trustees they claim to be from. Deliberately absent: deadlines, who is a trustee, when to release, floors
//! (`assembly`), and what a choice means.

mod choice;
mod complaint;
mod kdf;
mod opening;
mod public_key;
mod round1;
mod round2;
mod run;
mod share;
mod trustees;

pub use choice::{
    SealContext, SealedChoice, SealedError, SealingKey, check_sealed, open, open_all, open_decoded, seal,
    sealed_len,
};
pub use complaint::{Complaint, ComplaintError, Guilty, complain, judge_complaint};
pub use opening::{CombineError, OpeningSecret, combine};
pub use public_key::PublicKey;
pub use round1::{Round1, Round1Error, round1};
pub use round2::{FinishError, Round2, Round2Error, finish, round2};
pub use run::{KEYS_MAX, Run, RunSecret, THRESHOLD_MAX, THRESHOLD_MIN, default_threshold};
pub use share::{Share, ShareError, ShareSecret, release, verify_share};
pub use trustees::{Trustees, TrusteesError};

//! Conversations over MLS (RFC 9420), and what leads into them (`docs/spec/messaging.md`).
//!
//! The only crate that names OpenMLS. A [`Conversation`] is one device's view of a group, for the length of one step:
//! loaded from the step's overlay, changed in memory, saved once. All its messages go to one log through
//! [`Conversation::wrap`];
//! the log's order is the order, and [`Conversation::process`] says what each entry means. Who may be in a group is
//! not decided here but asked of a [`Roster`], the caller's fold of the journal.
//!
//! Trusts the caller's roster and store; trusts neither the relay nor any member. Deliberately absent: reading and
//! writing logs, the outbox, retrying, and any idea of motions and votes.
//!
//! # Known exceptions to "randomness and time are parameters"
//! - OpenMLS and its provider draw from a generator of their own (HMAC-DRBG, seeded and reseeded from the system): group
//!   creation, key packages, commits, messages' reuse guards, HPKE. Our own draws (nonces of the outer wrap, ids) take
//!   the caller's generator.
//! - OpenMLS reads the system's clock in two places: to stamp kept message secrets (the stamp is never used here), and to
//!   check the lifetime of a key package. Lifetimes are unbounded (`0..=u64::MAX`), so that check depends on the
//!   clock only if it stands before 1970. Expiry is ours and judged by log times.

mod acts;
mod attachment;
mod commit;
mod comparing;
mod conversation;
mod credential;
mod demand;
mod device_link;
mod directory;
mod emoji;
mod envelope;
mod file_name;
mod invitation;
mod join;
mod key_package;
mod link;
mod linking;
mod markup;
mod message;
mod meta;
mod outcome;
mod parts;
mod point;
mod posting;
mod process;
mod provider;
mod readd;
mod records;
mod rendezvous;
mod roster;
mod terms;
mod timer;
mod title;
mod welcome;
mod wrap;

#[cfg(test)]
mod tests;

pub use acts::{EDIT_WITHIN_MS, EDITS_MAX, EMOJI_OF_MEMBER_MAX, EMOJI_OF_MESSAGE_MAX};
pub use acts::{Reaction, Reactions, Target, Verdict, Words, judge_delete, judge_edit};
pub use attachment::{
    ATTACHMENT_BYTES_MAX, Attachment, CHUNK_BYTES, CHUNK_LEN, ChunkKey, PICTURE_POINTS_MAX, Picture,
    THUMBNAIL_BYTES_MAX, bytes_in, chunks_of,
};
pub use commit::{ADDED_MAX, CommitError, Committing, Intent};
pub use comparing::{DeviceCode, DeviceNonce, device_commitment};
pub use comparing::{open_device_challenge, open_device_opening, post_device_challenge, post_device_opening};
pub use conversation::{Conversation, LoadError, UseError, log_keys, log_record};
pub use credential::{BadCredential, Member, OwnDevice};
pub use demand::DEMAND_MS;
pub use device_link::DeviceLink;
pub use directory::open_listed;
pub use directory::{BadListing, Card, Letter, Listed, directory_keys, list_card, list_letter, open_letter};
pub use emoji::{EMOJI_BYTES_MAX, Emoji, NotAnEmoji};
pub use envelope::{EnvelopeKey, EnvelopeSecret, NotForUs, SealError, open_envelope, seal_envelope};
pub use file_name::{FILE_NAME_BYTES_MAX, FileName};
pub use invitation::Invitation;
pub use join::{JoinError, Place, Replace};
pub use key_package::{BadKeyPackage, KeyPackage, NewKeyPackageError};
pub use key_package::{forget_key_package, forget_key_packages, new_key_package};
pub use link::BadLink;
pub use linking::{Certified, DeviceRequest, History, Linked, open_certified, open_history, open_linked};
pub use linking::{post_certified, post_device_refused, post_device_request, post_history};
pub use markup::{Run, Style, mentions, runs};
pub use message::{
    APP_MESSAGE_BYTES_MAX, AppMessage, Body, MARKS_MAX, TEXT_BYTES_MAX, Text, WORDS_BYTES_MAX,
};
pub use meta::Standing;
pub use outcome::{Committed, Halt, Processed, Reason};
pub use parts::{PART_BYTES, Unwrapped, Whole, WrapError};
pub use process::Incoming;
pub use provider::NoRandomness;
pub use records::DamagedRecord;
pub use rendezvous::{Admitted, BadRendezvous, JoinRequest, JournalKey, Posted, open_admitted, open_posted};
pub use rendezvous::{post_admitted, post_refused, post_request};
pub use roster::{JournalPoint, Knowledge, Roster};
pub use terms::{GROUP_DEVICES_MAX, Terms};
pub use timer::Timer;
pub use title::Title;
pub use welcome::{WelcomePart, WelcomeReader, post_welcome};
pub use wrap::{
    MESSAGE_BYTES_MAX, Opened, PIECE_LEN, Piece, PieceList, SIZES, TooLarge, Unreadable, Wrapped, open, wrap,
};

//! Every table of the member's store, in one place.

use primitives::Table;

/// One's own keys and place; one record.
pub(crate) const MEMBER: Table = Table("member");
/// The way to the relay that was set before there is an assembly, one record.
pub(crate) const CARRIER: Table = Table("carrier");
/// Followed logs, by log id.
pub(crate) const LOGS: Table = Table("logs");
/// Verified entries kept for the record or for later, by log id and index.
pub(crate) const ENTRIES: Table = Table("entries");
/// Snapshot of the fold, one record.
pub(crate) const FOLD: Table = Table("fold");
/// Journal keys, by number.
pub(crate) const JOURNAL_KEYS: Table = Table("journal-keys");
/// Exact bytes that wait for the relay, by sequence number.
pub(crate) const OUTBOX: Table = Table("outbox");
/// Invitations that this device made, by rendezvous log.
pub(crate) const INVITATIONS: Table = Table("invitations");
/// Links for further devices that this device made, by their logs.
pub(crate) const DEVICE_LINKS: Table = Table("device-links");
/// What the user calls their further devices, by key.
pub(crate) const LINKING: Table = Table("linking");
pub(crate) const DEVICE_NAMES: Table = Table("device-names");
/// Devices that have come to one's own seat and that its user has not acknowledged, one record.
pub(crate) const NEW_DEVICES: Table = Table("new-devices");
/// Conversations, by id.
pub(crate) const CONVERSATIONS: Table = Table("conversations");
/// Messages, by conversation and position.
pub(crate) const MESSAGES: Table = Table("messages");
/// Positions of messages by their names: for what is about them, and to drop second copies.
pub(crate) const MESSAGE_IDS: Table = Table("message-ids");
/// Which words begin how in a stretch of messages, by conversation and stretch; under the messages' own keys.
pub(crate) const WORDS: Table = Table("message-words");
/// Lines that one's other devices have read and that have not come here, by conversation.
pub(crate) const MARKS: Table = Table("marks");
/// Messages that disappear, by time, conversation and position.
pub(crate) const EXPIRY: Table = Table("message-expiry");
/// What is being written, by conversation.
pub(crate) const DRAFTS: Table = Table("drafts");
/// Secrets of unused ballot keys, by number; each under its own purpose.
pub(crate) const BALLOT_SECRETS: Table = Table("ballot-secrets");
/// Own part in votes, by motion.
pub(crate) const VOTES: Table = Table("votes");
/// Wishes: the choice from the person's word until the ballot is durable; each under its own purpose.
pub(crate) const WISHES: Table = Table("wishes");
/// Cosignatures and confirmations read from side logs, by subject.
pub(crate) const SIDE: Table = Table("side");
/// Secrets of the trustees' key generation, by run and round.
pub(crate) const SEALING: Table = Table("sealing");
/// Evidence of lies, by number.
pub(crate) const EVIDENCE: Table = Table("evidence");
/// Names by their commitments.
pub(crate) const NAMES: Table = Table("names");
/// Roots of the journal, by position.
pub(crate) const ROOTS: Table = Table("roots");
/// Who is in force from which journal position to which, one record.
pub(crate) const ROSTER: Table = Table("roster");
/// This device's own cards, by when they were made; each under its own purpose.
pub(crate) const CARDS: Table = Table("cards");
/// The newest card of each device, by its key.
pub(crate) const DIRECTORY: Table = Table("directory");
/// Letters about a plenary that the journal does not name yet, by the device that wrote them and when they came.
pub(crate) const LETTERS: Table = Table("letters");
/// Pieces of large messages: to be uploaded, or fetched.
pub(crate) const PIECES: Table = Table("pieces");
/// When the safety number with a member was compared, by the member's identity key.
pub(crate) const COMPARED: Table = Table("compared");
/// Whether its user is told that something has happened, one record.
pub(crate) const NOTICES: Table = Table("notices");
/// Where files that go with messages stand, by the message's name.
pub(crate) const TRANSFERS: Table = Table("transfers");
/// Files on their way out, by the message's name; under the purpose of the words that wait.
pub(crate) const OUTGOING: Table = Table("transfers-outgoing");
/// Sealed chunks of files, by the message's name and the chunk's number.
pub(crate) const CHUNKS: Table = Table("transfers-chunks");
/// Journal checkpoints that others have seen and we have not reached, by log and size.
pub(crate) const CLAIMS: Table = Table("claims");

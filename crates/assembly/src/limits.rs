//! Every limit of the journal, in one place. They are part of the rules: changing one is a new version.

/// Longest title of a motion, in bytes of UTF-8.
pub const TITLE_BYTES_MAX: usize = 800;
/// Longest option of a motion, in bytes of UTF-8.
pub const OPTION_BYTES_MAX: usize = 400;
/// Longest text of a motion or declaration, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 200_000;
/// Longest name of an assembly or a member, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 256;
/// Longest address line of a relay, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 1_024;
/// Longest journal entry: what a log takes.
pub const ENTRY_BYTES_MAX: usize = 256 * 1_024;
/// Ballot keys in one statement.
pub const BALLOT_KEYS_PER_STATEMENT_MAX: usize = 64;
/// Unused ballot keys that a seat may have ahead of the assembly's next number.
pub const BALLOT_KEYS_AHEAD_MAX: u32 = 256;
/// A seat publishes again when it has fewer unused ballot keys than this.
pub const BALLOT_KEYS_LOW: u32 = 16;
/// Length of a day of entries.
pub const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// Days of one journal key: after so many its day keys come again.
pub const DAYS_PER_KEY: u32 = 4_096;
/// Boxes that derive from one journal key: secret votes until the journal goes on under another.
pub const BOXES_PER_KEY: u32 = 1_024;
/// Longest ballot that is forwarded through the journal.
pub const FORWARDED_BYTES_MAX: usize = 8 * 1_024;
/// Ballots that one seat may forward for one opening.
pub const FORWARDED_PER_SEAT_MAX: usize = 64;
/// A statement expires at most so long after the relay took it.
pub const EXPIRY_MS_MAX: u64 = 31 * 24 * 3_600 * 1_000;
/// `seen` names one of so many last sizes of the journal.
pub const SEEN_WINDOW: usize = 4_096;
/// Longest message of the trustees' key generation.
pub const SEALING_BYTES_MAX: usize = 64 * 1_024;
/// Up to so many deputies, all are witnesses; above, so many are drawn.
pub const WITNESSES_MAX: usize = 21;
/// The witnesses are drawn anew every quarter of a year.
pub const QUARTER_MS: u64 = 91 * 24 * 3_600 * 1_000;
/// The period of budgets: endorsements, detentions and foundings anew per member.
pub const MONTH_MS: u64 = 30 * 24 * 3_600 * 1_000;
/// Signatures of one detention, or of one founding of the plenary anew, must come within this time.
pub const SIGNING_WINDOW_MS: u64 = 7 * 24 * 3_600 * 1_000;
/// An admission that has not its endorsements by then is refused.
pub const ADMISSION_MS_MAX: u64 = 30 * 24 * 3_600 * 1_000;
/// A motion that has not opened so long after it was proposed is void.
pub const MOTION_MS_MAX: u64 = 365 * 24 * 3_600 * 1_000;
/// Devices that a seat has at once, the first one among them.
pub const DEVICES_MAX: usize = 5;
/// Devices that a seat may add within a month. Each may be revoked, and the journal hops with every one that is.
pub const DEVICES_A_MONTH: usize = 8;
/// Cosignatures on one log that an audit file may carry.
pub const AUDIT_COSIGNATURES_MAX: usize = 1_024;
/// Cosignatures that one statement may carry.
pub const COSIGNATURES_MAX: usize = 64;

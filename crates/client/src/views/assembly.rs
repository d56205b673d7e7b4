//! The assembly, one's own place in it, its members and those who want in.

use super::{Carrier, Ties};
use serde::{Deserialize, Serialize};

view! {
    /// The assembly and one's own place in it.
    pub struct AssemblyView {
        /// Assembly id.
        pub id: String,
        /// Its name.
        pub name: String,
        /// The founding declaration.
        pub declaration: String,
        /// Where one's own admission stands.
        pub standing: Standing,
        /// Why a join request came to nothing.
        pub refused: Option<String>,
        /// The code that both devices show, while this one waits to be let in by another device of the same member; absent
        /// until both have told each other what it is made from.
        pub device_code: Option<String>,
        /// Until when the link can be used behind which this device waits to be let in; absent if it does not wait.
        pub device_until: Option<u64>,
        /// Whether this is the seat's first device: secret votes are cast there.
        pub first_device: bool,
        /// One's own seat, once admitted.
        pub seat: Option<u32>,
        /// One's own role, once admitted.
        pub role: Option<Role>,
        /// Whether the founding is still going on (one endorsement admits).
        pub founding: bool,
        /// Seats by now, of all roles.
        pub seats: u32,
        /// Entries of the journal that this device has folded.
        pub journal_entries: u64,
        /// Journal checkpoints: how many witnesses' cosignatures the last covered one carries, and the quorum.
        pub witnessed: Witnessed,
        /// The relay's address line.
        pub relay: String,
        /// The charter's numbers.
        pub charter: CharterView,
        /// Keys that the trustees have ready: so many secret motions can open.
        pub sealing_keys: u32,
        /// Where the plenary is, once the journal is here.
        pub plenary: Option<PlenaryView>,
    }
}

view! {
    /// Whether the plenary was founded anew, and who proposes it.
    pub struct PlenaryView {
        /// How many times it has been.
        pub founded_anew: u32,
        /// Since when it is in force.
        pub since: Option<u64>,
        /// Seats that signed that, the one that founds the group first.
        pub signed_by: Vec<u32>,
        /// Whether this device is in it.
        pub here: bool,
        /// Proposals of founding it anew once more.
        pub proposals: Vec<RefoundingView>,
    }
}

view! {
    /// A proposal to found the plenary anew.
    pub struct RefoundingView {
        /// The conversation in which the plenary would go on: the proposal's name.
        pub conversation: String,
        /// Seats that have signed it, the one that proposed it first.
        pub signed_by: Vec<u32>,
        /// How many have to.
        pub needed: u32,
        /// When the first of these signatures ceases to count.
        pub until: u64,
        /// Whether one of them is one's own.
        pub signed_by_me: bool,
    }
}

view! {
    /// A count of cosignatures against a quorum.
    pub struct Witnessed {
        /// Journal entries that a quorum has cosigned.
        pub entries: u64,
        /// Cosignatures on it.
        pub cosignatures: u32,
        /// How many make a quorum.
        pub quorum: u32,
    }
}

view! {
    /// Where one's own admission stands.
    pub enum Standing {
        /// The join request has been posted or waits in the outbox.
        Requested,
        /// A sponsor has proposed the admission and endorsements are being gathered.
        Proposed,
        /// A member.
        Admitted,
        /// A further device of a member: the first one has let it in, and the journal and the conversations are on their way.
        Entering,
        /// No longer a member.
        Removed,
        /// This device was revoked; its member stays, on other devices.
        Revoked,
        /// The join request came to nothing; another invitation may be used.
        Refused,
    }
}

view! {
    /// What a seat may do.
    pub enum Role {
        /// Speaks, proposes, votes.
        Deputy,
        /// Speaks.
        Expert,
        /// Reads.
        Observer,
    }
}

view! {
    /// The charter, in the units of its fields.
    pub struct CharterView {
        /// Endorsements for an admission after the founding.
        pub endorsements: u32,
        /// Founding ends when so many seats are taken.
        pub founding_seats: u32,
        /// Objection window of an admission.
        pub objection_ms: u64,
        /// Cooling-off before a new seat votes.
        pub cooling_off_ms: u64,
        /// Signers of a detention.
        pub detain_signers: u32,
        /// Seconders of a motion.
        pub seconders: u32,
        /// Notice before the opening.
        pub notice_ms: u64,
        /// Least voting time.
        pub voting_least_ms: u64,
        /// Greatest voting time.
        pub voting_greatest_ms: u64,
        /// Least roll of a secret vote.
        pub roll_floor: u32,
        /// Least ballots of a secret vote.
        pub ballots_floor: u32,
        /// Trustees by seat number.
        pub trustees: Vec<u32>,
        /// Shares that open a vote.
        pub threshold: u32,
        /// What a tie for a seat does in a vote among options.
        pub ties: Ties,
    }
}

view! {
    /// A member, for the list.
    pub struct MemberView {
        /// Seat number.
        pub seat: u32,
        /// Name as opened to members.
        pub name: String,
        /// Role.
        pub role: Role,
        /// Whether the seat acts.
        pub state: SeatState,
        /// Whether it is one's own.
        pub own: bool,
        /// When it was admitted.
        pub since: u64,
        /// Certified devices.
        pub devices: u32,
        /// Whether it is a trustee.
        pub trustee: bool,
        /// Unused ballot keys that the seat has published.
        pub ballot_keys: u32,
        /// Whether this device's user has compared the safety number with it.
        pub verified: bool,
    }
}

view! {
    /// Whether a seat acts.
    pub enum SeatState {
        /// Yes.
        Active,
        /// Detained: out of everything until it returns.
        Detained,
        /// Removed.
        Removed,
        /// Left by itself.
        Left,
    }
}

view! {
    /// Somebody who wants in.
    pub struct AdmissionView {
        /// Id to endorse or object by.
        pub id: String,
        /// Name as given.
        pub name: String,
        /// Role asked for.
        pub role: Role,
        /// Where it stands.
        pub state: AdmissionState,
        /// Seats that endorsed.
        pub endorsed_by: Vec<u32>,
        /// Endorsements needed.
        pub needed: u32,
        /// Seats that objected.
        pub objected_by: Vec<u32>,
        /// Whether one's own endorsement is among them.
        pub endorsed_by_me: bool,
    }
}

view! {
    /// Where an admission stands.
    pub enum AdmissionState {
        /// A join request in one's own inbox; endorsing it proposes it to the assembly.
        Requested,
        /// Proposed in the journal.
        Proposed,
        /// Enough endorsements; the objection window runs.
        Waiting,
        /// Admitted; the member is being let in.
        Admitted,
        /// Turned down or expired.
        Refused,
    }
}

view! {
    /// An invitation read from a link, before anybody joins by it.
    pub struct InvitationView {
        /// Name of the assembly, as the invitation says.
        pub assembly_name: String,
        /// Assembly id.
        pub assembly: String,
        /// The relay's address line.
        pub relay: String,
        /// Role offered.
        pub role: Role,
        /// Until when it can be used.
        pub expires: u64,
        /// A way to the relay that came with it.
        pub carrier: Option<Carrier>,
    }
}

// Made from the Rust types by `VECHE_WRITE_TYPES=1 cargo test -p veche-app --test types`;
// do not edit.

export type AccountView = { "account": "votes",
/**
 * Votes by option.
 */
votes: Array<number>, } | { "account": "pairs",
/**
 * Row i, column j: ballots that rank i above j.
 */
preferred: Array<Array<number>>,
/**
 * The options in classes, the unbeaten first.
 */
classes: Array<Array<number>>, } | { "account": "stages",
/**
 * Whole votes with which an option is elected.
 */
quota: number,
/**
 * What happened, in order.
 */
stages: Array<StageView>, };

export type ActView = "first" | { "surplus": number } | { "excluded": number };

export type AdmissionState = "requested" | "proposed" | "waiting" | "admitted" | "refused";

export type AdmissionView = {
/**
 * Id to endorse or object by.
 */
id: string,
/**
 * Name as given.
 */
name: string,
/**
 * Role asked for.
 */
role: Role,
/**
 * Where it stands.
 */
state: AdmissionState,
/**
 * Seats that endorsed.
 */
endorsed_by: Array<number>,
/**
 * Endorsements needed.
 */
needed: number,
/**
 * Seats that objected.
 */
objected_by: Array<number>,
/**
 * Whether one's own endorsement is among them.
 */
endorsed_by_me: boolean, };

export type Answer = { "answer": "done" } | { "answer": "overview",
/**
 * It.
 */
overview: Overview, } | { "answer": "founded",
/**
 * Assembly id.
 */
assembly: string, } | { "answer": "invitation",
/**
 * The link.
 */
link: string,
/**
 * Until when it can be used.
 */
expires: number, } | { "answer": "invitation_read",
/**
 * It.
 */
invitation: InvitationView, } | { "answer": "admissions",
/**
 * They.
 */
admissions: Array<AdmissionView>, } | { "answer": "devices",
/**
 * They.
 */
devices: DevicesView, } | { "answer": "device_link",
/**
 * The link.
 */
link: string,
/**
 * Until when it can be used.
 */
expires: number, } | { "answer": "device_link_read",
/**
 * It.
 */
link: DeviceLinkReadView, } | { "answer": "members",
/**
 * They, by seat.
 */
members: Array<MemberView>, } | { "answer": "safety_number",
/**
 * 60 digits.
 */
digits: string,
/**
 * The same as a QR code: an SVG image, black on white.
 */
qr: string,
/**
 * When this device's user said that it was the same on both sides.
 */
verified: number | null, } | { "answer": "conversations",
/**
 * They.
 */
conversations: Array<ConversationView>, } | { "answer": "conversation",
/**
 * Conversation id.
 */
conversation: string, } | { "answer": "sent",
/**
 * Message id.
 */
message: string, } | { "answer": "messages",
/**
 * They, ascending.
 */
messages: Array<MessageView>, } | { "answer": "found",
/**
 * They, newest first.
 */
messages: Array<FoundView>, } | { "answer": "proposed",
/**
 * Motion id.
 */
motion: string, } | { "answer": "motions",
/**
 * They, newest first.
 */
motions: Array<MotionView>, } | { "answer": "motion",
/**
 * It.
 */
motion: MotionView, } | { "answer": "ballot",
/**
 * Its bytes, in hexadecimal.
 */
ballot: string, } | { "answer": "picture",
/**
 * A data URL, decoded and encoded again by this device, at most 2,560 points a side.
 */
data: string, } | { "answer": "exported",
/**
 * Where.
 */
path: string,
/**
 * How long it is.
 */
bytes: number, };

export type AssemblyView = {
/**
 * Assembly id.
 */
id: string,
/**
 * Its name.
 */
name: string,
/**
 * The founding declaration.
 */
declaration: string,
/**
 * Where one's own admission stands.
 */
standing: Standing,
/**
 * Why a join request came to nothing.
 */
refused: string | null,
/**
 * The code that both devices show, while this one waits to be let in by another device of the same member; absent
 * until both have told each other what it is made from.
 */
device_code: string | null,
/**
 * Until when the link can be used behind which this device waits to be let in; absent if it does not wait.
 */
device_until: number | null,
/**
 * Whether this is the seat's first device: secret votes are cast there.
 */
first_device: boolean,
/**
 * One's own seat, once admitted.
 */
seat: number | null,
/**
 * One's own role, once admitted.
 */
role: Role | null,
/**
 * Whether the founding is still going on (one endorsement admits).
 */
founding: boolean,
/**
 * Seats by now, of all roles.
 */
seats: number,
/**
 * Entries of the journal that this device has folded.
 */
journal_entries: number,
/**
 * Journal checkpoints: how many witnesses' cosignatures the last covered one carries, and the quorum.
 */
witnessed: Witnessed,
/**
 * The relay's address line.
 */
relay: string,
/**
 * The charter's numbers.
 */
charter: CharterView,
/**
 * Keys that the trustees have ready: so many secret motions can open.
 */
sealing_keys: number,
/**
 * Where the plenary is, once the journal is here.
 */
plenary: PlenaryView | null, };

export type AuditLevel = "members" | "public";

export type Barred = "role" | "not_in_electorate" | "no_ballot_key" | "other_device" | "not_open";

export type Carrier = { "kind": "direct" } | { "kind": "socks5",
/**
 * `host:port` of the proxy.
 */
address: string, };

export type CharterChanges = {
/**
 * Endorsements for an admission after the founding.
 */
endorsements?: number,
/**
 * Founding ends when so many seats are taken.
 */
founding_seats?: number,
/**
 * Objection window of an admission.
 */
objection_ms?: number,
/**
 * Objectors that turn an admission into a motion.
 */
objectors?: number,
/**
 * Cooling-off before a new seat votes (not for founders).
 */
cooling_off_ms?: number,
/**
 * Signers of a detention.
 */
detain_signers?: number,
/**
 * Seconders of a motion.
 */
seconders?: number,
/**
 * Notice before the opening.
 */
notice_ms?: number,
/**
 * Least voting time.
 */
voting_least_ms?: number,
/**
 * Greatest voting time.
 */
voting_greatest_ms?: number,
/**
 * How long after the close the box may be sealed, before the motion is void.
 */
closing_ms?: number,
/**
 * Slot of ballot boxes.
 */
slot_ms?: number,
/**
 * How long a round of the trustees' key generation waits for a silent trustee.
 */
sealing_round_ms?: number,
/**
 * How often witnesses cosign.
 */
cosign_ms?: number,
/**
 * Least roll of a secret vote.
 */
roll_floor?: number,
/**
 * Least ballots of a secret vote.
 */
ballots_floor?: number,
/**
 * How many of the first deputies' seats are trustees.
 */
trustees?: number,
/**
 * Shares that open a vote; a third of the trustees (at least 3 of 5 or more, else 2) if absent.
 */
threshold?: number,
/**
 * What a tie for a seat does in a vote among options.
 */
ties?: Ties, };

export type CharterView = {
/**
 * Endorsements for an admission after the founding.
 */
endorsements: number,
/**
 * Founding ends when so many seats are taken.
 */
founding_seats: number,
/**
 * Objection window of an admission.
 */
objection_ms: number,
/**
 * Cooling-off before a new seat votes.
 */
cooling_off_ms: number,
/**
 * Signers of a detention.
 */
detain_signers: number,
/**
 * Seconders of a motion.
 */
seconders: number,
/**
 * Notice before the opening.
 */
notice_ms: number,
/**
 * Least voting time.
 */
voting_least_ms: number,
/**
 * Greatest voting time.
 */
voting_greatest_ms: number,
/**
 * Least roll of a secret vote.
 */
roll_floor: number,
/**
 * Least ballots of a secret vote.
 */
ballots_floor: number,
/**
 * Trustees by seat number.
 */
trustees: Array<number>,
/**
 * Shares that open a vote.
 */
threshold: number,
/**
 * What a tie for a seat does in a vote among options.
 */
ties: Ties, };

export type Choice = "for" | "against" | "abstain" | { "options": Array<number> } | { "ranking": Array<Array<number>> };

export type ConnectionState = "idle" | "connecting" | "online" | "offline" | "wrong_relay";

export type ConnectionView = {
/**
 * What it is doing.
 */
state: ConnectionState,
/**
 * Which way it goes.
 */
carrier: Carrier,
/**
 * How far the local clock is from the relay's, when it matters (more than a minute).
 */
clock_skew_ms: number | null, };

export type ConversationKind = "plenary" | "direct" | "group" | "own";

export type ConversationStanding = "active" | "left" | "halted" | "ended";

export type ConversationView = {
/**
 * Conversation id.
 */
id: string,
/**
 * What it is.
 */
kind: ConversationKind,
/**
 * Its title: a working group's name, the other one's in a direct conversation; empty for the plenary, which every
 * language names itself.
 */
title: string,
/**
 * The other one's seat in a direct conversation.
 */
peer: number | null,
/**
 * Devices in it.
 */
members: number,
/**
 * Who is in it, by seat.
 */
present: Array<PresentView>,
/**
 * Seats that this device brings in, and that are not in it yet.
 */
coming: Array<number>,
/**
 * Seats of whom this device asks that they leave; its own if one leaves.
 */
leaving: Array<number>,
/**
 * How this device stands in it.
 */
standing: ConversationStanding,
/**
 * Nothing is told when something is said in it.
 */
muted: boolean,
/**
 * It is put away.
 */
archived: boolean,
/**
 * It stands before the others.
 */
pinned: boolean,
/**
 * What this device tells the others of how far it has come.
 */
receipts: ReceiptLevel,
/**
 * Messages in it.
 */
messages: number,
/**
 * Messages not read yet.
 */
unread: number,
/**
 * Of them, those that mention this member.
 */
mentions: number,
/**
 * The last message.
 */
last: MessageView | null,
/**
 * After which time what is said now disappears; never if absent.
 */
timer_ms: number | null,
/**
 * What is being written.
 */
draft: DraftView | null,
/**
 * Messages that broke a rule and were skipped.
 */
findings: Array<FindingView>,
/**
 * The MLS epoch.
 */
epoch: number,
/**
 * Short code of the epoch authenticator: everybody sees the same.
 */
code: string, };

export type DeviceLinkReadView = {
/**
 * Name of the assembly, as the link says.
 */
assembly_name: string,
/**
 * Assembly id.
 */
assembly: string,
/**
 * The relay's address line.
 */
relay: string,
/**
 * Until when it can be used.
 */
expires: number,
/**
 * A way to the relay that came with it.
 */
carrier: Carrier | null, };

export type DeviceLinkView = {
/**
 * The link, for the eyes of the other device only; absent once somebody has come by it, for it is of no more use.
 */
link: string | null,
/**
 * The same as a QR code: an SVG image, black on white.
 */
qr: string | null,
/**
 * Until when it can be used.
 */
expires: number,
/**
 * Who has come by it.
 */
waiting: WaitingDeviceView | null,
/**
 * Whether it is being let in: the journal and the conversations follow by themselves.
 */
admitted: boolean, };

export type DeviceView = {
/**
 * Its key, as requests name it.
 */
device: string,
/**
 * What its user called it; known to the device itself and to the first one.
 */
name: string | null,
/**
 * Whether it is this one.
 */
this: boolean,
/**
 * Whether it is the first one: it votes in secret, lets others in and revokes them.
 */
first: boolean,
/**
 * Since when it is one.
 */
since: number,
/**
 * How far it is on its way out, once it is being revoked; it is in the list until it is out of everything.
 */
leaving: LeavingView | null, };

export type DevicesView = {
/**
 * They, the first one first; those that are on their way out after those that stay.
 */
devices: Array<DeviceView>,
/**
 * The link by which a further one may come in, while there is one. On the seat's first device only.
 */
link: DeviceLinkView | null,
/**
 * Most devices that a seat has.
 */
most: number, };

export type DraftView = {
/**
 * The words.
 */
text: string,
/**
 * The message that they answer.
 */
reply_to: string | null, };

export type Event = { "event": "changed",
/**
 * Which.
 */
topics: Array<Topic>, } | { "event": "message",
/**
 * In which conversation.
 */
conversation: string,
/**
 * It.
 */
message: MessageView, } | { "event": "motion_phase",
/**
 * Which.
 */
motion: string,
/**
 * Where it is now.
 */
phase: Phase, } | { "event": "notice",
/**
 * What kind of thing.
 */
kind: NoticeKind,
/**
 * In which conversation, if in one.
 */
conversation: string | null,
/**
 * With which motion, if with one.
 */
motion: string | null, } | { "event": "evidence",
/**
 * With what.
 */
evidence: EvidenceView, } | { "event": "transfer",
/**
 * In which conversation.
 */
conversation: string,
/**
 * The message that the file goes with.
 */
message: string,
/**
 * How far it is.
 */
transfer: TransferView, } | { "event": "progress",
/**
 * What.
 */
work: Work,
/**
 * Steps done.
 */
done: number,
/**
 * Steps in all.
 */
total: number, };

export type EvidenceKind = "fork" | "dropped_receipt" | "times_decrease" | "shrunk" | "wrong_root";

export type EvidenceView = {
/**
 * What it shows.
 */
kind: EvidenceKind,
/**
 * Which log.
 */
log: string,
/**
 * When this device noticed.
 */
noticed: number,
/**
 * The details, for one click deeper.
 */
details: string,
/**
 * Seat of the member who says so, if this device cannot prove it itself.
 */
by: number | null, };

export type FindingView = {
/**
 * The rule's id in `docs/spec/messaging.md`.
 */
rule: string,
/**
 * How many.
 */
count: number, };

export type FoundView = {
/**
 * Where it stands.
 */
conversation: string,
/**
 * It.
 */
message: MessageView, };

export type InvitationView = {
/**
 * Name of the assembly, as the invitation says.
 */
assembly_name: string,
/**
 * Assembly id.
 */
assembly: string,
/**
 * The relay's address line.
 */
relay: string,
/**
 * Role offered.
 */
role: Role,
/**
 * Until when it can be used.
 */
expires: number,
/**
 * A way to the relay that came with it.
 */
carrier: Carrier | null, };

export type LeavingView = {
/**
 * Whether the journal has the revocation; until then it waits to be sent or to be taken.
 */
recorded: boolean,
/**
 * How many of the conversations that this device is in still have it.
 */
conversations: number,
/**
 * Whether the journal, and with it the list of who can be reached, still goes on in a log that it knows.
 */
journal: boolean, };

export type Majority = "simple" | "absolute" | "two_thirds" | "three_quarters" | "consensus";

export type MediaView = "picture" | "file";

export type MemberView = {
/**
 * Seat number.
 */
seat: number,
/**
 * Name as opened to members.
 */
name: string,
/**
 * Role.
 */
role: Role,
/**
 * Whether the seat acts.
 */
state: SeatState,
/**
 * Whether it is one's own.
 */
own: boolean,
/**
 * When it was admitted.
 */
since: number,
/**
 * Certified devices.
 */
devices: number,
/**
 * Whether it is a trustee.
 */
trustee: boolean,
/**
 * Unused ballot keys that the seat has published.
 */
ballot_keys: number,
/**
 * Whether this device's user has compared the safety number with it.
 */
verified: boolean, };

export type MessageContent = { "kind": "text",
/**
 * The words as they were written.
 */
text: string,
/**
 * The same as it is to be shown: without marks, in stretches of one style each.
 */
runs: Array<RunView>, } | { "kind": "attachment",
/**
 * What it is called: no path, nothing that deceives.
 */
name: string,
/**
 * How long it is.
 */
bytes: number,
/**
 * What it is. Pictures have lost what cameras write into them; other files go as they are.
 */
media: MediaView,
/**
 * Points of a picture from left to right, as its author says.
 */
width: number | null,
/**
 * Points of a picture from top to bottom.
 */
height: number | null,
/**
 * A small picture of it as a data URL, made by this device; absent if what came cannot be shown.
 */
thumbnail: string | null,
/**
 * The words as they were written; may be empty.
 */
text: string,
/**
 * The same as it is to be shown.
 */
runs: Array<RunView>,
/**
 * Where the file is.
 */
transfer: TransferView, } | { "kind": "roster",
/**
 * Seats that came in.
 */
added: Array<number>,
/**
 * Seats that are out.
 */
removed: Array<number>, } | { "kind": "deleted" } | { "kind": "timer",
/**
 * After which; never if absent.
 */
timer_ms: number | null, } | { "kind": "renamed",
/**
 * The name.
 */
name: string, } | { "kind": "needs_newer_version" };

export type MessageState = "waiting" | "sent" | "received";

export type MessageView = {
/**
 * Message id.
 */
id: string,
/**
 * Position in the conversation, ascending; the cursor of paging.
 */
position: number,
/**
 * Seat of the sender.
 */
seat: number,
/**
 * Name of the sender.
 */
name: string,
/**
 * Whether it is one's own.
 */
own: boolean,
/**
 * What it is.
 */
content: MessageContent,
/**
 * The message that it answers.
 */
reply: ReplyView | null,
/**
 * Seats that it mentions, ascending.
 */
mentions: Array<number>,
/**
 * Whether it is somebody else's and mentions this member.
 */
mentions_me: boolean,
/**
 * Reactions, in the order in which they came.
 */
reactions: Array<ReactionView>,
/**
 * When its words were changed the last time.
 */
edited: number | null,
/**
 * How often they were changed.
 */
edits: number,
/**
 * When it disappears.
 */
over: number | null,
/**
 * Whether a change of one's own, shown already, still waits for the log.
 */
changing: boolean,
/**
 * When the relay took it, or when it was written if it has not.
 */
time: number,
/**
 * At how many other members an own message has arrived, as far as they tell.
 */
arrived: number,
/**
 * How many other members have read it, as far as they tell.
 */
read: number,
/**
 * Where it is.
 */
state: MessageState, };

export type MotionView = {
/**
 * Motion id.
 */
id: string,
/**
 * Title.
 */
title: string,
/**
 * Text.
 */
text: string,
/**
 * Seat that proposed it.
 */
proposer: number,
/**
 * Kind of vote.
 */
kind: VoteKind,
/**
 * What is asked.
 */
question: QuestionView,
/**
 * Rule of decision.
 */
rule: RuleView,
/**
 * Where it stands.
 */
phase: Phase,
/**
 * When it was proposed.
 */
proposed: number,
/**
 * Seats that seconded it.
 */
seconded_by: Array<number>,
/**
 * Seconders needed.
 */
seconders_needed: number,
/**
 * Earliest opening, once seconded.
 */
may_open: number | null,
/**
 * When it opened.
 */
opened: number | null,
/**
 * When it closes.
 */
closes: number | null,
/**
 * Electorate, frozen at the opening.
 */
electorate: number | null,
/**
 * Voters on the roll of a secret vote: among how many a ballot hides.
 */
roll: number | null,
/**
 * Ballots so far (votes of a roll-call), for the quorum; who took part is not shown.
 */
ballots: number,
/**
 * Ballots that make the quorum.
 */
quorum: number | null,
/**
 * One's own part in it.
 */
mine: OwnVote,
/**
 * Shares released, of the threshold.
 */
shares: number,
/**
 * Shares that open the vote.
 */
threshold: number,
/**
 * Outcome, once decided.
 */
result: ResultView | null, };

export type NewDeviceView = {
/**
 * Its key, as requests name it.
 */
device: string,
/**
 * What its user called it; known to the first device only.
 */
name: string | null,
/**
 * Since when it is one.
 */
since: number,
/**
 * Whether it still is one; else it has been revoked.
 */
there: boolean, };

export type NoticeCode = "relay_answers_nonsense" | "relay_full" | "relay_restored" | "update_needed" | "journal_key_missing" | "resync_needed" | "vault_rolled_back" | "clock_wrong" | "step_failed";

export type NoticeKind = "message" | "mention" | "motion" | "deadline" | "plenary" | "device";

export type OptionsView = {
/**
 * Ballots with a choice.
 */
valid: number,
/**
 * Elected, in order.
 */
elected: Array<number>,
/**
 * Tied for seats that stay empty.
 */
tied: Array<number>,
/**
 * Whether the public order decided a tie.
 */
drawn: boolean,
/**
 * How it came to that.
 */
account: AccountView, };

export type Overview = {
/**
 * The assembly, if this vault belongs to one.
 */
assembly: AssemblyView | null,
/**
 * How the relay is reached right now.
 */
connection: ConnectionView,
/**
 * Bytes in the outbox that no relay has confirmed yet, counted in entries.
 */
outbox_entries: number,
/**
 * Lies and breaches with proof, newest first.
 */
evidence: Array<EvidenceView>,
/**
 * The last complaint of the machine about itself or its surroundings, for a quiet line.
 */
notice: NoticeCode | null,
/**
 * Devices that have come to one's own seat, until [`AcknowledgeDevice`](crate::requests::Request::AcknowledgeDevice):
 * whoever knows nothing of one has somebody else in their place.
 */
new_devices: Array<NewDeviceView>,
/**
 * Whether its user is told that something has happened.
 */
notices: boolean, };

export type OwnVote = {
/**
 * Where one's own vote is.
 */
state: OwnVoteState,
/**
 * When the ballot leaves at the latest.
 */
cast_by: number | null,
/**
 * In a roll-call, one's own choice; in a secret vote never known after it was cast.
 */
choice: Choice | null,
/**
 * Why one cannot vote.
 */
barred: Barred | null, };

export type OwnVoteState = "none" | "awaiting_witnesses" | "preparing" | "prepared" | "cast" | "counted" | "forwarded";

export type Phase = "proposed" | "noticed" | "open" | "closed" | "decided" | "void" | "withdrawn";

export type PlenaryView = {
/**
 * How many times it has been.
 */
founded_anew: number,
/**
 * Since when it is in force.
 */
since: number | null,
/**
 * Seats that signed that, the one that founds the group first.
 */
signed_by: Array<number>,
/**
 * Whether this device is in it.
 */
here: boolean,
/**
 * Proposals of founding it anew once more.
 */
proposals: Array<RefoundingView>, };

export type PresentView = {
/**
 * The seat.
 */
seat: number,
/**
 * The name.
 */
name: string,
/**
 * Since when; absent if longer than this device.
 */
since: number | null, };

export type ProofLabel = "opening" | "roll_root" | "box_checkpoint" | "cosignatures" | "shares" | "refused" | "repeated" | "journal" | "finding";

export type ProofLine = {
/**
 * What it is; a key of the catalogues.
 */
label: ProofLabel,
/**
 * Its value.
 */
value: string, };

export type QuestionView = { "method": "for_against_abstain" } | { "method": "one_of_many",
/**
 * The options, 2 to 256.
 */
options: Array<string>, } | { "method": "up_to_k",
/**
 * The options, 2 to 256.
 */
options: Array<string>,
/**
 * k.
 */
marks_max: number,
/**
 * Options that are elected, fewer than there are.
 */
seats: number, } | { "method": "schulze",
/**
 * The options, 2 to 64.
 */
options: Array<string>, } | { "method": "transferable",
/**
 * The options, 2 to 64.
 */
options: Array<string>,
/**
 * Options that are elected, fewer than there are.
 */
seats: number, };

export type ReactionView = {
/**
 * The emoji.
 */
emoji: string,
/**
 * Who, ascending.
 */
seats: Array<number>,
/**
 * Whether one's own seat is among them.
 */
mine: boolean, };

export type ReceiptLevel = "none" | "arrived" | "read";

export type RefoundingView = {
/**
 * The conversation in which the plenary would go on: the proposal's name.
 */
conversation: string,
/**
 * Seats that have signed it, the one that proposed it first.
 */
signed_by: Array<number>,
/**
 * How many have to.
 */
needed: number,
/**
 * When the first of these signatures ceases to count.
 */
until: number,
/**
 * Whether one of them is one's own.
 */
signed_by_me: boolean, };

export type Refusal = {
/**
 * Which reason.
 */
code: RefusalCode,
/**
 * In English, with what to do next.
 */
details: string, };

export type RefusalCode = "bad_request" | "no_assembly" | "already_in_assembly" | "not_a_member" | "not_allowed" | "unknown" | "wrong_phase" | "already_done" | "invitation_mangled" | "invitation_expired" | "invitation_used" | "link_for_device" | "link_for_member" | "not_first_device" | "wrong_code" | "bad_relay_address" | "relay_unreachable" | "not_ready" | "cannot_write" | "cannot_read" | "too_large" | "store_failed" | "no_vault" | "vault_exists" | "wrong_passphrase" | "vault_damaged" | "vault_in_use" | "locked" | "internal";

export type ReplyView = {
/**
 * Message id.
 */
id: string,
/**
 * Seat of its sender; 0 if it is not there.
 */
seat: number,
/**
 * Name of its sender.
 */
name: string,
/**
 * How it begins.
 */
excerpt: string,
/**
 * Whether it is there; it may have been taken back, have disappeared, or be older than one's own membership.
 */
there: boolean,
/**
 * Its position, if it is there.
 */
position: number | null, };

export type Request = { "request": "overview" } | { "request": "found",
/**
 * Its name, 1 to 200 characters.
 */
name: string,
/**
 * Founding declaration, at most 20,000 characters.
 */
declaration: string,
/**
 * The relay's address line.
 */
relay: string,
/**
 * The founder's name as members see it.
 */
member_name: string,
/**
 * Numbers of the charter that differ from the defaults.
 */
charter: CharterChanges, } | { "request": "invite",
/**
 * Role offered.
 */
role: Role,
/**
 * For how long it can be used; 7 days if absent.
 */
valid_ms?: number,
/**
 * A way to the relay to send along.
 */
carrier?: Carrier, } | { "request": "read_invitation",
/**
 * The link.
 */
link: string, } | { "request": "join",
/**
 * The link.
 */
link: string,
/**
 * One's own name as members will see it.
 */
member_name: string, } | { "request": "admissions" } | { "request": "endorse",
/**
 * The admission.
 */
admission: string, } | { "request": "object",
/**
 * The admission.
 */
admission: string, } | { "request": "members" } | { "request": "safety_number",
/**
 * The member's seat.
 */
seat: number, } | { "request": "mark_verified",
/**
 * The member's seat.
 */
seat: number,
/**
 * Whether it is the same.
 */
verified: boolean, } | { "request": "set_notices",
/**
 * Whether it does.
 */
on: boolean, } | { "request": "detain",
/**
 * The seat.
 */
seat: number, } | { "request": "refound",
/**
 * The proposal to sign, as [`PlenaryView`](crate::views::PlenaryView) names it; a new one if absent.
 */
conversation?: string, } | { "request": "conversations" } | { "request": "direct",
/**
 * The member's seat.
 */
seat: number, } | { "request": "found_group",
/**
 * Its name, 1 to 200 characters.
 */
name: string,
/**
 * Seats of the members to bring in, at most 49; more can be brought in later.
 */
seats: Array<number>, } | { "request": "bring",
/**
 * The working group.
 */
conversation: string,
/**
 * The members' seats.
 */
seats: Array<number>, } | { "request": "ask_to_leave",
/**
 * The working group.
 */
conversation: string,
/**
 * Who is to leave: one's own seat, or another's.
 */
seat: number, } | { "request": "arrange",
/**
 * The conversation.
 */
conversation: string,
/**
 * Nothing is told when something is said in it.
 */
muted?: boolean,
/**
 * It is put away.
 */
archived?: boolean,
/**
 * It stands before the others.
 */
pinned?: boolean,
/**
 * What the others are told of how far this device has come; nothing can be told in the plenary.
 */
receipts?: ReceiptLevel, } | { "request": "rename",
/**
 * The working group.
 */
conversation: string,
/**
 * Its name, 1 to 200 characters.
 */
name: string, } | { "request": "devices" } | { "request": "link_device" } | { "request": "read_device_link",
/**
 * The link.
 */
link: string, } | { "request": "join_as_device",
/**
 * The first device's link.
 */
link: string,
/**
 * What one's own devices call it, 1 to 60 characters.
 */
device_name: string, } | { "request": "give_up_device_link" } | { "request": "admit_device",
/**
 * The code that the waiting device shows.
 */
code: string,
/**
 * Whether it gets what was said so far; else it has what is said from now on.
 */
history: boolean, } | { "request": "cancel_device_link" } | { "request": "revoke_device",
/**
 * Its key.
 */
device: string, } | { "request": "acknowledge_device",
/**
 * Its key, as the overview gives it.
 */
device: string, } | { "request": "send",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The words, at most 20,000 characters and 32,765 bytes. `*bold*`, `_italic_`, `~struck out~`, `` `code` ``, lines
 * that begin with `> `, and `@{7}` for seat 7 are marks in them.
 */
text: string,
/**
 * The message that they answer.
 */
reply_to?: string, } | { "request": "attach",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * Where the file is; at most 64 MiB. A picture (JPEG, PNG, WebP) has at most 50 megapixels and loses what cameras
 * write into it; other files go as they are, with whatever they say of their author.
 */
path: string,
/**
 * Words that go with it; as in `send`, or none.
 */
text?: string,
/**
 * The message that it answers.
 */
reply_to?: string, } | { "request": "fetch",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The message.
 */
message: string, } | { "request": "cancel_transfer",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The message.
 */
message: string, } | { "request": "save_attachment",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The message.
 */
message: string,
/**
 * Where to; must not exist.
 */
path: string, } | { "request": "picture",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The message.
 */
message: string, } | { "request": "edit",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The message.
 */
message: string,
/**
 * Its words from now on.
 */
text: string, } | { "request": "delete",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The message.
 */
message: string, } | { "request": "react",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The message.
 */
message: string,
/**
 * One character.
 */
emoji: string,
/**
 * Whether to take it back.
 */
take_back: boolean, } | { "request": "set_timer",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * After which, 10 seconds to 366 days; never if absent.
 */
timer_ms?: number, } | { "request": "set_draft",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * The words.
 */
text: string,
/**
 * The message that they answer.
 */
reply_to?: string, } | { "request": "search",
/**
 * 1 to 16 words.
 */
text: string,
/**
 * The conversation; all if absent.
 */
conversation?: string,
/**
 * At most so many; 50 if absent, 500 at most.
 */
limit?: number, } | { "request": "read",
/**
 * The conversation; the plenary if absent.
 */
conversation?: string,
/**
 * Only messages at positions below this one; the last ones if absent.
 */
before?: number,
/**
 * At most so many; 50 if absent, 500 at most.
 */
limit?: number,
/**
 * Whether to count them as read.
 */
mark_read: boolean, } | { "request": "propose",
/**
 * Title, 1 to 200 characters.
 */
title: string,
/**
 * Text, at most 50,000 characters.
 */
text: string,
/**
 * Roll-call or secret.
 */
kind: VoteKind,
/**
 * What is asked; for, against or abstain if absent.
 */
question?: QuestionView,
/**
 * Rule of decision; the charter's default if absent.
 */
rule?: RuleView,
/**
 * Notice before the opening; the charter's if absent.
 */
notice_ms?: number,
/**
 * Voting time; the charter's least if absent.
 */
voting_ms?: number, } | { "request": "second",
/**
 * The motion.
 */
motion: string, } | { "request": "open",
/**
 * The motion.
 */
motion: string, } | { "request": "withdraw",
/**
 * The motion.
 */
motion: string, } | { "request": "motions" } | { "request": "motion",
/**
 * The motion.
 */
motion: string, } | { "request": "vote",
/**
 * The motion.
 */
motion: string,
/**
 * The choice.
 */
choice: Choice, } | { "request": "ballot",
/**
 * The motion.
 */
motion: string, } | { "request": "cancel",
/**
 * The motion.
 */
motion: string, } | { "request": "forward_ballot",
/**
 * The motion.
 */
motion: string,
/**
 * The ballot, in hexadecimal.
 */
ballot: string, } | { "request": "export_audit",
/**
 * Where to; must not exist.
 */
path: string,
/**
 * Whose eyes it is for.
 */
level: AuditLevel, } | { "request": "set_carrier",
/**
 * The way.
 */
carrier: Carrier, };

export type ResultView = {
/**
 * Whether it is adopted; with options: whether one is elected.
 */
adopted: boolean,
/**
 * Votes for; 0 with options.
 */
votes_for: number,
/**
 * Votes against; 0 with options.
 */
votes_against: number,
/**
 * Abstentions.
 */
votes_abstain: number,
/**
 * Ballots whose content is no vote.
 */
spoilt: number,
/**
 * The votes among options, if such are asked.
 */
options: OptionsView | null,
/**
 * Whether the quorum was there.
 */
quorum_met: boolean,
/**
 * Devices that published the same result.
 */
agree: number,
/**
 * Devices that published another one: an alarm.
 */
disagree: number,
/**
 * In a roll-call, who voted what.
 */
roll_call: Array<SeatVote>,
/**
 * Hash of the result that devices confirm.
 */
hash: string,
/**
 * The proof, in labelled lines, for one click deeper.
 */
proof: Array<ProofLine>, };

export type Role = "deputy" | "expert" | "observer";

export type RuleView = {
/**
 * Quorum, numerator: at least `quorum_numerator / quorum_denominator` of the electorate.
 */
quorum_numerator: number,
/**
 * Quorum, denominator.
 */
quorum_denominator: number,
/**
 * Majority.
 */
majority: Majority, };

export type RunStyle = "bold" | "italic" | "strike" | "code" | "quote";

export type RunView = {
/**
 * The words.
 */
text: string,
/**
 * How they look.
 */
styles: Array<RunStyle>,
/**
 * The seat that they mention; its name is shown in their place.
 */
seat: number | null, };

export type SeatState = "active" | "detained" | "removed" | "left";

export type SeatVote = {
/**
 * Seat.
 */
seat: number,
/**
 * Choice.
 */
choice: Choice, };

export type StageView = {
/**
 * What was done.
 */
act: ActView,
/**
 * Votes by option after it, in hundred-thousandths of a vote.
 */
votes: Array<number>,
/**
 * Votes that no option has any more, in the same unit.
 */
lost: number,
/**
 * Who is elected by it.
 */
elected: Array<number>, };

export type Standing = "requested" | "proposed" | "admitted" | "entering" | "removed" | "revoked" | "refused";

export type Ties = "fail" | "public_order";

export type Topic = "overview" | "members" | "conversations" | "motions" | "devices";

export type TransferState = "sending" | "offered" | "fetching" | "here" | "gone" | "failed";

export type TransferView = {
/**
 * Where it is.
 */
state: TransferState,
/**
 * Bytes moved.
 */
done: number,
/**
 * Bytes in all.
 */
total: number, };

export type VaultStatus = "absent" | "locked" | "open";

export type VoteKind = "roll_call" | "secret";

export type WaitingDeviceView = {
/**
 * What its user called it.
 */
name: string,
/**
 * The code that both devices show: another one there is another device here. Absent until both have told each
 * other what it is made from, some seconds after the device came.
 */
code: string | null, };

export type Witnessed = {
/**
 * Journal entries that a quorum has cosigned.
 */
entries: number,
/**
 * Cosignatures on it.
 */
cosignatures: number,
/**
 * How many make a quorum.
 */
quorum: number, };

export type Work = "proof" | "count" | "catch_up" | "audit";

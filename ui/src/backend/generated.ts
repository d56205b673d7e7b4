// What crosses the door, as `crates/app/src/dto.rs` and `crates/client/src/views.rs` serialise it.

export type Request =
  | { request: "overview" }
  | { request: "found"; name: string; declaration: string; relay: string; member_name: string; charter: CharterChanges }
  | { request: "invite"; role: Role; valid_ms?: number; carrier?: Carrier }
  | { request: "read_invitation"; link: string }
  | { request: "join"; link: string; member_name: string }
  | { request: "admissions" }
  | { request: "endorse"; admission: string }
  | { request: "object"; admission: string }
  | { request: "members" }
  | { request: "detain"; seat: number }
  | { request: "conversations" }
  | { request: "send"; conversation?: string; text: string }
  | { request: "read"; conversation?: string; before?: number; limit?: number; mark_read: boolean }
  | { request: "propose"; title: string; text: string; kind: VoteKind; rule?: RuleView; notice_ms?: number; voting_ms?: number }
  | { request: "second"; motion: string }
  | { request: "open"; motion: string }
  | { request: "withdraw"; motion: string }
  | { request: "motions" }
  | { request: "motion"; motion: string }
  | { request: "vote"; motion: string; choice: Choice }
  | { request: "export_audit"; path: string; level: AuditLevel }
  | { request: "set_carrier"; carrier: Carrier };

export type CharterChanges = {
  endorsements?: number;
  founding_seats?: number;
  objection_ms?: number;
  objectors?: number;
  cooling_off_ms?: number;
  detain_signers?: number;
  seconders?: number;
  notice_ms?: number;
  voting_least_ms?: number;
  voting_greatest_ms?: number;
  closing_ms?: number;
  slot_ms?: number;
  sealing_round_ms?: number;
  cosign_ms?: number;
  roll_floor?: number;
  ballots_floor?: number;
  trustees?: number;
  threshold?: number;
};

export type AuditLevel = "members" | "public";

export type Answer =
  | { answer: "done" }
  | { answer: "overview"; overview: Overview }
  | { answer: "founded"; assembly: string }
  | { answer: "invitation"; link: string; expires: number }
  | { answer: "invitation_read"; invitation: InvitationView }
  | { answer: "admissions"; admissions: Array<AdmissionView> }
  | { answer: "members"; members: Array<MemberView> }
  | { answer: "conversations"; conversations: Array<ConversationView> }
  | { answer: "sent"; message: string }
  | { answer: "messages"; messages: Array<MessageView> }
  | { answer: "proposed"; motion: string }
  | { answer: "motions"; motions: Array<MotionView> }
  | { answer: "motion"; motion: MotionView }
  | { answer: "exported"; path: string; bytes: number };

export type Refusal = { code: RefusalCode; details: string };

export type RefusalCode =
  | "bad_request"
  | "no_assembly"
  | "already_in_assembly"
  | "not_a_member"
  | "not_allowed"
  | "unknown"
  | "wrong_phase"
  | "already_done"
  | "invitation_mangled"
  | "invitation_expired"
  | "invitation_used"
  | "bad_relay_address"
  | "not_ready"
  | "cannot_write"
  | "store_failed"
  | "no_vault"
  | "vault_exists"
  | "wrong_passphrase"
  | "vault_damaged"
  | "vault_in_use"
  | "locked"
  | "internal";

export type Event =
  | { event: "changed"; topics: Array<Topic> }
  | { event: "message"; conversation: string; message: MessageView }
  | { event: "motion_phase"; motion: string; phase: Phase }
  | { event: "evidence"; evidence: EvidenceView }
  | { event: "progress"; work: Work; done: number; total: number };

export type Topic = "overview" | "members" | "conversations" | "motions";
export type Work = "proof" | "catch_up" | "audit";

export type Overview = {
  assembly: AssemblyView | null;
  connection: ConnectionView;
  outbox_entries: number;
  evidence: Array<EvidenceView>;
  notice: NoticeCode | null;
};

export type AssemblyView = {
  id: string;
  name: string;
  declaration: string;
  standing: Standing;
  seat: number | null;
  role: Role | null;
  founding: boolean;
  seats: number;
  journal_entries: number;
  witnessed: Witnessed;
  relay: string;
  charter: CharterView;
};

export type Witnessed = { entries: number; cosignatures: number; quorum: number };
export type Standing = "requested" | "proposed" | "admitted" | "removed";
export type Role = "deputy" | "expert" | "observer";

export type CharterView = {
  endorsements: number;
  founding_seats: number;
  objection_ms: number;
  cooling_off_ms: number;
  detain_signers: number;
  seconders: number;
  notice_ms: number;
  voting_least_ms: number;
  voting_greatest_ms: number;
  roll_floor: number;
  ballots_floor: number;
  trustees: Array<number>;
  threshold: number;
};

export type ConnectionView = { state: ConnectionState; carrier: Carrier; clock_skew_ms: number | null };
export type ConnectionState = "idle" | "connecting" | "online" | "offline" | "wrong_relay";
export type Carrier = { kind: "direct" } | { kind: "socks5"; address: string };

export type EvidenceView = { kind: EvidenceKind; log: string; noticed: number; details: string };
export type EvidenceKind = "fork" | "dropped_receipt" | "times_decrease" | "shrunk" | "wrong_root";

export type NoticeCode =
  | "relay_answers_nonsense"
  | "relay_full"
  | "update_needed"
  | "journal_key_missing"
  | "resync_needed"
  | "vault_rolled_back"
  | "clock_wrong";

export type MemberView = {
  seat: number;
  name: string;
  role: Role;
  state: SeatState;
  own: boolean;
  since: number;
  devices: number;
  trustee: boolean;
  ballot_keys: number;
};

export type SeatState = "active" | "detained" | "removed" | "left";

export type AdmissionView = {
  id: string;
  name: string;
  role: Role;
  state: AdmissionState;
  endorsed_by: Array<number>;
  needed: number;
  objected_by: Array<number>;
  endorsed_by_me: boolean;
};

export type AdmissionState = "requested" | "proposed" | "waiting" | "admitted" | "refused";

export type InvitationView = {
  assembly_name: string;
  assembly: string;
  relay: string;
  role: Role;
  expires: number;
  carrier: Carrier | null;
};

export type ConversationView = {
  id: string;
  kind: ConversationKind;
  title: string;
  members: number;
  messages: number;
  unread: number;
  last: MessageView | null;
  epoch: number;
  code: string;
};

export type ConversationKind = "plenary";

export type MessageView = {
  id: string;
  position: number;
  seat: number;
  name: string;
  own: boolean;
  content: MessageContent;
  time: number;
  state: MessageState;
};

export type MessageContent =
  | { kind: "text"; text: string }
  | { kind: "roster"; added: Array<number>; removed: Array<number> }
  | { kind: "needs_newer_version" };

export type MessageState = "waiting" | "sent" | "received";

export type MotionView = {
  id: string;
  title: string;
  text: string;
  proposer: number;
  kind: VoteKind;
  rule: RuleView;
  phase: Phase;
  proposed: number;
  seconded_by: Array<number>;
  seconders_needed: number;
  may_open: number | null;
  opened: number | null;
  closes: number | null;
  electorate: number | null;
  roll: number | null;
  ballots: number;
  quorum: number | null;
  mine: OwnVote;
  shares: number;
  threshold: number;
  result: ResultView | null;
};

export type VoteKind = "roll_call" | "secret";
export type RuleView = { quorum_numerator: number; quorum_denominator: number; majority: Majority };
export type Majority = "simple" | "absolute" | "two_thirds" | "three_quarters" | "consensus";
export type Phase = "proposed" | "noticed" | "open" | "closed" | "decided" | "void" | "withdrawn";
export type OwnVote = {
  state: OwnVoteState;
  cast_by: number | null;
  choice: Choice | null;
  barred: Barred | null;
};
export type OwnVoteState =
  | "none"
  | "awaiting_witnesses"
  | "preparing"
  | "prepared"
  | "cast"
  | "counted"
  | "forwarded";
export type Barred = "role" | "not_in_electorate" | "no_ballot_key" | "not_open";
export type Choice = "for" | "against" | "abstain";

export type ResultView = {
  adopted: boolean;
  votes_for: number;
  votes_against: number;
  votes_abstain: number;
  spoilt: number;
  quorum_met: boolean;
  agree: number;
  disagree: number;
  roll_call: Array<SeatVote>;
  hash: string;
  proof: Array<ProofLine>;
};

export type SeatVote = { seat: number; choice: Choice };
export type ProofLine = { label: ProofLabel; value: string };
export type ProofLabel =
  | "opening"
  | "roll_root"
  | "box_checkpoint"
  | "cosignatures"
  | "shares"
  | "refused"
  | "repeated"
  | "journal"
  | "finding";

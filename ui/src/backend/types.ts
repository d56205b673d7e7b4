// The generated types with branded ids: a motion's id is never taken for a conversation's.

import type * as wire from "./generated";

export type {
  AccountView,
  ActView,
  AuditLevel,
  AdmissionState,
  Barred,
  Carrier,
  CharterChanges,
  CharterView,
  Choice,
  ConnectionState,
  ConnectionView,
  ConversationKind,
  ConversationStanding,
  DeviceLinkReadView,
  DeviceLinkView,
  EvidenceKind,
  EvidenceView,
  InvitationView,
  Majority,
  MemberView,
  MessageContent,
  LeavingView,
  MessageState,
  NoticeCode,
  OptionsView,
  OwnVote,
  OwnVoteState,
  Phase,
  PresentView,
  ProofLabel,
  ProofLine,
  QuestionView,
  Refusal,
  ReactionView,
  ReceiptLevel,
  RefusalCode,
  ResultView,
  Role,
  RuleView,
  RunStyle,
  RunView,
  SeatState,
  StageView,
  Standing,
  Ties,
  Topic,
  TransferState,
  TransferView,
  VoteKind,
  WaitingDeviceView,
  Work,
} from "./generated";

type Branded<Name extends string> = string & { readonly __id: Name };

export type MotionId = Branded<"motion">;
export type AdmissionId = Branded<"admission">;
export type ConversationId = Branded<"conversation">;
export type MessageId = Branded<"message">;
/** The key of a device of one's own. */
export type DeviceId = Branded<"device">;

type WithId<View, Id> = Omit<View, "id"> & { id: Id };

export type MotionView = WithId<wire.MotionView, MotionId>;
export type AdmissionView = WithId<wire.AdmissionView, AdmissionId>;
export type ReplyView = WithId<wire.ReplyView, MessageId>;
export type MessageView = Omit<wire.MessageView, "id" | "reply"> & {
  id: MessageId;
  reply: ReplyView | null;
};
export type DraftView = Omit<wire.DraftView, "reply_to"> & { reply_to: MessageId | null };
export type ConversationView = Omit<wire.ConversationView, "id" | "last" | "draft"> & {
  id: ConversationId;
  last: MessageView | null;
  draft: DraftView | null;
};
export type DeviceView = Omit<wire.DeviceView, "device"> & { device: DeviceId };
/** One that has come to one's own seat. */
export type NewDeviceView = Omit<wire.NewDeviceView, "device"> & { device: DeviceId };
export type DevicesView = Omit<wire.DevicesView, "devices"> & { devices: DeviceView[] };
export type RefoundingView = Omit<wire.RefoundingView, "conversation"> & { conversation: ConversationId };
export type PlenaryView = Omit<wire.PlenaryView, "proposals"> & { proposals: RefoundingView[] };
export type AssemblyView = Omit<wire.AssemblyView, "plenary"> & { plenary: PlenaryView | null };
export type Overview = Omit<wire.Overview, "assembly" | "new_devices"> & {
  assembly: AssemblyView | null;
  new_devices: NewDeviceView[];
};
export type FoundView = { conversation: ConversationId; message: MessageView };

/** What is in a message that brings a file. */
export type Attached = Extract<wire.MessageContent, { kind: "attachment" }>;

/** Replaces the type of `Key` wherever a member of the union `Union` has it. */
type Narrow<Union, Key extends string, Id> = Union extends unknown
  ? Key extends keyof Union
    ? Omit<Union, Key> & Record<Key, Id>
    : Union
  : never;

/** The same, and what may be absent still may. */
type NarrowOptional<Union, Key extends string, Id> = Union extends unknown
  ? Key extends keyof Union
    ? Omit<Union, Key> & (Union extends Record<Key, unknown> ? Record<Key, Id> : Partial<Record<Key, Id>>)
    : Union
  : never;

export type Request = NarrowOptional<
  NarrowOptional<
    Narrow<
      Narrow<
        Narrow<Narrow<wire.Request, "motion", MotionId>, "admission", AdmissionId>,
        "message",
        MessageId
      >,
      "device",
      DeviceId
    >,
    "reply_to",
    MessageId
  >,
  "conversation",
  ConversationId
>;

type Plain = Exclude<
  wire.Answer,
  {
    answer:
      | "overview"
      | "admissions"
      | "devices"
      | "conversations"
      | "conversation"
      | "sent"
      | "messages"
      | "found"
      | "proposed"
      | "motions"
      | "motion";
  }
>;

export type Answer =
  | Plain
  | { answer: "overview"; overview: Overview }
  | { answer: "admissions"; admissions: AdmissionView[] }
  | { answer: "devices"; devices: DevicesView }
  | { answer: "conversations"; conversations: ConversationView[] }
  | { answer: "conversation"; conversation: ConversationId }
  | { answer: "sent"; message: MessageId }
  | { answer: "messages"; messages: MessageView[] }
  | { answer: "found"; messages: FoundView[] }
  | { answer: "proposed"; motion: MotionId }
  | { answer: "motions"; motions: MotionView[] }
  | { answer: "motion"; motion: MotionView };

export type Event =
  | Exclude<wire.Event, { event: "message" | "motion_phase" | "transfer" }>
  | { event: "message"; conversation: ConversationId; message: MessageView }
  | { event: "transfer"; conversation: ConversationId; message: MessageId; transfer: wire.TransferView }
  | { event: "motion_phase"; motion: MotionId; phase: wire.Phase };

// The only door between the page and everything else.

import { foreign, foreignWithin } from "./foreign";
import type { Answer, Event, Refusal, Request } from "./types";

export type VaultState = "absent" | "locked" | "open";

export interface VaultStatus {
  state: VaultState;
  path: string;
}

export type Language = "ru" | "en";
export type Theme = "system" | "light" | "dark";
export type TextSize = "normal" | "large" | "largest";

/** The window's own settings; they lie outside the vault. */
export interface Settings {
  language: Language | null;
  theme: Theme;
  text_size: TextSize;
}

/** A file that may be sent. */
export interface FileView {
  path: string;
  name: string;
  /** Its size; null where it cannot be learnt beforehand. */
  bytes: number | null;
}

/** A file is dragged over the window from elsewhere, away from it again, or let go over it. */
export type Drop = { kind: "over" } | { kind: "away" } | { kind: "dropped"; paths: string[] };

/** Every promise is rejected with a [`Refusal`] and with nothing else. */
export interface Backend {
  vaultStatus(): Promise<VaultStatus>;
  createVault(passphrase: string): Promise<void>;
  unlock(passphrase: string): Promise<void>;
  lock(): Promise<void>;
  request(request: Request): Promise<Answer>;
  /** Returns what ends the subscription. */
  subscribe(listener: (event: Event) => void): Promise<() => void>;
  version(): Promise<string>;
  getSettings(): Promise<Settings>;
  setSettings(settings: Settings): Promise<void>;
  /** A free path for a new file of this name in the person's documents. */
  suggestPath(fileName: string): Promise<string>;
  /** What lies at a path. Refused with `cannot_read` if it is no file that can be read. */
  fileAt(path: string): Promise<FileView>;
  /** Returns what ends the subscription. */
  dropped(listener: (drop: Drop) => void): Promise<() => void>;
}

/** Which answer belongs to which request. */
interface Answers {
  overview: "overview";
  found: "founded";
  invite: "invitation";
  read_invitation: "invitation_read";
  join: "done";
  admissions: "admissions";
  endorse: "done";
  object: "done";
  members: "members";
  detain: "done";
  refound: "conversation";
  safety_number: "safety_number";
  mark_verified: "done";
  conversations: "conversations";
  direct: "conversation";
  found_group: "conversation";
  bring: "done";
  ask_to_leave: "done";
  rename: "done";
  devices: "devices";
  link_device: "device_link";
  read_device_link: "device_link_read";
  join_as_device: "done";
  give_up_device_link: "done";
  admit_device: "done";
  cancel_device_link: "done";
  acknowledge_device: "done";
  revoke_device: "done";
  arrange: "done";
  send: "sent";
  attach: "sent";
  fetch: "done";
  cancel_transfer: "done";
  save_attachment: "exported";
  picture: "picture";
  edit: "done";
  delete: "done";
  react: "done";
  set_timer: "done";
  set_draft: "done";
  search: "found";
  read: "messages";
  propose: "proposed";
  second: "done";
  open: "done";
  withdraw: "done";
  motions: "motions";
  motion: "motion";
  vote: "motion";
  cancel: "done";
  ballot: "ballot";
  forward_ballot: "done";
  export_audit: "exported";
  set_notices: "done";
  set_carrier: "done";
}

const ANSWERS: Answers = {
  overview: "overview",
  found: "founded",
  invite: "invitation",
  read_invitation: "invitation_read",
  join: "done",
  admissions: "admissions",
  endorse: "done",
  object: "done",
  members: "members",
  detain: "done",
  refound: "conversation",
  safety_number: "safety_number",
  mark_verified: "done",
  conversations: "conversations",
  direct: "conversation",
  found_group: "conversation",
  bring: "done",
  ask_to_leave: "done",
  rename: "done",
  devices: "devices",
  link_device: "device_link",
  read_device_link: "device_link_read",
  join_as_device: "done",
  give_up_device_link: "done",
  admit_device: "done",
  cancel_device_link: "done",
  acknowledge_device: "done",
  revoke_device: "done",
  arrange: "done",
  send: "sent",
  attach: "sent",
  fetch: "done",
  cancel_transfer: "done",
  save_attachment: "exported",
  picture: "picture",
  edit: "done",
  delete: "done",
  react: "done",
  set_timer: "done",
  set_draft: "done",
  search: "found",
  read: "messages",
  propose: "proposed",
  second: "done",
  open: "done",
  withdraw: "done",
  motions: "motions",
  motion: "motion",
  vote: "motion",
  cancel: "done",
  ballot: "ballot",
  forward_ballot: "done",
  export_audit: "exported",
  set_notices: "done",
  set_carrier: "done",
};

type AnswerTo<Kind extends Request["request"]> = Extract<Answer, { answer: Answers[Kind] }>;
type RequestOf<Kind extends Request["request"]> = Extract<Request, { request: Kind }>;

let door: Backend | null = null;

/** Called once, before the page is mounted. What comes in holds words of others: none passes as it is. */
export function enter(backend: Backend): void {
  door = {
    ...backend,
    request: async (request) => foreignWithin(await backend.request(request)),
    subscribe: (listener) => backend.subscribe((event) => listener(foreignWithin(event))),
  };
}

export function backend(): Backend {
  if (door === null) throw new Error("the page was mounted before its backend was chosen");
  return door;
}

/** Asks, and refuses an answer of another kind. */
export async function ask<Kind extends Request["request"]>(
  request: RequestOf<Kind> & { request: Kind },
): Promise<AnswerTo<Kind>> {
  const answer = await backend().request(request as Request);
  const expected: string = ANSWERS[request.request];
  if (answer.answer !== expected) {
    throw {
      code: "internal",
      details: `${request.request} was answered with ${answer.answer}`,
    } satisfies Refusal;
  }
  return answer as AnswerTo<Kind>;
}

/** What was thrown, as a refusal. */
export function asRefusal(thrown: unknown): Refusal {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "details" in thrown) {
    const { code, details } = thrown as Refusal;
    return { code, details: foreign(details) };
  }
  return { code: "internal", details: foreign(String(thrown)) };
}

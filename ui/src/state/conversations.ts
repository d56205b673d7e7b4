// Conversations in the order in which one has them before oneself, and what can be done in which.

import type { AssemblyView, ConversationView, MemberView, MessageView } from "../backend/types";

/** A working group has at most so many members besides oneself. */
export const OTHERS_MAX = 49;

/** A working group's name has at most so many characters. */
export const GROUP_NAME_MAX = 200;

/** When something happened in it last: a message, or somebody coming in. */
export function lastTime({ last, present }: ConversationView): number {
  return last?.time ?? present.reduce((latest, { since }) => Math.max(latest, since ?? 0), 0);
}

/** Pinned ones first, then by what happened last; the plenary first among equals. */
export function ordered(conversations: ConversationView[]): ConversationView[] {
  const plenary = ({ kind }: ConversationView) => Number(kind === "plenary");
  return conversations.toSorted(
    (one, other) =>
      Number(other.pinned) - Number(one.pinned) ||
      lastTime(other) - lastTime(one) ||
      plenary(other) - plenary(one) ||
      one.title.localeCompare(other.title) ||
      (one.id < other.id ? -1 : 1),
  );
}

/** Those in the list, and those put away. */
export function shelved(conversations: ConversationView[]): [ConversationView[], ConversationView[]] {
  const all = ordered(conversations);
  return [all.filter(({ archived }) => !archived), all.filter(({ archived }) => archived)];
}

type Counted = Pick<ConversationView, "muted" | "unread" | "mentions">;

/** What has not been read, in all that are not muted. */
export function counted(conversations: Counted[], what: "unread" | "mentions"): number {
  return conversations.reduce((sum, known) => sum + (known.muted ? 0 : known[what]), 0);
}

/** Whether one may say something there: observers only to one member and to themselves, nobody where the device is out or
    behind. */
export function speaksIn(
  { role }: Pick<AssemblyView, "role">,
  { kind, standing }: Pick<ConversationView, "kind" | "standing">,
): boolean {
  return standing === "active" && (role !== "observer" || kind === "direct" || kind === "own");
}

/** How many others can have a message: who was there when it was said. Who has left may have had it. */
export function audience(
  { seat, time, arrived, read }: Pick<MessageView, "seat" | "time" | "arrived" | "read">,
  present: ConversationView["present"],
): number {
  const others = present.filter((one) => one.seat !== seat && (one.since === null || one.since <= time));
  return Math.max(others.length, arrived, read);
}

/** Who can be brought into a conversation: active members but oneself and those who are there or on the way. */
export function invitable(
  members: MemberView[],
  there: Pick<ConversationView, "present" | "coming"> = { present: [], coming: [] },
): MemberView[] {
  const seats = new Set([...there.present.map(({ seat }) => seat), ...there.coming]);
  return members.filter(({ seat, own, state }) => !own && state === "active" && !seats.has(seat));
}

/** How many more fit into a working group. */
export function room({ present, coming }: Pick<ConversationView, "present" | "coming">): number {
  const seats = new Set([...present.map(({ seat }) => seat), ...coming]);
  return Math.max(0, OTHERS_MAX + 1 - seats.size);
}

/** Those whose name has all the words, whatever the case. */
export function namedLike(
  members: MemberView[],
  words: string,
  nameOf: (seat: number) => string,
): MemberView[] {
  const fold = (text: string) => text.toLowerCase().replaceAll("ё", "е");
  const looked = fold(words).split(/\s+/).filter(Boolean);
  return members.filter(({ seat }) => looked.every((word) => fold(nameOf(seat)).includes(word)));
}

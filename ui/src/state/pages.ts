// Messages lie in pages; a stretch of them is in hand, without a hole in it.

import type { MessageId, MessageView } from "../backend/types";

/** Messages of one page. */
export const PAGE = 50;
/** So many are kept in hand: those at the far end are let go. */
export const KEPT = 400;
/** The most that one reading gives. */
export const READ_MAX = 500;

/** Both stretches as one, each message once: as the second one has it. */
export function joined(one: MessageView[], other: MessageView[]): MessageView[] {
  const there = new Set(other.map((message) => message.id));
  const all = [...one.filter((message) => !there.has(message.id)), ...other];
  return all.sort((first, second) => first.position - second.position);
}

/** The oldest of the last `unread` lines of others. */
export function firstUnread(messages: MessageView[], unread: number): MessageId | null {
  let left = unread;
  let first: MessageId | null = null;
  for (const message of messages.toReversed()) {
    if (left === 0) break;
    if (message.own || message.content.kind === "deleted") continue;
    first = message.id;
    left -= 1;
  }
  return first;
}

/** Whether it is something that somebody said; else it is a line about the conversation. */
export function said({ content }: Pick<MessageView, "content">): boolean {
  return !["roster", "renamed", "timer"].includes(content.kind);
}

/** Those that have not disappeared yet. */
export function lasting(messages: MessageView[], now: number): MessageView[] {
  return messages.some((message) => message.over !== null && message.over <= now)
    ? messages.filter((message) => message.over === null || message.over > now)
    : messages;
}

/** One's own words can be changed for a day, by the log's time. */
export const EDIT_MS = 86_400_000;

export function editable(message: MessageView, now: number): boolean {
  return message.own && message.content.kind === "text" && now - message.time < EDIT_MS;
}

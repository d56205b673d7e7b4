// A plenary made up for development: it answers, changes, takes back, reacts, finds and forgets as the program does.
//
// `&talk=rich` puts in something of everything, `&talk=files` files, `&talk=long` six hundred messages; `&unread=12` leaves the last ones
// unread; `&timer=604800000` sets the timer, `&draft=…` the draft.

import type { Language } from "./backend";
import * as made from "./fake-assembly";
import { files } from "./fake-files";
import { mentions, runs } from "./fake-marks";
import type { Of, Scene } from "./fake-scene";
import { rich } from "./fake-words";
import type {
  Attached,
  ConversationView,
  DraftView,
  MessageContent,
  MessageId,
  MessageView,
  MemberView,
  ReplyView,
} from "./types";

const DAY = 86_400_000;
const EDITS_MAX = 16;
const REACTIONS_MAX = 4;

type Said = Pick<
  ConversationView,
  "messages" | "unread" | "mentions" | "last" | "timer_ms" | "draft" | "findings"
>;

export class FakeTalk {
  /** Nobody else is there: words wait. */
  alone = false;
  messages: MessageView[];
  #scene: Scene;
  #unread: number;
  #timer: number | null;
  #draft: DraftView | null;
  #edits = new Map<MessageId, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
    const { parameters, language, members } = scene;
    const talk = parameters.get("talk");
    this.messages = parameters.get("fake") === "empty" ? [] : made.messages(language);
    if (talk === "rich") this.messages = rich(language, members);
    if (talk === "files") this.messages = files(language, members);
    if (talk === "long") this.messages = long(language, members);
    this.#unread = Number(parameters.get("unread") ?? 0);
    this.#timer = parameters.has("timer") ? Number(parameters.get("timer")) : null;
    const draft = parameters.get("draft");
    this.#draft = draft === null ? null : { text: draft, reply_to: null };
  }

  get #there(): MessageView[] {
    return this.messages.filter((message) => message.over === null || message.over > Date.now());
  }

  get #next(): number {
    return (this.messages.at(-1)?.position ?? -1) + 1;
  }

  /** What every conversation has; who is in it is said elsewhere. */
  view(): Said {
    const others = this.#there.filter((message) => !message.own && message.content.kind !== "deleted");
    const unread = others.slice(Math.max(0, others.length - this.#unread));
    return {
      messages: this.#next,
      unread: unread.length,
      mentions: unread.filter((message) => message.mentions_me).length,
      last: this.#there.at(-1) ?? null,
      timer_ms: this.#timer,
      draft: this.#draft,
      findings: [],
    };
  }

  read({ before, limit = 50, mark_read }: Of<"read">): MessageView[] {
    const messages = this.#there.filter((message) => message.position < (before ?? Infinity)).slice(-limit);
    if (mark_read && before === undefined) this.#unread = 0;
    return messages.map((message) => ({ ...message, reply: this.#reply(message.reply?.id ?? null) }));
  }

  search({ text, limit = 50 }: Of<"search">): MessageView[] {
    const words = (said: string) => fold(said).match(/[\p{Alphabetic}\p{N}]+/gu) ?? [];
    const looked = words(text);
    if (looked.length === 0 || looked.length > 16) this.#scene.refuse("bad_request", "say 1 to 16 words");
    const has = (message: MessageView) => {
      const { content } = message;
      const there =
        content.kind === "text"
          ? words(content.text)
          : content.kind === "attachment"
            ? words(`${content.name} ${content.text}`)
            : [];
      return looked.every((term) =>
        there.some((word) => (term.length >= 3 ? word.startsWith(term) : word === term)),
      );
    };
    return this.#there.filter(has).toReversed().slice(0, limit);
  }

  send({ text, reply_to }: Of<"send">): MessageId {
    if (reply_to && this.#reply(reply_to)?.there !== true) this.#scene.refuse("unknown", "no such message");
    if (this.#draft?.text === text) this.#draft = null;
    this.#unread = 0;
    return this.#add(1, text, { state: "waiting", reply: this.#reply(reply_to ?? null) });
  }

  edit({ message: id, text }: Of<"edit">): void {
    const message = this.#own(id);
    const edits = (this.#edits.get(id) ?? 0) + 1;
    if (edits > EDITS_MAX || Date.now() - message.time > DAY) this.#scene.refuse("not_allowed", "too late");
    this.#edits.set(id, edits);
    this.#arrive(id, { ...said(text, this.#scene.members), changing: true }, { edited: Date.now(), edits });
  }

  takeBack({ message: id }: Of<"delete">): void {
    const gone: Partial<MessageView> = {
      ...said("", this.#scene.members),
      content: { kind: "deleted" },
      reactions: [],
    };
    this.#arrive(this.#own(id).id, { ...gone, reply: null, edited: null, edits: 0, changing: true }, {});
  }

  react({ message: id, emoji, take_back }: Of<"react">): void {
    const message = this.#found(id);
    if (message.content.kind === "deleted") this.#scene.refuse("already_done", "taken back");
    if (message.state === "waiting") this.#scene.refuse("not_ready", "not sent yet");
    if ([...new Intl.Segmenter().segment(emoji)].length !== 1)
      this.#scene.refuse("bad_request", "one character");
    const mine = message.reactions.filter((reaction) => reaction.mine).length;
    if (!take_back && mine >= REACTIONS_MAX) this.#scene.refuse("not_allowed", "4 different reactions");
    this.#arrive(id, { reactions: reacted(message, 1, emoji, !take_back), changing: true }, {});
  }

  setTimer({ timer_ms }: Of<"set_timer">): void {
    setTimeout(() => {
      this.#timer = timer_ms ?? null;
      this.line(1, { kind: "timer", timer_ms: this.#timer });
    }, 300);
  }

  setDraft({ text, reply_to }: Of<"set_draft">): void {
    this.#draft = text === "" && !reply_to ? null : { text, reply_to: reply_to ?? null };
    this.#scene.changed();
  }

  /** Somebody says something; for tests. */
  hear(seat: number, text: string, more: Partial<MessageView> = {}): MessageId {
    this.#unread += 1;
    return this.#add(seat, text, more);
  }

  /** A line that is no message. */
  line(seat: number, content: MessageContent): void {
    this.#add(seat, "", { content });
  }

  /** A file is on its way. */
  bring(content: Attached, reply_to: MessageId | null): MessageId {
    this.#unread = 0;
    return this.#add(1, content.text, { content, state: "waiting", reply: this.#reply(reply_to) });
  }

  transfer(id: MessageId, content: Attached): void {
    this.#change(id, {
      content,
      ...(content.transfer.state === "here" ? { state: "received" as const } : {}),
    });
  }

  /** What has not left is as if it had never been said. */
  withdraw(id: MessageId): void {
    this.messages = this.messages.filter((message) => message.id !== id);
    this.#scene.changed();
  }

  /** Others say that it arrived, and that they read it; for tests. */
  receipt(id: MessageId, arrived: number, read: number): void {
    this.#change(id, { arrived, read });
  }

  /** Somebody's message is taken back; for tests. */
  gone(id: MessageId): void {
    this.#change(id, { ...said("", this.#scene.members), content: { kind: "deleted" }, reactions: [] });
  }

  /** Somebody else reacts; for tests. */
  reacts(id: MessageId, seat: number, emoji: string): void {
    this.#change(id, { reactions: reacted(this.#found(id), seat, emoji, true) });
  }

  #found(id: MessageId): MessageView {
    return (
      this.#there.find((message) => message.id === id) ?? this.#scene.refuse("unknown", "no such message")
    );
  }

  #own(id: MessageId): MessageView {
    const message = this.#found(id);
    if (!message.own) this.#scene.refuse("not_allowed", "only your own");
    if (message.content.kind === "deleted") this.#scene.refuse("already_done", "taken back");
    return message;
  }

  #reply(id: MessageId | null): ReplyView | null {
    const target = this.#there.find((message) => message.id === id);
    if (id === null) return null;
    if (target?.content.kind === "attachment") {
      const { seat, name, position, content } = target;
      return { id, seat, name, excerpt: content.text || content.name, there: true, position };
    }
    if (target?.content.kind !== "text")
      return { id, seat: 0, name: "", excerpt: "", there: false, position: null };
    const excerpt = target.content.runs
      .map((run) => (run.seat ? `@${this.#scene.members[run.seat - 1]?.name ?? run.seat}` : run.text))
      .join("")
      .replace(/\n/g, " ")
      .slice(0, 120);
    return { id, seat: target.seat, name: target.name, excerpt, there: true, position: target.position };
  }

  #add(seat: number, text: string, more: Partial<MessageView>): MessageId {
    const id = made.hex(90_000 + this.#next) as MessageId;
    const message: MessageView = {
      id,
      position: this.#next,
      seat,
      name: this.#scene.members[seat - 1]?.name ?? "",
      own: seat === 1,
      ...said(text, this.#scene.members),
      over: this.#timer === null ? null : Date.now() + this.#timer,
      time: Date.now(),
      state: "received",
      arrived: 0,
      read: 0,
      ...more,
    };
    this.messages = [...this.messages, message];
    this.#scene.changed();
    if (message.state === "waiting" && message.content.kind !== "attachment" && !this.alone) this.#leave(id);
    return id;
  }

  #leave(id: MessageId): void {
    setTimeout(() => this.#change(id, { state: "sent" }), 900);
  }

  /** Somebody is there now: what has waited goes. */
  company(): void {
    this.alone = false;
    for (const { id, state } of this.messages) if (state === "waiting") this.#leave(id);
  }

  #change(id: MessageId, change: Partial<MessageView>): void {
    this.messages = this.messages.map((old) => (old.id === id ? { ...old, ...change } : old));
    this.#scene.changed();
  }

  /** A change shows at once, and counts when the log has it. */
  #arrive(id: MessageId, now: Partial<MessageView>, then: Partial<MessageView>): void {
    this.#change(id, now);
    setTimeout(() => this.#change(id, { ...then, changing: false }), 400);
  }
}

/** What a message has by its words. */
export function said(text: string, members: MemberView[]): made.Said {
  const seats = mentions(text).filter((seat) => members.some((member) => member.seat === seat));
  return {
    ...made.said(text),
    content: { kind: "text", text, runs: runs(text) },
    mentions: seats,
    mentions_me: seats.includes(1),
  };
}

function reacted(
  { reactions }: MessageView,
  seat: number,
  emoji: string,
  set: boolean,
): MessageView["reactions"] {
  const known = reactions.some((reaction) => reaction.emoji === emoji);
  const all = known || !set ? reactions : [...reactions, { emoji, seats: [], mine: false }];
  return all
    .map((reaction) => {
      if (reaction.emoji !== emoji) return reaction;
      const others = reaction.seats.filter((other) => other !== seat);
      const seats = set ? [...others, seat].sort((one, other) => one - other) : others;
      return { emoji, seats, mine: seats.includes(1) };
    })
    .filter((reaction) => reaction.seats.length > 0);
}

function fold(text: string): string {
  return text.toLowerCase().replaceAll("ё", "е");
}

/** Six hundred messages of a fortnight. */
function long(language: Language, members: MemberView[]): MessageView[] {
  const words = made.messages(language).filter((message) => message.content.kind === "text");
  return Array.from({ length: 600 }, (_, index) => {
    const word = words[index % words.length] as MessageView;
    const text = word.content.kind === "text" ? `${index}. ${word.content.text}` : "";
    return {
      ...word,
      ...said(text, members),
      id: made.hex(5_000 + index) as MessageId,
      position: index,
      time: Date.now() - (600 - index) * 1_800_000,
      state: "received",
      arrived: 0,
      read: 0,
    };
  });
}

// One conversation as it is read: a stretch of its messages, where new ones begin, and what is gone to.

import { ask } from "../backend/backend";
import type {
  ConversationId,
  ConversationView,
  MessageId,
  MessageView,
  TransferView,
} from "../backend/types";
import { firstUnread, joined, KEPT, PAGE, READ_MAX } from "./pages";

/** A message that the reader is taken to. */
export interface Goal {
  id: MessageId;
  /** What was looked for in it. */
  terms: string[];
}

export class Talk {
  readonly id: ConversationId;
  messages = $state.raw<MessageView[]>([]);
  /** Whether it has been read since it was opened. */
  loaded = $state(false);
  /** Whether there are messages before and behind those in hand. */
  older = $state(false);
  newer = $state(false);
  /** The line that says "new" stands above this message. */
  unreadFrom = $state<MessageId | null>(null);
  goal = $state.raw<Goal | null>(null);
  /** The message gone to is not there any more. */
  lost = $state(false);
  /** Messages that the reader has not been shown yet. */
  unread = $state(0);
  mentions = $state(0);

  /** Lines of the conversation in all: the position of the next one. */
  #lines = 0;
  #watched = false;
  #atEnd = false;
  /** Nothing has been read since it was opened. */
  #fresh = true;
  #opened = 0;
  #busy = false;

  constructor(id: ConversationId) {
    this.id = id;
  }

  /** The conversation comes before the reader's eyes. */
  open(): void {
    this.#watched = true;
    this.#fresh = true;
    this.#opened += 1;
    this.unreadFrom = null;
    // It begins anew, where one stopped reading, once that has been read again.
    this.loaded = false;
    if (this.newer) {
      this.messages = [];
      this.older = false;
      this.newer = false;
    }
  }

  leave(): void {
    this.#watched = false;
    this.#atEnd = false;
    this.loaded = false;
    this.goal = null;
    this.lost = false;
  }

  /** Whether what comes is read: the end is before the eyes. */
  get #reads(): boolean {
    return this.#watched && this.#atEnd && !this.newer && document.visibilityState === "visible";
  }

  /** The reader sees the end, or does not. True if something becomes read by that. */
  see(atEnd: boolean): boolean {
    this.#atEnd = atEnd;
    return this.#reads && this.unread > 0;
  }

  /** Reads again what is in hand. True if messages were marked as read. */
  async refresh(view: ConversationView): Promise<boolean> {
    const reads = this.#reads;
    this.#lines = view.messages;
    await this.#again(view.unread, reads, () => {
      const fresh = this.#fresh;
      this.#fresh = false;
      // The line stands where one stopped reading, until the conversation is opened again.
      if (view.unread > 0 && !reads && !this.newer && (fresh || this.unread === 0)) {
        const counted = this.messages.filter((message) => message.position < view.messages);
        this.unreadFrom = firstUnread(counted, view.unread);
      }
      this.unread = reads ? 0 : view.unread;
      this.mentions = reads ? 0 : view.mentions;
    });
    return reads && view.unread > 0;
  }

  async #again(unread = 0, reads = false, then = () => {}): Promise<void> {
    const opened = this.#opened;
    for (;;) {
      const held = this.messages;
      const again = this.newer ? await this.#stretch(held) : await this.#end(held, unread, reads);
      // What was put before or behind meanwhile is read with the rest.
      if (this.messages !== held) continue;
      // Opened meanwhile: what is known is from before, and is being read anew.
      if (this.#opened !== opened) return;
      again();
      then();
      return;
    }
  }

  /** A stretch that does not reach the end: as long as it is, up to the same place. */
  async #stretch(held: MessageView[]): Promise<() => void> {
    const [first, last] = [held[0]?.position ?? 0, held.at(-1)?.position ?? -1];
    const read = await this.#read(Math.min(READ_MAX, held.length), last + 1);
    return () => {
      this.messages = read.filter((message) => message.position >= first);
      this.loaded = this.#watched;
    };
  }

  /** The end: from the first message in hand, or the last page. */
  async #end(held: MessageView[], unread: number, reads: boolean): Promise<() => void> {
    const limit = Math.min(READ_MAX, (held.length > 0 ? held.length + PAGE : PAGE) + unread);
    const { messages } = await ask({ request: "read", conversation: this.id, limit, mark_read: reads });
    const full = messages.filter((message) => message.state !== "waiting").length >= limit;
    return () => {
      const first = held[0]?.position ?? 0;
      const shown = messages.filter((message) => message.position >= first);
      const kept = this.#atEnd ? shown.slice(-KEPT) : shown;
      const cut = kept.length < messages.length || (full && (messages[0]?.position ?? 0) > first);
      this.older = cut || (held.length > 0 && this.older);
      this.messages = kept;
      this.loaded = this.#watched;
    };
  }

  async #read(limit: number, before: number): Promise<MessageView[]> {
    const { messages } = await ask({
      request: "read",
      conversation: this.id,
      before,
      limit,
      mark_read: false,
    });
    return messages;
  }

  /** One reading of a page at a time. */
  async #once(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await work();
    } finally {
      this.#busy = false;
    }
  }

  /** Puts the page before the oldest message in hand. */
  async readOlder(): Promise<void> {
    const oldest = this.messages[0];
    if (!oldest || !this.older) return;
    await this.#once(async () => {
      const page = await this.#read(PAGE, oldest.position);
      const all = joined(page, this.messages);
      this.older = page.length >= PAGE;
      if (all.length > KEPT) this.newer = true;
      this.messages = all.slice(0, KEPT);
    });
  }

  /** Puts the page behind the newest message in hand. */
  async readNewer(): Promise<void> {
    if (!this.newer) return;
    await this.#once(async () => {
      const last = this.messages.at(-1)?.position ?? -1;
      // What has disappeared leaves holes: further on there is more.
      for (let before = last + 1 + PAGE; ; before += READ_MAX) {
        if (before >= this.#lines) {
          this.newer = false;
          await this.#again();
          return;
        }
        const span = Math.min(READ_MAX, before - last - 1);
        const page = (await this.#read(span, before)).filter((message) => message.position > last);
        if (page.length === 0) continue;
        const all = joined(this.messages, page);
        if (all.length > KEPT) this.older = true;
        this.messages = all.slice(-KEPT);
        return;
      }
    });
  }

  /** Takes the reader to a message; a page around it is read if it is not in hand. */
  async goTo(id: MessageId, position: number | null, looked: string[] = []): Promise<void> {
    this.lost = false;
    if (!this.messages.some((message) => message.id === id) && position !== null) {
      const before = position + 1 + PAGE / 2;
      const page = await this.#read(PAGE, before);
      if (page.some((message) => message.id === id)) {
        this.messages = page;
        this.older = page.length >= PAGE;
        this.newer = before < this.#lines;
        this.loaded = true;
        if (!this.newer) await this.#again();
      }
    }
    if (this.messages.some((message) => message.id === id)) this.goal = { id, terms: looked };
    else this.lost = true;
  }

  /** Takes the reader to the newest messages. */
  async toEnd(): Promise<void> {
    this.lost = false;
    this.goal = null;
    if (!this.newer) return;
    const limit = PAGE;
    const { messages } = await ask({ request: "read", conversation: this.id, limit, mark_read: false });
    this.messages = messages;
    this.older = messages.length >= limit;
    this.newer = false;
  }

  /** A file has come further, or gone. */
  transferred(id: MessageId, transfer: TransferView): void {
    this.messages = this.messages.map((message) =>
      message.id === id && message.content.kind === "attachment"
        ? { ...message, content: { ...message.content, transfer } }
        : message,
    );
  }

  /** The next message that mentions the reader and has not been read, if it is in hand; after the last comes the first. */
  mentioned(): MessageView | null {
    const from = this.messages.findIndex((message) => message.id === this.unreadFrom);
    const all = from < 0 ? [] : this.messages.slice(from).filter((message) => message.mentions_me);
    const at = all.findIndex((message) => message.id === this.goal?.id);
    return all[(at + 1) % all.length] ?? null;
  }
}

// What is being written in one conversation. It outlives the screen, and as a draft it outlives the window.

import { ask, type FileView } from "../backend/backend";
import type { ConversationId, DraftView, MessageId, MessageView } from "../backend/types";
import { FILES_MAX } from "./attaching";
import { bare, marked, named, type Named } from "./marks";

/** A draft is kept so long after the last letter. */
const PAUSE_MS = 600;

/** The message that is answered, as far as it is known. */
export interface Answered {
  id: MessageId;
  message: MessageView | null;
}

export class Composing {
  readonly id: ConversationId;
  text = $state("");
  answered = $state.raw<Answered | null>(null);
  /** One's own message whose words are being changed. */
  edited = $state.raw<MessageView | null>(null);
  /** Files that go with what is written, each as a message; the words go with the first. The window forgets them. */
  attached = $state.raw<FileView[]>([]);
  /** Grows whenever the field is to have the focus, with the caret at its end. */
  called = $state(0);

  #people: Named[] = [];
  #restored = false;
  /** What was being written before an edit began. */
  #aside: { text: string; answered: Answered | null } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The draft as the vault has it. */
  #saved = "";
  #saving: Promise<void> = Promise.resolve();

  constructor(id: ConversationId) {
    this.id = id;
  }

  /** Takes up the draft that the vault has; once. */
  restore(draft: DraftView | null, people: Named[], find: (id: MessageId) => MessageView | null): void {
    this.#people = people;
    if (this.#restored) return;
    this.#restored = true;
    if (draft === null) return;
    if (this.text === "") this.text = named(bare(draft.text), people);
    if (this.answered === null && draft.reply_to !== null) {
      this.answered = { id: draft.reply_to, message: find(draft.reply_to) };
    }
    this.#saved = this.#state();
  }

  /** The words as they are sent. */
  words(): string {
    return marked(this.text, this.#people).trim();
  }

  /** Puts a file to what is written. False if no more fit. */
  attach(file: FileView): boolean {
    if (this.edited) this.back();
    const others = this.attached.filter(({ path }) => path !== file.path);
    if (others.length >= FILES_MAX) return false;
    this.attached = [...others, file];
    this.called += 1;
    return true;
  }

  detach(file: FileView): void {
    this.attached = this.attached.filter((other) => other !== file);
    this.called += 1;
  }

  answer(message: MessageView): void {
    if (this.edited) this.back();
    this.answered = { id: message.id, message };
    this.changed();
    this.called += 1;
  }

  edit(message: MessageView): void {
    if (message.content.kind !== "text") return;
    this.#aside ??= { text: this.text, answered: this.answered };
    this.edited = message;
    this.answered = null;
    this.text = named(bare(message.content.text), this.#people);
    this.called += 1;
  }

  /** Gives up the edit, or the answer; what was written otherwise stays. */
  back(): void {
    if (this.edited) {
      this.edited = null;
      this.text = this.#aside?.text ?? "";
      this.answered = this.#aside?.answered ?? null;
      this.#aside = null;
    } else {
      this.answered = null;
      this.changed();
    }
    this.called += 1;
  }

  /** Something was written: the draft is kept after a while. */
  changed(): void {
    if (this.edited) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save().catch(() => {}), PAUSE_MS);
  }

  /** Keeps the draft now, if the vault has another one. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#restored) return;
    this.#saving = this.#saving.catch(() => {}).then(() => this.#put());
    await this.#saving;
  }

  async #put(): Promise<void> {
    const { text, answered } = this.#aside ?? this;
    const state = this.#state();
    if (state === this.#saved) return;
    await ask({
      request: "set_draft",
      conversation: this.id,
      text: text.trim() === "" ? "" : marked(text, this.#people),
      ...(answered ? { reply_to: answered.id } : {}),
    });
    this.#saved = state;
  }

  #sent(file: FileView | undefined): void {
    this.attached = this.attached.filter((other) => other !== file);
  }

  #state(): string {
    const { text, answered } = this.#aside ?? this;
    return JSON.stringify([text.trim() === "" ? "" : text, answered?.id ?? null]);
  }

  /** Sends what is written, or puts it in the place of what is edited. Throws what the backend refuses; then all stays. */
  async send(): Promise<void> {
    const written = this.text;
    const text = this.words();
    clearTimeout(this.#timer);
    if (this.edited) {
      const { id: message, content } = this.edited;
      const same = content.kind === "text" && bare(content.text) === text;
      if (!same) await ask({ request: "edit", conversation: this.id, message, text });
      this.back();
      return;
    }
    await this.#saving.catch(() => {});
    const reply = this.answered ? { reply_to: this.answered.id } : {};
    const words = { conversation: this.id, text, ...reply };
    const [first, ...rest] = this.attached;
    if (first) await ask({ request: "attach", path: first.path, ...words });
    else await ask({ request: "send", ...words });
    // What was written meanwhile stays.
    this.text = this.text.startsWith(written) ? this.text.slice(written.length) : this.text;
    this.answered = null;
    this.#sent(first);
    for (const file of rest) {
      await ask({ request: "attach", conversation: this.id, path: file.path, text: "" });
      this.#sent(file);
    }
    await this.save().catch(() => {});
  }
}

// Looking for messages by their words.

import { ask, asRefusal } from "../backend/backend";
import type { ConversationId, FoundView, Refusal } from "../backend/types";
import { terms } from "./runs";

/** Searching begins so long after the last letter. */
const PAUSE_MS = 200;
const RESULTS_MAX = 50;

export type Scope = "here" | "all";

class Searching {
  open = $state(false);
  text = $state("");
  scope = $state<Scope>("all");
  here = $state<ConversationId | null>(null);
  results = $state.raw<FoundView[]>([]);
  /** What the results were found by; nothing before the first search. */
  terms = $state.raw<string[]>([]);
  refusal = $state.raw<Refusal | null>(null);
  busy = $state(false);
  /** Grows whenever the field is to have the focus. */
  called = $state(0);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** Opens the search, within one conversation or all. */
  begin(scope: Scope, here: ConversationId | null): void {
    this.open = true;
    this.scope = here === null ? "all" : scope;
    this.here = here;
    this.called += 1;
    if (this.text !== "") void this.look();
  }

  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), PAUSE_MS);
  }

  /** Looks now. An answer that is late gives way to a later one. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    const mine = (this.#asked += 1);
    const looked = terms(this.text);
    this.refusal = null;
    if (looked.length === 0) {
      this.results = [];
      this.terms = [];
      this.busy = false;
      return;
    }
    this.busy = true;
    try {
      const conversation = this.scope === "here" && this.here ? { conversation: this.here } : {};
      const { messages } = await ask({
        request: "search",
        text: this.text.trim(),
        limit: RESULTS_MAX,
        ...conversation,
      });
      if (mine !== this.#asked) return;
      this.results = messages;
      this.terms = looked;
    } catch (thrown) {
      if (mine === this.#asked) this.refusal = asRefusal(thrown);
    } finally {
      if (mine === this.#asked) this.busy = false;
    }
  }

  /** Whether there may be more than is shown. */
  get full(): boolean {
    return this.results.length >= RESULTS_MAX;
  }

  close(): void {
    this.open = false;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.open = false;
    this.text = "";
    this.results = [];
    this.terms = [];
    this.refusal = null;
    this.busy = false;
  }
}

export const searching = new Searching();

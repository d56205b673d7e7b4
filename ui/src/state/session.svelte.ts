// What the page knows, read again whenever the backend says that it has changed.

import { ask, asRefusal, backend, type VaultStatus } from "../backend/backend";
import type {
  AdmissionView,
  ConversationId,
  ConversationView,
  Event,
  MemberView,
  MessageView,
  MotionId,
  MotionView,
  Overview,
  Refusal,
  Topic,
  Work,
} from "../backend/types";

import { t } from "../i18n/i18n.svelte";
import { draft } from "./draft.svelte";
import { doubles, look } from "./names";

const PAGE = 50;

class Session {
  vault = $state<VaultStatus | null>(null);
  version = $state("");
  overview = $state<Overview | null>(null);
  members = $state<MemberView[]>([]);
  admissions = $state<AdmissionView[]>([]);
  conversations = $state<ConversationView[]>([]);
  messages = $state<MessageView[]>([]);
  /** Whether there are older messages than those shown. */
  older = $state(false);
  motions = $state<MotionView[]>([]);
  progress = $state<Partial<Record<Work, { done: number; total: number }>>>({});
  /** Why the page could not be read; null when all is well. */
  trouble = $state<Refusal | null>(null);

  /** Whether the plenary is before the reader's eyes, so that what comes is read. */
  #watching = false;
  #ending: (() => void) | null = null;
  #reading = new Map<Topic, Promise<void>>();
  #again = new Set<Topic>();

  #doubles = $derived(doubles(this.members.map((member) => member.name)));
  admitted = $derived(this.overview?.assembly?.standing === "admitted");
  plenary = $derived(this.conversations[0] ?? null);

  async start(): Promise<void> {
    this.version = await backend().version();
    await this.look();
  }

  /** Looks at the vault and, if it is open, reads everything. */
  async look(): Promise<void> {
    this.vault = await backend().vaultStatus();
    if (this.vault.state !== "open") return this.#forget();
    this.#ending ??= await backend().subscribe((event) => this.#hear(event));
    await this.refresh("overview");
  }

  async lock(): Promise<void> {
    await backend().lock();
    await this.look();
  }

  motion(id: MotionId): MotionView | null {
    return this.motions.find((motion) => motion.id === id) ?? null;
  }

  /** How members call the seat; with its number where somebody else's name looks the same. */
  nameOf(seat: number): string {
    const name = this.members.find((member) => member.seat === seat)?.name;
    if (name === undefined) return t("seat", { seat });
    return this.#doubles.has(look(name)) ? t("name-with-seat", { name, seat }) : name;
  }

  /** Members whose names are easily taken for this one. */
  likeNamed(name: string): MemberView[] {
    return this.members.filter((member) => look(member.name) === look(name));
  }

  /** Reads one topic again; while a reading goes on, at most one more is queued. */
  async refresh(topic: Topic): Promise<void> {
    const going = this.#reading.get(topic);
    if (going) {
      this.#again.add(topic);
      return going;
    }
    const reading = this.#read(topic)
      .then(() => void (this.trouble = null))
      .catch((thrown: unknown) => this.#fail(asRefusal(thrown)))
      .finally(() => this.#reading.delete(topic));
    this.#reading.set(topic, reading);
    await reading;
    if (this.#again.delete(topic)) await this.refresh(topic);
  }

  async watchPlenary(): Promise<void> {
    this.#watching = true;
    await this.refresh("conversations");
  }

  leavePlenary(): void {
    this.#watching = false;
  }

  /** Puts the page of messages before the oldest one shown. */
  async readOlder(): Promise<void> {
    const oldest = this.messages[0];
    if (!oldest) return;
    const { messages } = await ask({
      request: "read",
      before: oldest.position,
      limit: PAGE,
      mark_read: false,
    });
    this.messages = [...messages, ...this.messages];
    this.older = messages.length === PAGE;
  }

  async #read(topic: Topic): Promise<void> {
    switch (topic) {
      case "overview": {
        const wasIn = this.admitted;
        this.overview = (await ask({ request: "overview" })).overview;
        if (this.admitted && !wasIn) await this.#readAll();
        return;
      }
      case "members":
        if (!this.admitted) return;
        this.members = (await ask({ request: "members" })).members;
        this.admissions = (await ask({ request: "admissions" })).admissions;
        return;
      case "conversations":
        if (!this.admitted) return;
        await this.#readMessages();
        this.conversations = (await ask({ request: "conversations" })).conversations;
        return;
      case "motions":
        if (!this.admitted) return;
        this.motions = (await ask({ request: "motions" })).motions;
        return;
    }
  }

  #fail(refusal: Refusal): void {
    switch (refusal.code) {
      // The journal is still being read; we are told when it has been.
      case "not_ready":
        return;
      // Locked by itself, as when its disk failed.
      case "locked":
        return void this.look();
      default:
        this.trouble = refusal;
    }
  }

  async #readMessages(): Promise<void> {
    const { messages } = await ask({ request: "read", limit: PAGE, mark_read: this.#watching });
    const first = messages[0]?.position ?? 0;
    const kept = this.messages.filter((message) => message.position < first && message.state !== "waiting");
    if (kept.length === 0) this.older = messages.length === PAGE;
    this.messages = [...kept, ...messages];
  }

  async #readAll(): Promise<void> {
    await Promise.all([this.refresh("members"), this.refresh("conversations"), this.refresh("motions")]);
  }

  #hear(event: Event): void {
    switch (event.event) {
      case "changed":
        for (const topic of event.topics) void this.refresh(topic);
        return;
      case "message":
        void this.refresh("conversations");
        return;
      case "motion_phase":
        void this.refresh("motions");
        return;
      case "evidence":
        void this.refresh("overview");
        return;
      case "progress": {
        const { work, done, total } = event;
        this.progress = { ...this.progress, [work]: done < total ? { done, total } : undefined };
        return;
      }
    }
  }

  #forget(): void {
    this.#ending?.();
    this.#ending = null;
    this.overview = null;
    this.members = [];
    this.admissions = [];
    this.conversations = [];
    this.messages = [];
    this.motions = [];
    this.progress = {};
    this.trouble = null;
    draft.clear();
  }
}

export const session = new Session();

/** Sends words to a conversation. */
export async function say(conversation: ConversationId | null, text: string): Promise<void> {
  await ask(conversation === null ? { request: "send", text } : { request: "send", conversation, text });
  await session.refresh("conversations");
}
